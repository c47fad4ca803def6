"""Sessions: a model made ready to run, kept for the next call with the same precision, threads and weights."""
from __future__ import annotations

import ctypes
import os
import threading
from collections import deque
from contextlib import contextmanager
from typing import Iterator, Optional, Sequence

import numpy as np

from . import _c
from ._arrays import AnyArray, described, dtype_of, pointers, precision_code
from ._errors import ArgumentError, LSTMMemoryError, StateError
from ._handle import Handle, create
from ._library import check, library, new

Key = tuple[int, int, int]
Shapes = list[tuple[tuple[int, ...], "np.dtype[np.generic]"]]

#: How weights may be kept, by the names that a caller gives.
WEIGHTS = {"float32": _c.WEIGHTS_FLOAT32, "bf16": _c.WEIGHTS_BF16, "int8": _c.WEIGHTS_INT8, "w8a8": _c.WEIGHTS_W8A8}


def key_of(precision: object, threads: object, weights: object = None) -> Key:
    """Checks the options of a session."""
    if isinstance(threads, bool) or not isinstance(threads, (int, np.integer)) or not 1 <= threads <= 256:
        raise ArgumentError("threads is %r; expected a whole number from 1 to 256" % (threads,))
    code = precision_code(precision)
    if weights is None:
        return code, int(threads), _c.WEIGHTS_FLOAT32
    if not isinstance(weights, str) or weights not in WEIGHTS:
        raise ArgumentError("weights is %r; expected one of %s" % (weights, ", ".join(map(repr, WEIGHTS))))
    if code != _c.FLOAT32:
        raise ArgumentError("weights is %r, which needs a precision of float32; it is float64" % weights)
    return code, int(threads), WEIGHTS[weights]


class Session:
    """One session of the library. It belongs to one thread at a time."""

    def __init__(self, model: Handle, key: Key) -> None:
        options = new(_c.SessionOptions)
        options.precision, options.threads, options.weights = key
        self.handle = create("lstm_session_create", "lstm_session_free", model, ctypes.byref(options))
        self._last: Optional[tuple[list[tuple[int, ...]], Shapes]] = None

    def outputs(self, inputs: Sequence[AnyArray], count: int) -> Shapes:
        """The shape and type of each of the `count` outputs for inputs of such shapes."""
        shapes = [x.shape for x in inputs]
        if self._last and self._last[0] == shapes:
            return self._last[1]
        found = [new(_c.Array) for _ in range(count)]
        check(library().lstm_session_output_shapes(self.handle, pointers([described(x) for x in inputs]), len(inputs),
                                                   pointers(found), count))
        made = [(tuple(y.shape[: y.rank]), dtype_of(y.dtype)) for y in found]
        self._last = shapes, made
        return made

    def predict(self, inputs: Sequence[AnyArray], outputs: Sequence[AnyArray]) -> None:
        """Runs the model from arrays into arrays."""
        check(library().lstm_session_predict(self.handle, pointers([described(x) for x in inputs]), len(inputs),
                                             pointers([described(y) for y in outputs]), len(outputs)))

    def reset(self) -> None:
        """Sets the state of stateful layers to zero."""
        check(library().lstm_session_reset(self.handle))


class Sessions:
    """The sessions of one model. Threads that predict at the same time get one each; a stateful model has a single one, since its
    state is in it."""

    def __init__(self, stateful: bool) -> None:
        self._stateful = stateful
        self._idle: dict[Key, deque[Session]] = {}
        self._one: Optional[tuple[Key, Session]] = None
        self._running = False
        self._lock, self._process = threading.Lock(), os.getpid()

    @contextmanager
    def use(self, model: Handle, key: Key) -> Iterator[Session]:
        """A session for the caller alone."""
        if self._stateful:
            with self._locked():
                yield self._with_state(model, key)
            return
        idle = self._idle.setdefault(key, deque())
        try:
            session = idle.pop()
        except IndexError:
            session = Session(model, key)
        try:
            yield session
        finally:
            idle.append(session)  # if clear() came in between, nobody looks into this deque any more

    @contextmanager
    def use_apart(self, model: Handle, key: Key) -> Iterator[Session]:
        """A session for a call that neither needs nor changes the state."""
        if self._stateful:
            yield Session(model, key)
        else:
            with self.use(model, key) as session:
                yield session

    def clear(self) -> None:
        """Forgets all sessions, because the weights changed or the model was closed."""
        self._idle = {}
        with self._locked():
            self._one, self._running = None, False

    def reset(self) -> None:
        """Sets all states to zero."""
        with self._locked():
            if self._one:
                self._one[1].reset()
            self._running = False

    def _with_state(self, model: Handle, key: Key) -> Session:
        if self._one and self._one[0] != key and self._running:
            (code, threads, weights), _ = self._one
            kept = next(name for name, number in WEIGHTS.items() if number == weights)
            raise StateError("the model carries its state from call to call, in %s with threads=%d%s; call reset_states() before changing "
                             "precision, threads or weights"
                             % (dtype_of(code), threads, "" if weights == _c.WEIGHTS_FLOAT32 else " and weights=%r" % kept))
        if self._one is None or self._one[0] != key:
            self._one = key, Session(model, key)
        self._running = True
        return self._one[1]

    def _locked(self) -> threading.Lock:
        if self._process != os.getpid():  # a fork copies the lock, and not the thread that may hold it
            self._lock, self._process = threading.Lock(), os.getpid()
        return self._lock


def empty(shape: tuple[int, ...], dtype: "np.dtype[np.generic]") -> AnyArray:
    """Memory for an output, or an error of ours."""
    try:
        return np.empty(shape, dtype)
    except (MemoryError, ValueError) as reason:
        raise LSTMMemoryError("an output of shape %s cannot be had: %s" % (list(shape), reason)) from reason
