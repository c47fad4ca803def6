"""Recurrent networks that Keras wrote, run by liblstm.

    import liblstm

    model = liblstm.load("model.h5")
    y = model.predict(x)                    # whole sequences, [batch, steps, features]
    stream = model.stream()                 # or one instant at a time
    y_t = stream.step(x_t)
    model.trace(x).plot("gates.png")        # what the gates did
"""
from ._errors import (ArgumentError, DTypeError, FileError, FormatError, HandleError, InternalError, LibraryError, LSTMError,
                      LSTMMemoryError, MissingPackageError, ShapeError, SmallBufferError, StateError, UnknownNameError, UnsupportedError)
from ._library import cpu, library_path, version
from .description import Layer, Report, TensorInfo, check_file
from .fitting import History
from .model import Model, load, load_bytes
from .stream import Stream
from .trace import Trace
from .training import GradientReport, Trainer
from .weights import Weights

__version__ = "0.1.0"

__all__ = [
    "ArgumentError", "DTypeError", "FileError", "FormatError", "GradientReport", "HandleError", "History", "InternalError", "LSTMError", "LSTMMemoryError", "Layer",
    "LibraryError", "MissingPackageError", "Model", "Report", "ShapeError", "SmallBufferError", "StateError", "Stream", "TensorInfo",
    "Trace", "Trainer", "UnknownNameError", "UnsupportedError", "Weights", "check_file", "cpu", "library_path", "load", "load_bytes", "version",
]
