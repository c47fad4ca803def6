"""Numpy arrays for the library and back: without a copy where the memory is right as it is, with one copy otherwise."""
from __future__ import annotations

import ctypes
import os
import sys
from typing import Any, Sequence

import numpy as np
from numpy.typing import NDArray

from . import _c
from ._errors import ArgumentError, DTypeError, ShapeError

AnyArray = NDArray[Any]

_CODES: dict[Any, int] = {np.dtype(np.float32): _c.FLOAT32, np.dtype(np.float64): _c.FLOAT64,
                          np.dtype(np.int32): _c.INT32, np.dtype(np.int64): _c.INT64}
_SIZE = ctypes.sizeof(_c.Array)
_DTYPES = {code: dtype for dtype, code in _CODES.items()}


def dtype_of(code: int) -> Any:
    """Numpy's type for one of the library's."""
    return _DTYPES[code]


def code_of(dtype: Any) -> int:
    """The library's number for one of its four types."""
    return _CODES[dtype]


def precision_code(precision: Any) -> int:
    """"float32" or "float64" (or numpy's own names for them) as the library's number."""
    try:
        code = _CODES.get(np.dtype(precision), 0) if precision is not None else 0
    except TypeError:
        code = 0
    if code not in (_c.FLOAT32, _c.FLOAT64):
        raise ArgumentError('precision is %r; expected "float32" or "float64"' % (precision,))
    return code


def is_array(x: Any) -> bool:
    """Whether `x` is an array of numpy or of another library, not a list or a number."""
    return isinstance(x, np.ndarray) or hasattr(x, "__array__") or hasattr(x, "__dlpack__")


def numbers(x: Any, what: str) -> AnyArray:
    """`x` as a C-contiguous, aligned array of a type that the library takes; the very same array if it is one already."""
    array = _converted(x, what)
    if array.dtype in _CODES:
        pass
    elif array.dtype.kind == "b" or (array.dtype.kind in "iu" and np.can_cast(array.dtype, np.int32)):
        array = array.astype(np.int32)
    elif array.dtype.kind in "iu":
        if array.size and int(array.max()) > np.iinfo(np.int64).max:
            raise ArgumentError("%s has the number %d, which does not fit into 64 bits with a sign" % (what, int(array.max())))
        array = array.astype(np.int64)
    elif array.dtype.kind == "f":
        array = array.astype(np.float32 if array.dtype.itemsize <= 4 else np.float64)
    elif array.dtype.name == "bfloat16":
        array = array.astype(np.float32)
    else:
        raise DTypeError("%s has elements of type %s; expected real numbers" % (what, array.dtype))
    if array.ndim > _c.MAX_RANK:
        raise ShapeError("%s has %d dimensions; at most %d are possible" % (what, array.ndim, _c.MAX_RANK))
    # Not ascontiguousarray, which makes a row of a lone number.
    return array if array.flags.c_contiguous and array.flags.aligned else array.copy(order="C")


def floats(x: Any, what: str) -> AnyArray:
    """The same, as float32 or float64: integers become float64."""
    array = numbers(x, what)
    return array if array.dtype.kind == "f" else array.astype(np.float64)


def _converted(x: Any, what: str) -> AnyArray:
    # Who has a masked array has imported its module, which takes longer than a prediction.
    masked = sys.modules.get("numpy.ma")
    if masked is not None and isinstance(x, masked.MaskedArray):
        raise DTypeError("%s is a masked array, whose mask would be lost; fill it first" % what)
    if isinstance(x, np.ndarray):
        return np.asarray(x)
    try:
        if hasattr(x, "__dlpack__") and not hasattr(x, "__array__"):
            return np.asarray(np.from_dlpack(x))
        return np.asarray(x)
    except Exception as reason:  # whatever another array library or a ragged list may raise
        raise ArgumentError("%s cannot be made an array of numbers: %s" % (what, reason)) from reason


def address(array: AnyArray) -> int:
    """Where an array's elements begin."""
    return int(array.__array_interface__["data"][0])


def described(array: AnyArray) -> _c.Array:
    """The library's description of an array of numpy, which must live as long as the description is used."""
    return _c.Array(_SIZE, _CODES[array.dtype], array.ndim, array.shape, address(array))


def pointers(arrays: Sequence[_c.Array]) -> Any:
    """An array of pointers to descriptions."""
    return (ctypes.POINTER(_c.Array) * max(len(arrays), 1))(*map(ctypes.pointer, arrays))


def shape_of(rank: int, shape: Any) -> tuple[Any, ...]:
    """A shape from a struct, with None for what is unknown."""
    return tuple(None if n < 0 else n for n in shape[:rank])


def path_bytes(path: Any) -> bytes:
    """A path as the library takes it."""
    try:
        name = os.fsencode(path)
    except (TypeError, UnicodeError) as reason:
        raise ArgumentError("the path is %r; expected a string or a path" % (path,)) from reason
    if b"\0" in name:
        raise ArgumentError("the path %r has a zero character in it" % (path,))
    return name
