"""Heat maps of a trace, drawn by matplotlib, which is imported only here."""
from __future__ import annotations

import importlib
import os
from typing import Any, Mapping, Optional, Sequence, Union

import numpy as np

from ._arrays import AnyArray, path_bytes
from ._errors import ArgumentError, FileError, MissingPackageError

# Series that are a gate: a share between 0 and 1. Everything else is a signed quantity.
GATES = {"input", "forget", "output_gate", "update", "reset"}
WIDTH, PANEL_HEIGHT = 9.0, 1.9  # inches


def heat_maps(trace: Any, path: Any, row: int, units: Union[int, Sequence[int], None], title: Optional[str]) -> Any:
    """See Trace.plot."""
    try:
        figures = importlib.import_module("matplotlib.figure")
        ticker = importlib.import_module("matplotlib.ticker")
    except ImportError as reason:
        raise MissingPackageError("pictures need matplotlib, which cannot be imported (%s); pip install matplotlib" % reason) from reason
    panels = _panels(trace, row, units)
    figure = figures.Figure(figsize=(WIDTH, PANEL_HEIGHT * len(panels) + 0.8), layout="constrained")
    axes = figure.subplots(len(panels), 1, sharex=True, squeeze=False)[:, 0]
    for axis, (name, (values, chosen)) in zip(axes, panels.items()):
        low, high, colours = _scale(name, values)
        # [steps, units] is drawn with time to the right, the first unit at the top.
        image = axis.imshow(values.T, aspect="auto", interpolation="nearest", vmin=low, vmax=high, cmap=colours)
        axis.set_title(_words(name), loc="left", fontsize=10)
        axis.set_ylabel("unit")
        axis.yaxis.set_major_locator(ticker.MaxNLocator(nbins=6, integer=True, min_n_ticks=1))
        axis.xaxis.set_major_locator(ticker.MaxNLocator(nbins=12, integer=True, min_n_ticks=1))
        axis.yaxis.set_major_formatter(lambda place, _, chosen=chosen: _unit(place, chosen))
        axis.tick_params(labelsize=8)
        figure.colorbar(image, ax=axis, pad=0.01).ax.tick_params(labelsize=8)
    axes[-1].set_xlabel("step")
    figure.suptitle(title if title is not None else "%s: gates, state and output" % trace.layer if len(panels) > 1 else trace.layer)
    if path is not None:
        _save(figure, path)
    return figure


def _panels(trace: Mapping[str, AnyArray], row: int, units: Union[int, Sequence[int], None]) -> dict[str, tuple[AnyArray, list[int]]]:
    """For each series its [steps, units] of that row, and which units these are."""
    found = {}
    for name, values in trace.items():
        batch, steps, count = values.shape
        if not isinstance(row, (int, np.integer)) or not -batch <= row < batch:
            raise ArgumentError("row is %r; the trace has %d rows" % (row, batch))
        if not steps or not count:
            raise ArgumentError("the trace is empty: %s is %s" % (name, list(values.shape)))
        chosen = list(range(count)) if units is None else (
            list(range(min(int(units), count))) if isinstance(units, (int, np.integer)) else [int(u) for u in units])
        if not chosen or not all(0 <= unit < count for unit in chosen):
            raise ArgumentError("units is %r; %s has the units 0 to %d" % (units, name, count - 1))
        found[name] = values[row][:, chosen], chosen
    return found


def _scale(name: str, values: AnyArray) -> tuple[float, float, str]:
    """The colours' range: 0 to 1 for a gate, symmetric about 0 for everything else, wider only if the numbers need it."""
    finite = values[np.isfinite(values)]
    low, high = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 0.0)
    if name.rsplit("/", 1)[-1] in GATES and low >= 0 and high <= 1:
        return 0.0, 1.0, "viridis"
    reach = max(1.0, -low, high)
    return -reach, reach, "RdBu_r"


def _words(name: str) -> str:
    """A panel's title: "forward/output_gate" is "forward: output gate", and "input" is "input gate"."""
    words = name.replace("/", ": ").replace("_", " ")
    return words + " gate" if name.rsplit("/", 1)[-1] in GATES and not words.endswith("gate") else words


def _unit(place: float, chosen: Sequence[int]) -> str:
    return str(chosen[int(place)]) if place == int(place) and 0 <= place < len(chosen) else ""


def _save(figure: Any, path: Any) -> None:
    name = os.fsdecode(path_bytes(path))
    ending = os.path.splitext(name)[1].lstrip(".")
    try:
        figure.savefig(name, dpi=150, format=ending or "png")
    except OSError as reason:
        raise FileError("the picture cannot be written: %s" % reason) from reason
    except ValueError as reason:
        raise ArgumentError("the picture cannot be written: %s" % reason) from reason
