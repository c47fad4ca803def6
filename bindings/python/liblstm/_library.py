"""Finds liblstm.so, loads it once, and makes sure that it speaks the ABI of this package."""
from __future__ import annotations

import ctypes
import os
import threading
from typing import Any, Iterator, Optional, TypeVar

from . import _c
from ._errors import LibraryError, error_of

NAME = "liblstm.so"
SONAME = "liblstm.so.0"

_lock = threading.Lock()
_loaded: Optional[ctypes.CDLL] = None


def library() -> ctypes.CDLL:
    """The library, loaded and checked at the first call."""
    return _loaded or _load_once()


def library_path() -> str:
    """Where the library that is in use was found."""
    return str(library()._name)


def version() -> str:
    """The library's version."""
    return str(library().lstm_version().decode())


def cpu() -> str:
    """The vector instructions in use: "baseline", "v3" or "v4"."""
    return str(library().lstm_cpu().decode())


def check(status: int) -> None:
    """Raises the library's last error if `status` is one."""
    if status:
        raise error_of(status, library().lstm_last_error().decode("utf-8", "replace"))


Struct = TypeVar("Struct", bound=ctypes.Structure)

_INIT = {struct: name + "_init" for name, struct in _c.STRUCTS.items()}


def new(struct: type[Struct]) -> Struct:
    """A struct of the library, filled with its defaults."""
    value = struct()
    getattr(library(), _INIT[struct])(ctypes.byref(value))
    return value


def places() -> Iterator[tuple[str, str]]:
    """Where to look, in order: what the place is, and the file. The working directory is never one of them."""
    package = os.path.dirname(os.path.realpath(__file__))
    for name in (NAME, SONAME):
        yield "the package's folder", os.path.join(package, name)
    repository = os.path.dirname(os.path.dirname(os.path.dirname(package)))
    if os.path.isfile(os.path.join(repository, "include", "lstm.h")):
        for folder in ("build/lib", ".build/release"):
            yield "the repository's build folder", os.path.join(repository, folder, NAME)
    yield "the system's loader", SONAME


def _load_once() -> ctypes.CDLL:
    global _loaded
    with _lock:
        if _loaded is None:
            _loaded = _find()
        return _loaded


def _find() -> ctypes.CDLL:
    wanted = os.environ.get("LIBLSTM_PATH")
    if wanted:
        return _wanted(os.path.abspath(wanted))
    tried = []
    for what, path in places():
        found = _try(path)
        if isinstance(found, ctypes.CDLL):
            return found
        tried.append("%s (%s): %s" % (path, what, found))
    raise LibraryError("liblstm.so was not found. Set LIBLSTM_PATH to the file or its folder, or install it. Tried, in this order:\n  "
                       + "\n  ".join(["LIBLSTM_PATH: not set"] + tried))


def _wanted(path: str) -> ctypes.CDLL:
    """What LIBLSTM_PATH names. If that cannot be used, using another library in silence would be worse than an error."""
    files = [os.path.join(path, NAME), os.path.join(path, SONAME)] if os.path.isdir(path) else [path]
    tried = []
    for file in files:
        found = _try(file)
        if isinstance(found, ctypes.CDLL):
            return found
        tried.append("%s (LIBLSTM_PATH): %s" % (file, found))
    skipped = ["%s (%s): not tried, as LIBLSTM_PATH is set" % (file, what) for what, file in places()]
    raise LibraryError("liblstm.so was not found where LIBLSTM_PATH says. Tried, in this order:\n  " + "\n  ".join(tried + skipped))


def _try(path: str) -> Any:
    """The loaded library, or the reason why not."""
    if os.sep in path and not os.path.isfile(path):
        return "no such file"
    try:
        found = ctypes.CDLL(path)
        for name, (result, arguments) in _c.FUNCTIONS.items():
            function = getattr(found, name)
            function.restype, function.argtypes = result, arguments
        number = found.lstm_abi_version()
    except OSError as reason:
        return str(reason)
    except AttributeError as reason:
        return "not a liblstm of this version (%s)" % reason
    if number != _c.ABI_VERSION:
        return "its ABI number is %d, this package needs %d" % (number, _c.ABI_VERSION)
    return found
