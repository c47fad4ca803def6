"""Pictures of the results, drawn by matplotlib."""
from __future__ import annotations

from pathlib import Path
from typing import Any

from experiments import TASKS
from matplotlib import rc_context
from matplotlib.figure import Figure
from summary import counts_sequences, median, successes

_COLOURS = {"LSTM": "#1f6fb2", "GRU": "#5aa469", "SimpleRNN": "#c0504d"}
_NAMES = {"LSTM": "LSTM", "GRU": "GRU", "SimpleRNN": "plain RNN"}
_LOOKS = {"svg.fonttype": "none", "svg.hashsalt": "liblstm", "font.size": 9, "axes.spines.top": False, "axes.spines.right": False}
Results = dict[str, dict[str, list[dict[str, Any]]]]


def needed(results: Results, path: Path) -> None:
    """Left: the share of seeds that reached the goal. Right: the sequences that they needed, beside the published number."""
    tasks = [name for name in TASKS if not name.startswith("words") and any(name in found for found in results.values())]
    counted = [name for name in tasks if counts_sequences(name)]
    with rc_context(_LOOKS):
        figure = Figure(figsize=(10, 4.6), layout="constrained")
        left, right = figure.subplots(1, 2)
        height = 0.8 / max(len(results), 1)
        for place, (cell, found) in enumerate(results.items()):
            shift = (place - (len(results) - 1) / 2) * height
            shares = [100 * successes(found.get(name, [])) / max(len(found.get(name, [])), 1) for name in tasks]
            bars = left.barh([row + shift for row in range(len(tasks))], shares, height * 0.9, color=_COLOURS[cell], label=_NAMES[cell])
            left.bar_label(bars, ["" if share or name not in found else "0" for share, name in zip(shares, tasks)], padding=2, fontsize=6,
                           color=_COLOURS[cell])
            medians = [median(name, found.get(name, [])) for name in counted]
            rows = [row + shift for row, value in enumerate(medians) if value is not None]
            right.barh(rows, [value for value in medians if value is not None], height * 0.9, color=_COLOURS[cell])
            never = [(row + shift, max(one["value"] for one in found[name])) for row, name in enumerate(counted)
                     if name in found and medians[row] is None]
            right.scatter([most for _, most in never], [row for row, _ in never], marker="x", s=18, color=_COLOURS[cell], zorder=3)
        published = [(row, TASKS[name].published) for row, name in enumerate(counted) if TASKS[name].published]
        right.scatter([value for _, value in published], [row for row, _ in published], marker="|", s=420, color="black", zorder=3,
                      label="published for LSTM")
        for axis, names in ((left, tasks), (right, counted)):
            axis.set_yticks(range(len(names)), [TASKS[name].title for name in names])
            axis.invert_yaxis()
        left.set_xlabel("seeds that reached the goal, %")
        right.set_xlabel("sequences needed, median (×: not reached)")
        right.set_xscale("log")
        right.set_xlim(left=100)
        figure.legend(loc="outside lower center", ncols=4, frameon=False)
        figure.savefig(path, metadata={"Date": None})


def distances(results: Results, path: Path) -> None:
    """How often the word that the country decides is guessed, over the words between: every seed, and the medians as a line."""
    tasks = {int(name.split("-")[1]): name for name in TASKS if name.startswith("words")}
    with rc_context(_LOOKS):
        figure = Figure(figsize=(6, 3.6), layout="constrained")
        axis = figure.subplots()
        for cell, found in results.items():
            known = {distance: found[name] for distance, name in tasks.items() if name in found}
            if not known:
                continue
            for distance, outcomes in known.items():
                axis.scatter([distance] * len(outcomes), [one["value"] for one in outcomes], s=10, alpha=0.4, color=_COLOURS[cell])
            axis.plot(list(known), [median(tasks[distance], outcomes) for distance, outcomes in known.items()], marker="o",
                      color=_COLOURS[cell], label=_NAMES[cell])
        axis.axhline(1 / 12, color="grey", linestyle=":", label="chance")
        axis.set_xscale("log")
        axis.set_xticks(list(tasks), [str(distance) for distance in tasks])
        axis.minorticks_off()
        axis.set_ylim(0, 1.03)
        axis.set_xlabel("words between “i am from Italy” and “i love Italian food”")
        axis.set_ylabel("share guessed right")
        axis.legend(frameon=False, loc="center left", bbox_to_anchor=(1, 0.5))
        figure.savefig(path, metadata={"Date": None})


__all__ = ["distances", "needed"]
