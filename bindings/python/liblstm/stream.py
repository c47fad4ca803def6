"""Streams: a model run one instant at a time on a live series."""
from __future__ import annotations

import ctypes
from functools import partial
from types import TracebackType
from typing import Any, Callable, Mapping, Optional, Union

import numpy as np

from . import _c
from ._arrays import AnyArray, address, code_of, dtype_of, floats, numbers
from ._errors import ArgumentError, DTypeError, HandleError, ShapeError, StateError, UnknownNameError
from ._handle import Handle, create
from ._library import check, library, new
from .sessions import key_of


_ndarray = np.ndarray
_NEVER: AnyArray = np.empty(0)  # an array that no caller has


class _Kept(ctypes.c_void_p):
    """A handle's address that keeps the handle: ctypes takes it quicker than the handle itself."""

    owner: Handle


class Stream:
    """A model with a state, advanced step by step. It belongs to one thread at a time; copies share the weights."""

    def __init__(self, handle: Handle, code: int) -> None:
        self._handle: Optional[Handle] = handle
        self._code, self._dtype = code, dtype_of(code)
        self.input_size, self.output_size = _two_sizes("lstm_stream_get_sizes", handle)
        count, parts = _two_sizes("lstm_stream_get_state_size", handle)
        self._parts = _parts(handle, parts)
        self._state_size = count
        self._shape = (self.input_size,)
        self._function = library().lstm_stream_step if code == _c.FLOAT32 else library().lstm_stream_step_double
        # A step reads and writes these, whose addresses are made into ctypes' objects once and for all.
        self._x, self._y = np.zeros(self.input_size, self._dtype), np.empty(self.output_size, self._dtype)
        self._result = self._y.copy
        self._advance = self._call_into(self._y)
        # The array given as `out` last, and once it was given twice in a row, a call that writes straight into it.
        self._out: Optional[AnyArray] = None
        self._bound = _NEVER
        self._advance_bound = self._advance

    def step(self, x: Any, out: Optional[AnyArray] = None) -> AnyArray:
        """Advances by one instant: takes its numbers (a lone number if there is one input), returns the outputs [output_size].

        With `out`, a float array of that size, the outputs are written there and no array is made.
        """
        if type(x) is _ndarray and x.shape == self._shape and x.dtype.kind in "fiub":
            self._x[...] = x
        elif type(x) is float and self.input_size == 1:
            self._x[0] = x
        else:
            self._x[...] = self._instant(x)
        if out is self._bound:
            status = self._advance_bound()
            if status:
                check(status)
            return self._bound
        if out is not None:
            self._check_out(out)
        status = self._advance()
        if status:
            check(status)
        return self._result() if out is None else self._copied_to(out)

    def steps(self, x: Any) -> AnyArray:
        """Advances by several instants: [steps, input_size] → [steps, output_size]."""
        handle = self._open()
        array = numbers(x, "the steps' input")
        if self.input_size == 1 and array.ndim == 1:
            array = array[:, None]
        if array.ndim != 2 or array.shape[1] != self.input_size:
            raise ShapeError("the steps' input is %s; expected [steps, %d]" % (list(array.shape), self.input_size))
        array = np.ascontiguousarray(array, self._dtype)
        outputs = np.empty((len(array), self.output_size), self._dtype)
        if not len(array):
            return outputs
        advance = library().lstm_stream_steps if self._code == _c.FLOAT32 else library().lstm_stream_steps_double
        check(advance(handle, len(array), address(array), array.size, address(outputs), outputs.size))
        return outputs

    def reset(self) -> None:
        """Sets the state to zero."""
        check(library().lstm_stream_reset(self._open()))

    @property
    def state(self) -> dict[str, AnyArray]:
        """The state by parts, such as "lstm/h" and "lstm/c", as copies. Assign such a dict (or some of its parts), or all numbers
        as one flat array, to set it."""
        flat = self._flat_state()
        return {name: flat[offset:offset + count].copy() for name, (offset, count) in self._parts.items()}

    @state.setter
    def state(self, value: Union[Mapping[str, Any], Any]) -> None:
        if isinstance(value, Mapping):
            flat = self._flat_state()
            for name, part in value.items():
                if name not in self._parts:
                    raise UnknownNameError("the state has no part %r; it has %s" % (name, ", ".join(self._parts) or "none"))
                offset, count = self._parts[name]
                flat[offset:offset + count] = _sized(part, count, "the state's part %s" % name)
        else:
            flat = np.ascontiguousarray(_sized(value, self._state_size, "the state"), self._dtype)
        check(library().lstm_stream_set_state(self._open(), self._code, address(flat), flat.size))

    def copy(self) -> "Stream":
        """A second stream with the same weights (shared) and a copy of the state."""
        return Stream(create("lstm_stream_copy", "lstm_stream_free", self._open()), self._code)

    __copy__ = copy

    def __deepcopy__(self, memo: Any) -> "Stream":
        return self.copy()

    def __reduce__(self) -> Any:
        raise StateError("a stream cannot be pickled; pickle its model and its state")

    def close(self) -> None:
        """Frees the stream. Using it afterwards is an error."""
        self._handle = self._out = None
        self._bound, self._advance = _NEVER, _closed

    def __enter__(self) -> "Stream":
        return self

    def __exit__(self, kind: Optional[type[BaseException]], error: Optional[BaseException], trace: Optional[TracebackType]) -> None:
        self.close()

    def __repr__(self) -> str:
        return "<liblstm.Stream %d → %d, %s%s>" % (self.input_size, self.output_size, self._dtype,
                                                   ", closed" if self._handle is None else "")

    def _open(self) -> Handle:
        if self._handle is None:
            _closed()
        return self._handle  # type: ignore[return-value]

    def _instant(self, x: Any) -> AnyArray:
        """One instant's numbers where they are not simply an array of the right shape."""
        array = numbers(x, "the step's input")
        if array.size != self.input_size or array.ndim > 1:
            raise ShapeError("the step's input is %s; expected %s" % (list(array.shape), list(self._shape)))
        return array.reshape(self._shape)

    def _call_into(self, out: AnyArray) -> Callable[[], int]:
        """A call that takes the instant in `self._x` and writes to `out`, with all arguments in place."""
        # It keeps the handle alive, so that a close() in another thread cannot free it during a step.
        kept = _Kept(self._open().address)
        kept.owner = self._open()
        return partial(self._function, kept, ctypes.c_void_p(address(self._x)), ctypes.c_size_t(self.input_size),
                       ctypes.c_void_p(address(out)), ctypes.c_size_t(self.output_size))

    def _check_out(self, out: Any) -> None:
        if not isinstance(out, np.ndarray) or out.shape != self._y.shape:
            raise ShapeError("out is %s; expected an array [%d]" % (list(np.shape(out)), self.output_size))
        if out.dtype.kind != "f":
            raise DTypeError("out has elements of type %s; expected float32 or float64" % out.dtype)
        if not out.flags.writeable:
            raise ArgumentError("out cannot be written to")

    def _copied_to(self, out: AnyArray) -> AnyArray:
        out[...] = self._y
        if out is not self._out:
            self._out = out
        elif out.dtype == self._dtype and out.flags.c_contiguous and out.flags.aligned:
            self._bound, self._advance_bound = out, self._call_into(out)
        return out

    def _flat_state(self) -> AnyArray:
        flat = np.empty(self._state_size, self._dtype)
        check(library().lstm_stream_get_state(self._open(), self._code, address(flat), flat.size))
        return flat


def new_stream(model: Handle, precision: Any, threads: Any, weights: Any) -> Stream:
    """A stream of a model, its state at zero."""
    options = new(_c.StreamOptions)
    options.precision, options.threads, options.weights = key_of(precision, threads, weights)
    return Stream(create("lstm_stream_create", "lstm_stream_free", model, ctypes.byref(options)), options.precision)


def _two_sizes(function: str, handle: Handle) -> tuple[int, int]:
    first, second = ctypes.c_size_t(), ctypes.c_size_t()
    check(getattr(library(), function)(handle, ctypes.byref(first), ctypes.byref(second)))
    return first.value, second.value


def _parts(handle: Handle, count: int) -> dict[str, tuple[int, int]]:
    found = {}
    for part in range(count):
        info = new(_c.StateInfo)
        check(library().lstm_stream_get_state_info(handle, part, ctypes.byref(info)))
        found[info.name.decode("utf-8", "replace")] = int(info.offset), int(info.count)
    return found


def _sized(value: Any, count: int, what: str) -> AnyArray:
    array = floats(value, what)
    if array.size != count:
        raise ShapeError("%s has %d numbers; expected %d" % (what, array.size, count))
    return array.reshape(count)


def _closed() -> int:
    raise HandleError("this stream is closed")
