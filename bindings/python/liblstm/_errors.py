"""One exception class for each kind of failure; every one is an LSTMError and also Python's own class for such a thing."""
from __future__ import annotations

from . import _c


class LSTMError(Exception):
    """The base of every error. `status` is the library's number for its kind (LSTM_ERROR_… in lstm.h)."""

    status: int = _c.ERROR_INTERNAL

    def __str__(self) -> str:
        return str(self.args[0]) if self.args else ""


class ArgumentError(LSTMError, ValueError):
    """An argument makes no sense."""

    status = _c.ERROR_ARGUMENT


class DTypeError(ArgumentError, TypeError):
    """An array's elements are of a type that no number of a network can have: complex, text, objects, dates."""


class UnknownNameError(ArgumentError, KeyError):
    """There is no weight, layer, series or part of that name."""


class HandleError(LSTMError, ValueError):
    """The object was closed."""

    status = _c.ERROR_HANDLE


class LSTMMemoryError(LSTMError, MemoryError):
    """Memory for the request could not be had."""

    status = _c.ERROR_MEMORY


class FileError(LSTMError, OSError):
    """A file could not be opened, read or written."""

    status = _c.ERROR_IO


class FormatError(LSTMError, ValueError):
    """A file is damaged or is no model file."""

    status = _c.ERROR_FORMAT


class UnsupportedError(LSTMError, NotImplementedError):
    """Understood, but not supported; the sentence names the layer and the option."""

    status = _c.ERROR_UNSUPPORTED


class ShapeError(LSTMError, ValueError):
    """An array or weight has another shape than is needed."""

    status = _c.ERROR_SHAPE


class StateError(LSTMError, RuntimeError):
    """The call does not fit the object's present state."""

    status = _c.ERROR_STATE


class SmallBufferError(LSTMError, ValueError):
    """A buffer given to the library was too small."""

    status = _c.ERROR_BUFFER


class InternalError(LSTMError, RuntimeError):
    """A fault of the library. Please report it."""

    status = _c.ERROR_INTERNAL


class LibraryError(LSTMError, ImportError):
    """liblstm.so was not found, could not be loaded or is of another ABI version."""


class MissingPackageError(LSTMError, ImportError):
    """This feature needs a package that is not installed."""

    status = _c.ERROR_UNSUPPORTED


_KINDS: dict[int, type[LSTMError]] = {
    kind.status: kind
    for kind in (ArgumentError, HandleError, LSTMMemoryError, FileError, FormatError, UnsupportedError, ShapeError, StateError,
                 SmallBufferError, InternalError)
}


def error_of(status: int, sentence: str) -> LSTMError:
    """The exception for a status and the library's sentence about it."""
    error = _KINDS.get(status, LSTMError)(sentence or "the library reported status %d and said nothing about it" % status)
    error.status = status
    return error
