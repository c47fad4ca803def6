"""Models: load a file, run it, look inside it, change its weights."""
from __future__ import annotations

import ctypes
from types import TracebackType
from typing import Any, Optional

from ._arrays import AnyArray, path_bytes
from ._errors import ArgumentError, HandleError, UnknownNameError
from ._handle import Handle, create, text
from ._library import check, library
from .arguments import input_arrays, output_arrays
from .batches import checked_size, run_in_batches
from .description import decoded, layers, model_info, tensors
from .sessions import Sessions, key_of
from .source import Source
from .stream import Stream, new_stream
from .trace import Trace, traced
from .weights import Weights, places_of


class Model:
    """A network: layers and weights. Made by liblstm.load(); it may be used from several threads at once."""

    def __init__(self, handle: Handle, source: Source) -> None:
        self._handle: Optional[Handle] = handle
        self._source = source
        self._weights_differ = False
        info = model_info(handle)
        self.name, self.writer, self.format = decoded(info.name), decoded(info.writer), decoded(info.format)
        self.parameters = int(info.parameter_count)
        self.stateful, self.can_stream = bool(info.stateful), bool(info.can_stream)
        self.inputs = tensors(handle, "lstm_model_get_input", info.input_count)
        self.outputs = tensors(handle, "lstm_model_get_output", info.output_count)
        places = places_of(handle, info.weight_count)
        self.weights = Weights(self._open, {name: place for name, _, place in places}, self._weights_changed)
        by_layer: dict[int, list[str]] = {}
        for name, layer, _ in places:
            by_layer.setdefault(layer, []).append(name)
        self.layers = layers(handle, info.layer_count, self.weights, by_layer)
        self._may_split = not self.stateful and bool(info.rows_independent)
        self._sessions = Sessions(self.stateful)

    def predict(self, x: Any, precision: Any = "float32", batch_size: Optional[int] = None, threads: int = 1,
                progress: Optional[bool] = None, out: Any = None) -> Any:
        """Runs the model on a batch of whole sequences.

        `x`: an array [batch, …], or nested lists; for several inputs a list of such or a dict by name. Any real element type: C-contiguous
        float32, float64, int32 and int64 are read where they are, everything else is converted once.
        `precision`: "float32" or "float64", what is computed in and what comes back.
        `batch_size`: how many rows at a time; None chooses. `threads`: how many share the work. Neither changes the numbers.
        `progress`: True shows how far it is, False does not, None does if it takes long and stderr is a terminal.
        `out`: an array (or a list of them) to write to instead of new ones.

        Returns an array, or a list of arrays if the model has several outputs. A stateful model continues where the last call ended.
        """
        handle, key, size = self._open(), key_of(precision, threads), checked_size(batch_size)
        inputs = input_arrays(x, self.inputs)
        with self._sessions.use(handle, key) as session:
            outputs = output_arrays(out, session.outputs(inputs, len(self.outputs)), inputs)
            if self._may_split and (size or all(info.shape[:1] == (None,) for info in self.inputs)):
                run_in_batches(session.predict, inputs, outputs, size, key[1], progress)
            elif size is not None and any(a.shape[:1] > (size,) for a in inputs):
                raise ArgumentError("batch_size is %d, but this model's rows must run together: it is stateful, or a layer works along the "
                                    "first axis" % size)
            else:
                session.predict(inputs, outputs)
        return outputs if len(outputs) != 1 else outputs[0]

    def reset_states(self) -> None:
        """Sets the states of a stateful model to zero."""
        self._open()
        self._sessions.reset()

    def stream(self, precision: Any = "float32", threads: int = 1) -> Stream:
        """The model as a stream, one instant at a time, with the weights it has now. Large layers are shared among `threads` threads."""
        return new_stream(self._open(), precision, threads)

    def trace(self, x: Any, layer: Optional[str] = None, precision: Any = "float32") -> Trace:
        """Runs the model from a zero state and keeps what happened inside a recurrent layer, the first if `layer` is None."""
        handle, key = self._open(), key_of(precision, 1)
        name = layer if layer is not None else next((one.name for one in self.layers if one.traceable), None)
        if name is None:
            raise UnknownNameError("the model has no layer whose gates could be traced")
        if not isinstance(name, str):
            raise ArgumentError("layer is %r; expected a name" % (name,))
        inputs = input_arrays(x, self.inputs)
        with self._sessions.use_apart(handle, key) as session:
            return traced(session, name, inputs)

    def load_weights(self, path: Any) -> None:
        """Reads the weights of another file of the same architecture. The states of a stateful model start anew."""
        check(library().lstm_model_load_weights(self._open(), path_bytes(path), None))
        self._weights_changed()

    def summary(self) -> str:
        """A table of layers, shapes and parameter counts."""
        handle = self._open()
        return text(lambda buffer, size, needed: int(library().lstm_model_summary(handle, buffer, size, needed)))

    @property
    def closed(self) -> bool:
        """Whether close() was called."""
        return self._handle is None

    def close(self) -> None:
        """Frees the model. Streams and traces made from it stay usable."""
        self._handle = None
        self._sessions.clear()

    def __enter__(self) -> "Model":
        return self

    def __exit__(self, kind: Optional[type[BaseException]], error: Optional[BaseException], trace: Optional[TracebackType]) -> None:
        self.close()

    def __repr__(self) -> str:
        ends = " → ".join(", ".join(str(list(info.shape)).replace("None", "?") for info in side) for side in (self.inputs, self.outputs))
        return "<liblstm.Model %r: %s, %d layers, %d parameters%s>" % (self.name, ends, len(self.layers), self.parameters,
                                                                       ", closed" if self.closed else "")

    def __reduce__(self) -> Any:
        """The file's bytes, and the weights if they are others by now. The state of a stateful model is not kept."""
        self._open()
        return _again, (self._source.content(), dict(self.weights) if self._weights_differ else None)

    def _open(self) -> Handle:
        if self._handle is None:
            raise HandleError("this model is closed")
        return self._handle

    def _weights_changed(self) -> None:
        self._weights_differ = True
        self._sessions.clear()


def load(path: Any) -> Model:
    """Opens a whole-model file: the HDF5 that Keras' `model.save("x.h5")` writes."""
    name = path_bytes(path)
    source = Source(path=name)
    return Model(create("lstm_model_load", "lstm_model_free", name, None), source)


def load_bytes(content: Any) -> Model:
    """The same from the bytes of such a file."""
    try:
        whole = bytes(memoryview(content))
    except TypeError as reason:
        raise ArgumentError("expected the bytes of a file, not %r" % type(content).__name__) from reason
    address = ctypes.cast(ctypes.c_char_p(whole), ctypes.c_void_p)
    return Model(create("lstm_model_load_memory", "lstm_model_free", address, len(whole), None), Source(content=whole))


def _again(content: bytes, weights: Optional[dict[str, AnyArray]]) -> Model:
    """A model from its pickled form."""
    model = load_bytes(content)
    for name, values in (weights or {}).items():
        model.weights[name] = values
    return model
