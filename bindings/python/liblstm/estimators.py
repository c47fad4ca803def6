"""Recurrent networks as scikit-learn estimators, for pipelines, cross-validation and searches. Needs scikit-learn 1.6 or newer.

    from liblstm.estimators import LSTMRegressor

    LSTMRegressor(units=32, epochs=50, random_state=1).fit(X, y).predict(X)

X is [rows, steps, features], or [rows, steps] for series of one feature. All rows have the same number of steps.
"""
from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.utils import check_random_state
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

from . import layers
from ._arrays import AnyArray
from ._errors import ArgumentError
from .layer import Input
from .model import Sequential
from .words import optimizers


class _Network(BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """A stack of recurrent layers and one of outputs, taught by Adam.

    `cell`: "LSTM", "GRU" or "SimpleRNN". `depth`: how many layers of `units` units. `bidirectional`: each reads in both directions.
    `dropout`: part of the features that a layer forgets at random while it learns. `epochs`, `batch_size`, `learning_rate`: how long and
    how fast it learns; gradients are clipped to a norm of 1. `validation_fraction`, `patience`: with a fraction above 0 the last rows are
    kept apart, learning ends when their loss has not improved for `patience` epochs, and the best weights are kept.
    `standardize`: features (and targets of a regression) are brought to mean 0 and deviation 1 first, by those of the rows learnt from.
    `threads` changes no number; `random_state` decides all chance. `verbose` shows how far it is.

    After fit(): `model_` is the liblstm.Model, to save, to stream, to trace; `history_` what fit() reported.
    """

    _mean: Any
    _scale: Any

    def __init__(self, units: int = 32, *, cell: str = "LSTM", depth: int = 1, bidirectional: bool = False, dropout: float = 0.0,
                 epochs: int = 50, batch_size: int = 32, learning_rate: float = 0.01, validation_fraction: float = 0.0,
                 patience: int = 10, standardize: bool = True, threads: int = 1, random_state: Any = None, verbose: bool = False) -> None:
        self.units = units
        self.cell = cell
        self.depth = depth
        self.bidirectional = bidirectional
        self.dropout = dropout
        self.epochs = epochs
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.validation_fraction = validation_fraction
        self.patience = patience
        self.standardize = standardize
        self.threads = threads
        self.random_state = random_state
        self.verbose = verbose

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        return tags

    def _learn(self, x: AnyArray, y: AnyArray, outputs: int, activation: str, loss: str) -> None:
        if self.cell not in ("LSTM", "GRU", "SimpleRNN"):
            raise ArgumentError('cell is %r; expected "LSTM", "GRU" or "SimpleRNN"' % (self.cell,))
        series = _series(x)
        self._mean, self._scale = (series.mean((0, 1)), _deviation(series, (0, 1))) if self.standardize else (0.0, 1.0)
        seed = int(check_random_state(self.random_state).randint(np.iinfo(np.int32).max))
        stack: list[Any] = [Input((None, series.shape[2]))]
        for level in range(self.depth):
            layer = getattr(layers, self.cell)(self.units, dropout=self.dropout, return_sequences=level + 1 < self.depth)
            stack.append(layers.Bidirectional(layer) if self.bidirectional else layer)
        model = Sequential([*stack, layers.Dense(outputs, activation)], seed=seed)
        stopping: dict[str, Any] = {}
        if self.validation_fraction:
            stopping = {"validation_split": self.validation_fraction, "monitor": "val_loss", "patience": self.patience,
                        "restore_best": True}
        optimizer = optimizers.Adam(self.learning_rate, global_clipnorm=1.0)
        fitted = model.fit(self._prepared(series), y, loss=loss, optimizer=optimizer, epochs=self.epochs, batch_size=self.batch_size,
                           threads=self.threads, seed=seed, verbose=bool(self.verbose), **stopping)
        self.model_, self.history_ = model, fitted.history

    def _prepared(self, series: AnyArray) -> AnyArray:
        return np.asarray((series - self._mean) / self._scale, np.float32)

    def _answers(self, x: Any) -> AnyArray:
        check_is_fitted(self)
        series = _series(validate_data(self, x, reset=False, allow_nd=True, dtype=np.float64))
        expected = self.model_.inputs[0].shape[2]
        if series.shape[2] != expected:
            raise ArgumentError("X has %d features; fit() saw %s" % (series.shape[2], expected))
        return np.asarray(self.model_.predict(self._prepared(series), threads=self.threads))


class LSTMRegressor(RegressorMixin, _Network):  # type: ignore[misc]
    __doc__ = "Numbers from series, by least squares.\n" + str(_Network.__doc__)
    _middle: Any
    _spread: Any

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags

    def fit(self, X: Any, y: Any) -> "LSTMRegressor":
        """Learns from series [rows, steps, features] and targets [rows] or [rows, outputs]."""
        x, targets = validate_data(self, X, y, allow_nd=True, dtype=np.float64, multi_output=True, y_numeric=True)
        self._flat = targets.ndim == 1
        targets = np.asarray(targets, np.float64).reshape(len(targets), -1)
        self._middle, self._spread = (targets.mean(0), _deviation(targets, 0)) if self.standardize else (0.0, 1.0)
        self._learn(x, np.asarray((targets - self._middle) / self._spread, np.float32), targets.shape[1], "linear", "mse")
        return self

    def predict(self, X: Any) -> AnyArray:
        """The targets [rows] or [rows, outputs], as fit() had them."""
        answers = self._answers(X) * self._spread + self._middle
        return np.asarray(answers[:, 0] if self._flat else answers)


class LSTMClassifier(ClassifierMixin, _Network):  # type: ignore[misc]
    __doc__ = "Classes from series, by cross-entropy.\n" + str(_Network.__doc__)

    def fit(self, X: Any, y: Any) -> "LSTMClassifier":
        """Learns from series [rows, steps, features] and a class for each row."""
        x, labels = validate_data(self, X, y, allow_nd=True, dtype=np.float64)
        check_classification_targets(labels)
        self.classes_, numbers = np.unique(labels, return_inverse=True)
        self._learn(x, numbers.astype(np.int64), len(self.classes_), "softmax", "sparse_categorical_crossentropy")
        return self

    def predict_proba(self, X: Any) -> AnyArray:
        """The probability of each class of `classes_`, [rows, classes]."""
        answers = self._answers(X).astype(np.float64)
        return np.asarray(answers / answers.sum(1, keepdims=True))

    def predict(self, X: Any) -> AnyArray:
        """The likeliest class of each row."""
        likeliest = self.predict_proba(X).argmax(1)
        return np.asarray(self.classes_[likeliest])


def _series(x: AnyArray) -> AnyArray:
    """[rows, steps, features] of [rows, steps] or itself."""
    if x.ndim == 2:
        return x[:, :, None]
    if x.ndim != 3:
        raise ArgumentError("X is %s; expected [rows, steps, features] or [rows, steps]" % (list(x.shape),))
    return x


def _deviation(values: AnyArray, axes: Any) -> AnyArray:
    """The standard deviation; 1 where there is none."""
    found = values.std(axes)
    return np.where(found > 0, found, 1.0)


__all__ = ["LSTMClassifier", "LSTMRegressor"]
