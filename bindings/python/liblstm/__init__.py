"""Recurrent networks that Keras wrote, run by liblstm.

    import liblstm

    model = liblstm.load("model.h5")
    y = model.predict(x)                    # whole sequences, [batch, steps, features]
    stream = model.stream()                 # or one instant at a time
    y_t = stream.step(x_t)
    model.trace(x).plot("gates.png")        # what the gates did

    from liblstm import Input, Sequential, layers
    model = Sequential([Input((None, 3)), layers.LSTM(64), layers.Dense(1)], seed=1)    # or a new one
"""
from . import layers
from ._errors import (ArgumentError, DTypeError, FileError, FormatError, HandleError, InternalError, LibraryError, LSTMError,
                      LSTMMemoryError, MissingPackageError, ShapeError, SmallBufferError, StateError, UnknownNameError, UnsupportedError)
from ._library import cpu, library_path, version
from .description import Layer, Report, TensorInfo, check_file
from .fitting import History
from .layer import Input
from .model import Model, Sequential, load, load_bytes
from .stream import Stream
from .trace import Trace
from .training import GradientReport, Trainer
from .weights import Weights
from .words import constraints, initializers, losses, metrics, optimizers, regularizers, schedules

__version__ = "0.1.0"

__all__ = [
    "ArgumentError", "DTypeError", "FileError", "FormatError", "GradientReport", "HandleError", "History", "Input", "InternalError",
    "LSTMError", "LSTMMemoryError", "Layer", "LibraryError", "MissingPackageError", "Model", "Report", "Sequential", "ShapeError",
    "SmallBufferError", "StateError", "Stream", "TensorInfo", "Trace", "Trainer", "UnknownNameError", "UnsupportedError", "Weights",
    "check_file", "constraints", "cpu", "initializers", "layers", "library_path", "load", "load_bytes", "losses", "metrics", "optimizers",
    "regularizers", "schedules", "version",
]
