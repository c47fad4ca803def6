"""Models: load a file, run it, look inside it, change its weights."""
from __future__ import annotations

import ctypes
from collections.abc import Iterable
from types import TracebackType
from typing import Any, Optional

from . import saving
from ._arrays import AnyArray, path_bytes
from ._c import LOAD_BY_NAME, LOAD_INFER, LOAD_TRUSTED, LoadOptions
from ._errors import ArgumentError, HandleError, UnknownNameError
from ._handle import Handle, create, text
from ._library import check, library
from .arguments import input_arrays, output_arrays
from .batches import checked_size, run_in_batches
from .building import new_network
from .description import decoded, layers, model_info, tensors
from .graph import functional, sequential
from .precision import PrecisionTable, compared
from .sessions import Sessions, key_of
from .fitting import History
from .source import Source
from .stream import Stream, new_stream
from .trace import Trace, traced
from .training import Trainer
from .weights import Weights, places_of


class Model:
    """A network: layers and weights. Made by liblstm.load(); it may be used from several threads at once."""

    @classmethod
    def from_json(cls, text: Any, seed: int = 0) -> "Model":
        """A new model from the JSON of Keras' `model.to_json()` (or that JSON as a dict), its weights drawn by the layers' initializers.

        The same seed gives the same weights on every machine.
        """
        model = cls.__new__(cls)
        model._begin(*new_network(text, seed))
        return model

    def __init__(self, inputs: Any, outputs: Any, name: Optional[str] = None, seed: int = 0) -> None:
        """The network between what Input() returned and what its layers made of it, its weights drawn by their initializers.

        `inputs`, `outputs`: one each, or lists. The same seed gives the same weights on every machine.
        """
        if not isinstance(inputs, Handle):
            inputs, outputs = new_network(functional(inputs, outputs, name), seed)
        self._begin(inputs, outputs)

    def _begin(self, handle: Handle, source: Source) -> None:
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
                progress: Optional[bool] = None, out: Any = None, weights: Optional[str] = None) -> Any:
        """Runs the model on a batch of whole sequences.

        `x`: an array [batch, …], or nested lists; for several inputs a list of such or a dict by name. Any real element type: C-contiguous
        float32, float64, int32 and int64 are read where they are, everything else is converted once.
        `precision`: "float32" or "float64", what is computed in and what comes back.
        `batch_size`: how many rows at a time; None chooses. `threads`: how many share the work. Neither changes the numbers.
        `progress`: True shows how far it is, False does not, None does if it takes long and stderr is a terminal.
        `out`: an array (or a list of them) to write to instead of new ones.
        `weights`: "bf16" (two bytes each), "int8" (one byte each) or "w8a8" (one byte each, and for what they multiply), quicker for large
        layers, less exact; None keeps all their bits.

        Returns an array, or a list of arrays if the model has several outputs. A stateful model continues where the last call ended.
        """
        handle, key, size = self._open(), key_of(precision, threads, weights), checked_size(batch_size)
        inputs = input_arrays(x, self.inputs)
        with self._sessions.use(handle, key) as session:
            outputs = output_arrays(out, session.outputs(inputs, len(self.outputs)), inputs)
            if self._may_split and (size or all(info.shape[:1] == (None,) for info in self.inputs)):
                run_in_batches(session.predict, inputs, outputs, size, key[1], progress)
            elif size is not None and any(a.shape[:1] > (size,) for a in inputs):
                raise ArgumentError("batch_size is %d, but this model's rows must run together: they share states, or an axis" % size)
            else:
                session.predict(inputs, outputs)
        return outputs if len(outputs) != 1 else outputs[0]

    def compare_precision(self, x: Any) -> PrecisionTable:
        """A table of what each form of weights costs in accuracy on this data, and how much memory it needs.

        Runs the model from zero states on `x` (as in predict) in float64, in float32 and with each form.
        """
        return compared(self._open(), input_arrays(x, self.inputs), [info.name for info in self.outputs])

    def reset_states(self) -> None:
        """Sets the states of a stateful model to zero."""
        self._open()
        self._sessions.reset()

    def stream(self, precision: Any = "float32", threads: int = 1, weights: Optional[str] = None) -> Stream:
        """The model as a stream, one instant at a time, with the weights it has now. Large layers are shared among `threads` threads.

        `weights`: as in predict().
        """
        return new_stream(self._open(), precision, threads, weights)

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

    def load_weights(self, path: Any, by_name: bool = False) -> None:
        """Reads the weights of another file of the same architecture: weights alone (`.h5`, `.weights.h5`, `.weights.json` with its
        shards), or a whole model. With `by_name`, layers belong together by name, and those that the file does not name keep theirs.
        The states of a stateful model start anew."""
        options = _load_options(LOAD_BY_NAME if by_name else 0)
        check(library().lstm_model_load_weights(self._open(), path_bytes(path), options))
        self._weights_changed()

    def save(self, path: Any, format: Optional[str] = None, training: bool = True) -> None:
        """Saves the model: afterwards the file is the new one, whole, or after an error what it was before.

        `format`: None goes by the name (.h5, .weights.h5, .keras, .safetensors); or "keras-h5" (a whole model for Keras 2 and Keras 3),
        "keras2-h5", "keras3-h5" (for one of them), "keras2-weights", "keras3-weights", "keras", "torch-h5", "safetensors".
        `training`: whether loss, optimiser and its state are kept, if the model has them and the format can.
        What a format cannot express is refused with an UnsupportedError that names it.
        """
        saving.save(self._open(), path, format, training)

    def to_bytes(self, format: str, training: bool = True) -> bytes:
        """The bytes that save() would write."""
        return saving.to_bytes(self._open(), format, training)

    def summary(self) -> str:
        """A table of layers, shapes and parameter counts."""
        handle = self._open()
        return text(lambda buffer, size, needed: int(library().lstm_model_summary(handle, buffer, size, needed)))

    def trainer(self, **options: Any) -> Trainer:
        """A trainer of this model: see liblstm.Trainer for its options."""
        return Trainer(self, **options)

    def fit(self, x: Any = None, y: Any = None, *, loss: Any = None, optimizer: Any = None, metrics: Any = None, precision: Any = "float32",
            threads: int = 1, seed: int = 0, learning_rate: Optional[float] = None, class_weight: Any = None, tbptt_steps: int = 0,
            weights: Optional[str] = None, **options: Any) -> History:
        """Trains the model and returns the history: Trainer(model, …).fit(x, y, …) in one call.

        `loss`, `optimizer`, `metrics` to `weights`: as liblstm.Trainer takes them; without the first three, the model's file decides. What
        else there is, such as epochs, batch_size, validation_split and callbacks, is what Trainer.fit() takes.
        """
        trainer = Trainer(self, loss=loss, optimizer=optimizer, metrics=metrics, learning_rate=learning_rate, class_weight=class_weight,
                          precision=precision, threads=threads, seed=seed, tbptt_steps=tbptt_steps, weights=weights)
        return trainer.fit(x, y, **options)

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
        """The file's bytes (or the JSON), and the weights if they are others by now. The state of a stateful model is not kept."""
        self._open()
        source = self._source
        return _again, (source.content(), dict(self.weights) if self._weights_differ else None, source.infer, source.seed)

    def _open(self) -> Handle:
        if self._handle is None:
            raise HandleError("this model is closed")
        return self._handle

    def _weights_changed(self) -> None:
        self._weights_differ = True
        self._sessions.clear()


