"""A model's weights as a mapping from Keras' names to arrays."""
from __future__ import annotations

import ctypes
from typing import Any, Callable, Iterator, Mapping, Sequence

import numpy as np

from . import _c
from ._arrays import AnyArray, address, code_of, dtype_of, floats
from ._errors import ArgumentError, LSTMError, ShapeError, UnknownNameError
from ._handle import Handle
from ._library import check, library, new


class Weights(Mapping[str, AnyArray]):
    """Name → read-only copy, in the file's order; `weights["lstm/kernel"] = array` sets one.

    Names, orientation and gate order are Keras': "lstm/kernel" is [features, 4 units] in the order i, f, c, o.
    """

    def __init__(self, handle: Callable[[], Handle], places: Mapping[str, tuple[int, tuple[int, ...], int]],
                 changed: Callable[[], None]) -> None:
        self._handle, self._places, self._changed = handle, places, changed

    def __getitem__(self, name: str) -> AnyArray:
        index, shape, code = self._place(name)
        values = np.empty(shape, dtype_of(code))
        check(library().lstm_model_get_weight(self._handle(), index, code, address(values), values.size))
        values.flags.writeable = False
        return values

    def __setitem__(self, name: str, value: Any) -> None:
        index, shape, _ = self._place(name)
        values = floats(value, "the new value of %s" % name)
        if values.shape != shape:
            raise ShapeError("%s is %s; found %s" % (name, list(shape), list(values.shape)))
        check(library().lstm_model_set_weight(self._handle(), index, code_of(values.dtype), address(values), values.size))
        self._changed()

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)

    def __contains__(self, name: object) -> bool:
        return name in self._places

    def __repr__(self) -> str:
        return "{%s}" % ", ".join("%r: %s %s" % (name, dtype_of(code), list(shape)) for name, (_, shape, code)
                                  in self._places.items())

    def shape(self, name: str) -> tuple[int, ...]:
        """A weight's shape, without copying its numbers."""
        return self._place(name)[1]

    def of(self, names: Sequence[str]) -> "Weights":
        """These weights alone."""
        return Weights(self._handle, {name: self._places[name] for name in names}, self._changed)

    def _place(self, name: Any) -> tuple[int, tuple[int, ...], int]:
        if not isinstance(name, str):
            raise ArgumentError("a weight's name is a string, not %r" % (name,))
        if name not in self._places:
            raise UnknownNameError(self._not_found(name))
        return self._places[name]

    def _not_found(self, name: str) -> str:
        """The library's sentence, which names near ones; ours if the weight is only not among these."""
        index = ctypes.c_size_t()
        try:
            check(library().lstm_model_find_weight(self._handle(), name.encode("utf-8", "replace"), ctypes.byref(index)))
        except ArgumentError as error:
            return str(error)
        except LSTMError:
            pass
        return "there is no weight %r here; there are: %s" % (name, ", ".join(self._places) or "none")


def places_of(model: Handle, count: int) -> list[tuple[str, int, tuple[int, tuple[int, ...], int]]]:
    """Each weight's name, layer, and (index, shape, type)."""
    found = []
    for index in range(count):
        info = new(_c.WeightInfo)
        check(library().lstm_model_get_weight_info(model, index, ctypes.byref(info)))
        found.append((info.name.decode("utf-8", "replace"), int(info.layer), (index, tuple(info.shape[: info.rank]), int(info.dtype))))
    return found
