"""Rows to learn from, as the library takes them."""
from __future__ import annotations

import ctypes
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Sequence

from . import _c
from ._arrays import AnyArray, described, numbers, pointers
from ._errors import ArgumentError, UnknownNameError
from ._library import new
from .arguments import input_arrays

if TYPE_CHECKING:
    from .model import Model


class Rows:
    """Inputs, targets and sample weights. The arrays live as long as this object does."""

    def __init__(self, model: "Model", x: Any, y: Any, sample_weight: Any = None) -> None:
        names = [info.name for info in model.outputs]
        inputs = input_arrays(x, model.inputs)
        targets = [numbers(one, "the target %s" % name) for one, name in zip(_per_output(y, names, "y"), names)]
        weights: list[AnyArray] = []
        if sample_weight is not None:
            several = isinstance(sample_weight, (list, tuple, Mapping)) and len(names) > 1
            given = _per_output(sample_weight, names, "sample_weight") if several else [sample_weight]
            weights = [numbers(one, "sample_weight") for one in given]
        self._arrays = (inputs, targets, weights)
        self.batch = new(_c.Batch)
        self._pointers = [pointers([described(array) for array in arrays]) for arrays in self._arrays]
        self.batch.inputs, self.batch.targets, self.batch.weights = self._pointers
        self.batch.input_count, self.batch.target_count, self.batch.weight_count = map(len, self._arrays)

    @property
    def reference(self) -> Any:
        """The batch as an argument of the library's functions."""
        return ctypes.byref(self.batch)


def _per_output(y: Any, names: Sequence[str], what: str) -> list[Any]:
    """One array for each output: an array for a single output, a list of them or a dict by name for several."""
    if isinstance(y, Mapping):
        missing = [name for name in names if name not in y]
        unknown = [str(name) for name in y if name not in names]
        if missing or unknown:
            raise UnknownNameError("the outputs are named %s; %s lacks %s" % (", ".join(names), what, ", ".join(missing)) if missing else
                                   "the outputs are named %s; there is none named %s" % (", ".join(names), ", ".join(unknown)))
        return [y[name] for name in names]
    if len(names) == 1:
        return [y]
    if not isinstance(y, (list, tuple)) or len(y) != len(names):
        raise ArgumentError("the model has %d outputs (%s); pass %s as a list of so many arrays, or as a dict"
                            % (len(names), ", ".join(names), what))
    return list(y)
