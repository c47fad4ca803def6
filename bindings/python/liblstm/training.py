"""Training: what Keras' compile() and fit() do, in one object that can be stopped, saved and resumed."""
from __future__ import annotations

import ctypes
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Callable, Iterable, NamedTuple, Optional, Sequence

import numpy as np

from . import _c
from ._arrays import AnyArray, address, path_bytes
from ._errors import ArgumentError
from ._handle import create
from ._library import check, library, new
from .fitting import Fit, History
from .rows import Rows
from .sessions import key_of

if TYPE_CHECKING:
    from .model import Model


class GradientReport(NamedTuple):
    """What a gradient check found: `worst` is the largest difference, relative to the largest derivative of its weight."""

    checked: int
    worst: float
    weight: str
    element: int
    analytic: float
    numeric: float


class Trainer:
    """Teaches a model. What is learnt stays here until update_model(), which fit() calls at its end.

    `loss`, `optimizer`, `metrics`, `loss_weights`: names or objects in Keras' words: "mse", "adam", {"class_name": "Adam", "config":
    {"learning_rate": 0.01, "global_clipnorm": 1.0}}; for several outputs a list or a dict by the outputs' names. Without any of them the
    model's file decides, if it was compiled.
    `tbptt_steps`: long sequences are learnt in windows of so many steps, the state carried on.
    `class_weight`: what samples of a class count, by class number. `threads` does not change the numbers, `seed` decides all chance.
    `weights`: "bf16" multiplies rounded numbers where predict() with weights="bf16" would, forward and backward; the weights that are
    learnt, and all sums, keep all their bits. Quicker on processors with AVX512_BF16, perhaps slower on others, less exact on all.
    """

    def __init__(self, model: "Model", loss: Any = None, optimizer: Any = None, metrics: Any = None, loss_weights: Any = None,
                 learning_rate: Optional[float] = None, class_weight: Optional[Mapping[int, float]] = None, precision: Any = "float32",
                 threads: int = 1, seed: int = 0, tbptt_steps: int = 0, weights: Optional[str] = None) -> None:
        self.model = model
        options = new(_c.TrainerOptions)
        options.precision, options.threads, options.weights = key_of(precision, threads, weights)
        options.seed = int(seed) & 0xFFFF_FFFF_FFFF_FFFF
        options.tbptt_steps = _whole(tbptt_steps, "tbptt_steps")
        text = _configuration(loss, optimizer, metrics, loss_weights)
        if text is not None:
            options.configuration = text
        counted = _class_weights(class_weight)
        if counted is not None:
            options.class_weights, options.class_count = address(counted), counted.size
        self._handle = create("lstm_trainer_create", "lstm_trainer_free", model._open(), ctypes.byref(options))
        self._names = self._value_names()
        if learning_rate is not None:
            self.learning_rate = learning_rate

    @property
    def metrics_names(self) -> list[str]:
        """Names of the values that a batch reports, "loss" first."""
        return list(self._names)

    @property
    def learning_rate(self) -> float:
        """The rate of the next update. Setting one puts a schedule out of force."""
        value = ctypes.c_double()
        check(library().lstm_trainer_get_learning_rate(self._handle, ctypes.addressof(value)))
        return value.value

    @learning_rate.setter
    def learning_rate(self, rate: float) -> None:
        check(library().lstm_trainer_set_learning_rate(self._handle, float(rate)))

    def train_batch(self, x: Any, y: Any, sample_weight: Any = None) -> dict[str, float]:
        """Learns from one batch and returns its loss and metrics, as they were before the update."""
        return self._values("lstm_trainer_train_batch", Rows(self.model, x, y, sample_weight))

    def evaluate(self, x: Any, y: Any, sample_weight: Any = None) -> dict[str, float]:
        """Loss and metrics of these rows, without learning."""
        return self._values("lstm_trainer_evaluate", Rows(self.model, x, y, sample_weight))

    def gradients(self, x: Any, y: Any, sample_weight: Any = None) -> AnyArray:
        """The gradients of a batch as one vector: those of all trainable weights in the model's order, before any clipping."""
        self._values("lstm_trainer_compute_gradients", Rows(self.model, x, y, sample_weight))
        count = ctypes.c_size_t()
        check(library().lstm_trainer_get_gradient_count(self._handle, ctypes.byref(count)))
        vector = np.empty(count.value, np.float64)
        check(library().lstm_trainer_get_gradients(self._handle, _c.FLOAT64, address(vector), vector.size))
        return vector

    def apply_gradients(self, gradients: Any) -> None:
        """Updates the weights by such a vector: an average over several processes, for example."""
        vector = np.ascontiguousarray(gradients, np.float64)
        check(library().lstm_trainer_apply_gradients(self._handle, _c.FLOAT64, address(vector), vector.size))

    def check_gradients(self, x: Any, y: Any, sample_weight: Any = None, samples: int = 0) -> GradientReport:
        """Compares the gradients with central differences in double precision, for `samples` numbers of each weight (0: all)."""
        rows, report = Rows(self.model, x, y, sample_weight), new(_c.GradientReport)
        check(library().lstm_trainer_check_gradients(self._handle, rows.reference, _whole(samples, "samples"), ctypes.byref(report)))
        name = list(self.model.weights)[report.weight] if report.checked else ""
        return GradientReport(report.checked, report.worst, name, report.element, report.analytic, report.numeric)

    def fit(self, x: Any = None, y: Any = None, epochs: int = 1, batch_size: int = 32, sample_weight: Any = None,
            validation_data: Any = None, validation_split: float = 0.0, shuffle: bool = True,
            batches: Optional[Callable[[int], Iterable[Any]]] = None,
            monitor: Optional[str] = None, patience: int = 0, min_delta: float = 0.0, mode: str = "auto", restore_best: bool = False,
            reduce_on_plateau: Any = None, callbacks: Sequence[Callable[..., Any]] = (), verbose: Optional[bool] = None,
            resume: bool = False) -> History:
        """Learns for several epochs, then writes the weights to the model.

        `batches`: instead of x and y, a function that gives for an epoch's number the batches (x, y) or (x, y, sample_weight).
        `monitor`: a column of the history such as "val_loss"; training ends when it has not improved for `patience` epochs.
        `callbacks`: functions that are called after each epoch with its number and a dict of its values; one that returns False ends
        training.
        `verbose`: True shows how far it is, False does not, None does if stderr is a terminal. Ctrl-C ends training within a batch: the
        model has the weights of the last batch done. `resume`: go on with a fit that was stopped or restored.
        """
        fit = Fit(self.model, epochs, verbose, callbacks)
        fit.stopping(monitor, patience, min_delta, mode, restore_best)
        fit.data(x, y, sample_weight, batches)
        fit.validation(validation_data, validation_split)
        fit.sizes(batch_size, shuffle, resume)
        if reduce_on_plateau is not None:
            fit.options.plateau = _object("ReduceLROnPlateau", reduce_on_plateau)
        try:
            outcome = fit.run(self._handle, self._names)
        finally:
            self.update_model()
        return self._history(outcome)

    def update_model(self) -> None:
        """Writes the trainer's weights to the model."""
        check(library().lstm_trainer_update_model(self._handle, self.model._open()))
        self.model._weights_changed()

    def reset_states(self) -> None:
        """Sets the states of stateful layers to zero."""
        check(library().lstm_trainer_reset_states(self._handle))

    def cancel(self) -> None:
        """Ends the fit that is under way in another thread, after the batch at hand."""
        check(library().lstm_trainer_cancel(self._handle))

    def save(self, path: Any) -> None:
        """Writes a checkpoint: weights, optimizer, schedule, random state, how far the fit is."""
        check(library().lstm_trainer_save(self._handle, path_bytes(path)))

    def restore(self, path: Any) -> None:
        """Goes on from a checkpoint of a trainer that was made with the same arguments: the same bits as if it had never been stopped."""
        check(library().lstm_trainer_restore(self._handle, path_bytes(path)))

    def _values(self, function: str, rows: Rows) -> dict[str, float]:
        values = (ctypes.c_double * len(self._names))()
        check(getattr(library(), function)(self._handle, rows.reference, ctypes.addressof(values), len(values)))
        return dict(zip(self._names, values))

    def _value_names(self) -> list[str]:
        count, name = ctypes.c_size_t(), ctypes.c_char_p()
        check(library().lstm_trainer_get_value_count(self._handle, ctypes.byref(count)))
        names = []
        for index in range(count.value):
            check(library().lstm_trainer_get_value_name(self._handle, index, ctypes.byref(name)))
            names.append((name.value or b"").decode())
        return names

    def _history(self, outcome: int) -> History:
        epochs, columns, name = ctypes.c_size_t(), ctypes.c_size_t(), ctypes.c_char_p()
        check(library().lstm_trainer_get_history_size(self._handle, ctypes.byref(epochs), ctypes.byref(columns)))
        values = np.empty((epochs.value, columns.value), np.float64)
        check(library().lstm_trainer_get_history(self._handle, address(values), values.size))
        found = {}
        for column in range(columns.value):
            check(library().lstm_trainer_get_history_name(self._handle, column, ctypes.byref(name)))
            found[(name.value or b"").decode()] = [float(value) for value in values[:, column]]
        return History(found, outcome)


