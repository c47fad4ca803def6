"""What callers pass to predict and trace, as lists of arrays in the model's order."""
from __future__ import annotations

from typing import Any, Mapping, Optional, Sequence

import numpy as np

from ._arrays import AnyArray, is_array, numbers
from ._errors import ArgumentError, DTypeError, ShapeError, UnknownNameError
from .description import TensorInfo
from .sessions import empty


def input_arrays(x: Any, inputs: Sequence[TensorInfo]) -> list[AnyArray]:
    """One array for each input. `x` is an array or nested lists for a single input, a list of them or a dict by name for several."""
    given = _listed(x, inputs)
    return [numbers(value, "the input %s" % info.name if info.name else "the input") for value, info in zip(given, inputs)]


def output_arrays(out: Any, expected: Sequence[tuple[tuple[int, ...], Any]], inputs: list[AnyArray]) -> list[AnyArray]:
    """One array for each output: the caller's, if there are any, after a check. Inputs that share their memory are copied."""
    if out is None:
        return [empty(shape, dtype) for shape, dtype in expected]
    given = list(out) if isinstance(out, (list, tuple)) else [out]
    if len(given) != len(expected):
        raise ArgumentError("out has %d arrays; the model has %d outputs" % (len(given), len(expected)))
    for number, (array, (shape, _)) in enumerate(zip(given, expected)):
        what = "out" if len(expected) == 1 else "out[%d]" % number
        if not isinstance(array, np.ndarray):
            raise ArgumentError("%s is a %s; expected a numpy array" % (what, type(array).__name__))
        if array.shape != shape:
            raise ShapeError("%s is %s; expected %s" % (what, list(array.shape), list(shape)))
        if array.dtype not in (np.dtype(np.float32), np.dtype(np.float64)):
            raise DTypeError("%s has elements of type %s; expected float32 or float64" % (what, array.dtype))
        if not array.flags.carray:
            raise ArgumentError("%s must be C-contiguous, aligned and writeable" % what)
        if any(np.may_share_memory(array, other) for other in given[:number]):
            raise ArgumentError("%s shares memory with another output" % what)
        inputs[:] = [x.copy() if np.may_share_memory(x, array) else x for x in inputs]
    return given


def _listed(x: Any, inputs: Sequence[TensorInfo]) -> list[Any]:
    names = [info.name for info in inputs]
    if isinstance(x, Mapping):
        unknown = [str(name) for name in x if name not in names]
        missing = [name for name in names if name not in x]
        if unknown or missing:
            raise UnknownNameError("the inputs are named %s; %s" % (", ".join(names), "there is none named " + ", ".join(unknown)
                                                                    if unknown else "missing: " + ", ".join(missing)))
        return [x[name] for name in names]
    if len(inputs) == 1:
        return [x[0] if _is_list_of_one(x, len(inputs[0].shape)) else x]
    if not isinstance(x, (list, tuple)):
        raise ArgumentError("the model has %d inputs (%s); pass a list of arrays in this order, or a dict"
                            % (len(inputs), ", ".join(names)))
    if len(x) != len(inputs):
        raise ArgumentError("found %d inputs; the model has %d (%s)" % (len(x), len(inputs), ", ".join(names)))
    return list(x)


def _is_list_of_one(x: Any, rank: Optional[int]) -> bool:
    """Whether `x` is a list that holds the one input, and not that input as a list."""
    return isinstance(x, (list, tuple)) and len(x) == 1 and is_array(x[0]) and np.ndim(x[0]) == rank