def load(path: Any, infer: bool = False, trusted: bool = False) -> Model:
    """Opens a model file, whatever its name: the HDF5 of any Keras since version 1, a `.keras` archive or its folder.

    `infer`: a file of weights alone becomes a plain stack of layers; `summary()` says what was assumed.
    `trusted`: the HDF5 structure is not checked before libhdf5 sees it; for files of your own making.
    """
    name = path_bytes(path)
    source = Source(path=name, infer=infer)
    options = _load_options((LOAD_INFER if infer else 0) | (LOAD_TRUSTED if trusted else 0))
    return Model(create("lstm_model_load", "lstm_model_free", name, options), source)


def load_bytes(content: Any, infer: bool = False) -> Model:
    """The same from the bytes of such a file."""
    try:
        whole = bytes(memoryview(content))
    except TypeError as reason:
        raise ArgumentError("expected the bytes of a file, not %r" % type(content).__name__) from reason
    address = ctypes.cast(ctypes.c_char_p(whole), ctypes.c_void_p)
    return Model(create("lstm_model_load_memory", "lstm_model_free", address, len(whole), _load_options(LOAD_INFER if infer else 0)),
                 Source(content=whole, infer=infer))


def _load_options(flags: int) -> Any:
    """A pointer to the options of a load."""
    return ctypes.byref(LoadOptions(ctypes.sizeof(LoadOptions), flags, 0, 0))


class Sequential(Model):
    """A network that is a chain of layers, its weights drawn by their initializers: see liblstm's own description for one."""

    def __init__(self, layers: Iterable[Any], name: Optional[str] = None, seed: int = 0) -> None:
        self._begin(*new_network(sequential(layers, name), seed))


def _again(content: bytes, weights: Optional[dict[str, AnyArray]], infer: bool = False, seed: Optional[int] = None) -> Model:
    """A model from its pickled form."""
    model = load_bytes(content, infer) if seed is None else Model.from_json(content, seed)
    for name, values in (weights or {}).items():
        model.weights[name] = values
    return model
