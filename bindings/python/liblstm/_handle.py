"""Ownership of what the library creates: freed when the last Python object that needs it is gone."""
from __future__ import annotations

import ctypes
import weakref
from typing import Any, Callable

from ._library import check, library


class Handle:
    """A handle of the library. It can be passed to a function as it is, and lives at least as long as that call."""

    __slots__ = ("_as_parameter_", "__weakref__")

    def __init__(self, address: int, free: str) -> None:
        self._as_parameter_ = ctypes.c_void_p(address)
        finalizer = weakref.finalize(self, getattr(library(), free), address)
        # At exit another thread may still be inside a call; the system takes everything back anyway.
        finalizer.atexit = False

    @property
    def address(self) -> int:
        return self._as_parameter_.value or 0


def create(function: str, free: str, *arguments: Any) -> Handle:
    """Calls a function whose last argument receives a new handle."""
    address = ctypes.c_void_p()
    check(getattr(library(), function)(*arguments, ctypes.byref(address)))
    return Handle(address.value or 0, free)


def text(call: Callable[[Any, int, Any], int]) -> str:
    """The text that a function of the kind (buffer, size, needed) writes, however long it is."""
    from ._c import ERROR_BUFFER

    size, needed = 4096, ctypes.c_size_t()
    while True:
        buffer = ctypes.create_string_buffer(size)
        status = call(buffer, size, ctypes.byref(needed))
        if status != ERROR_BUFFER or needed.value <= size:
            check(status)
            return buffer.value.decode("utf-8", "replace")
        size = needed.value
