"""Saving models: the names of the formats, and the calls."""
from __future__ import annotations

import ctypes
from typing import Any, Optional

from . import _c
from ._arrays import path_bytes
from ._errors import ArgumentError
from ._handle import Handle
from ._library import check, library

#: The formats by name.
FORMATS = {
    "keras-h5": _c.FORMAT_KERAS_H5,
    "keras2-h5": _c.FORMAT_KERAS2_H5,
    "keras3-h5": _c.FORMAT_KERAS3_H5,
    "keras2-weights": _c.FORMAT_KERAS2_WEIGHTS,
    "keras3-weights": _c.FORMAT_KERAS3_WEIGHTS,
    "keras": _c.FORMAT_KERAS,
    "torch-h5": _c.FORMAT_TORCH_H5,
    "safetensors": _c.FORMAT_SAFETENSORS,
}


def number_of(name: Optional[str]) -> int:
    """The number of a format; None is the one that the file's name says."""
    if name is None:
        return _c.FORMAT_AUTO
    if not isinstance(name, str) or name not in FORMATS:
        raise ArgumentError("format is %r; expected %s, or None to go by the file's name" % (name, ", ".join(FORMATS)))
    return FORMATS[name]


def save(handle: Handle, path: Any, name: Optional[str], training: bool) -> None:
    """Saves a model to a file."""
    check(library().lstm_model_save(handle, path_bytes(path), number_of(name), ctypes.byref(_options(training))))


def to_bytes(handle: Handle, name: str, training: bool) -> bytes:
    """The bytes of such a file."""
    number, options, needed = number_of(name), _options(training), ctypes.c_size_t()
    if number == _c.FORMAT_AUTO:
        raise ArgumentError("format is None, but there is no file name to go by; expected %s" % ", ".join(FORMATS))
    size = 0
    while True:
        buffer = ctypes.create_string_buffer(size) if size else None
        address = ctypes.cast(buffer, ctypes.c_void_p) if buffer is not None else None
        status = library().lstm_model_save_memory(handle, number, ctypes.byref(options), address, size, ctypes.byref(needed))
        if status != _c.ERROR_BUFFER or needed.value <= size:
            check(status)
            return buffer.raw[:needed.value] if buffer is not None else b""
        size = needed.value


def _options(training: bool) -> _c.SaveOptions:
    options = _c.SaveOptions()
    library().lstm_save_options_init(ctypes.byref(options))
    options.flags = 0 if training else _c.SAVE_WITHOUT_TRAINING
    return options
