"""Traces: what the gates, the state and the output of a recurrent layer were at each step and unit."""
from __future__ import annotations

import ctypes
from typing import Any, Iterator, Mapping, Optional, Sequence, Union

import numpy as np

from . import _c
from ._arrays import AnyArray, described, dtype_of, pointers
from ._errors import UnknownNameError
from ._handle import Handle, create
from ._library import check, library, new
from .sessions import Session


class Trace(Mapping[str, AnyArray]):
    """Series by name, each [batch, steps, units], as items and as attributes.

    LSTM: input, forget, candidate, output_gate, cell, output. GRU: update, reset, candidate, output. SimpleRNN: output. Of a
    Bidirectional layer: trace["forward/input"] and so on; index t is the input's step t in both directions.
    """

    def __init__(self, layer: str, series: dict[str, AnyArray]) -> None:
        self.layer = layer
        self._series = series

    def __getitem__(self, name: str) -> AnyArray:
        try:
            return self._series[name]
        except (KeyError, TypeError):
            raise UnknownNameError(self._unknown(name)) from None

    def __getattr__(self, name: str) -> AnyArray:
        series: dict[str, AnyArray] = self.__dict__.get("_series", {})
        if name in series:
            return series[name]
        raise AttributeError(self._unknown(name) if series else name)

    def __iter__(self) -> Iterator[str]:
        return iter(self._series)

    def __len__(self) -> int:
        return len(self._series)

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *(name for name in self._series if name.isidentifier())})

    def __repr__(self) -> str:
        shape = next(iter(self._series.values())).shape if self._series else ()
        return "<liblstm.Trace of %r: %s, each %s>" % (self.layer, ", ".join(self._series), list(shape))

    def plot(self, path: Any = None, row: int = 0, units: Union[int, Sequence[int], None] = None, title: Optional[str] = None) -> Any:
        """Draws one heat map over time for each series and returns matplotlib's figure.

        `path`: where to save the picture, if anywhere; the name's ending says in which format, PNG if it has none. `row`: which
        sequence of the batch. `units`: the first so many, or a list of which; all if None.
        """
        from .plot import heat_maps

        return heat_maps(self, path, row, units, title)

    def _unknown(self, name: object) -> str:
        return "the trace has no series %r; it has %s" % (name, ", ".join(self._series))


class _Memory:
    """The memory of one series, for numpy to look at. Arrays made of it keep it, and with it the trace, alive."""

    def __init__(self, owner: Handle, address: int, shape: tuple[int, ...], dtype: Any) -> None:
        self._owner = owner
        self.__array_interface__ = {"version": 3, "shape": shape, "typestr": dtype.str, "data": (address, True)}


def traced(session: Session, layer: str, inputs: Sequence[AnyArray]) -> Trace:
    """Runs the session's model and keeps what happened inside the layer."""
    trace = create("lstm_trace_create", "lstm_trace_free", session.handle, layer.encode("utf-8", "replace"),
                   pointers([described(x) for x in inputs]), len(inputs))
    count = ctypes.c_size_t()
    check(library().lstm_trace_get_count(trace, ctypes.byref(count)))
    series = {}
    for index in range(count.value):
        info = new(_c.SeriesInfo)
        check(library().lstm_trace_get_series(trace, index, ctypes.byref(info)))
        shape, dtype = tuple(info.shape[: info.rank]), dtype_of(info.dtype)
        series[info.name.decode("utf-8", "replace")] = (np.asarray(_Memory(trace, info.data, shape, dtype)) if info.data
                                                        else np.empty(shape, dtype))
    return Trace(layer, series)