def _configuration(loss: Any, optimizer: Any, metrics: Any, loss_weights: Any) -> Optional[bytes]:
    stated = {key: value for key, value in (("loss", loss), ("optimizer", optimizer), ("metrics", metrics), ("loss_weights", loss_weights))
              if value is not None}
    if not stated:
        return None
    try:
        return json.dumps(stated, default=_plain).encode()
    except (TypeError, ValueError) as reason:
        raise ArgumentError("loss, optimizer and metrics are names or dicts in Keras' words: %s" % reason) from reason


def _plain(value: Any) -> Any:
    """Numbers of numpy as Python's."""
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, np.ndarray):
        return value.tolist()
    raise TypeError("%r cannot be written as JSON" % (value,))


def _object(class_name: str, value: Any) -> bytes:
    """The JSON of an object of Keras from its options, or from that object as a dict."""
    if not isinstance(value, Mapping):
        raise ArgumentError("%s is stated as a dict of its options, not as %r" % (class_name, value))
    whole = value if "class_name" in value else {"class_name": class_name, "config": dict(value)}
    return json.dumps(whole, default=_plain).encode()


def _class_weights(weights: Optional[Mapping[int, float]]) -> Optional[AnyArray]:
    if not weights:
        return None
    try:
        labels = {int(label): float(weight) for label, weight in weights.items()}
    except (AttributeError, TypeError, ValueError) as reason:
        raise ArgumentError("class_weight is %r; expected a dict from class number to weight" % (weights,)) from reason
    if min(labels) < 0 or max(labels) >= 1 << 24:
        raise ArgumentError("class_weight names the class %d" % (min(labels) if min(labels) < 0 else max(labels)))
    return np.array([labels.get(label, 1.0) for label in range(max(labels) + 1)], np.float64)


def _whole(value: Any, name: str) -> int:
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < 0:
        raise ArgumentError("%s is %r; expected a whole number of 0 or more" % (name, value))
    return int(value)
