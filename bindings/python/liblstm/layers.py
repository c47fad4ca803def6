"""Layers by the names, options and defaults of Keras 3. Whatever an option may be, the library says by name what it does not support."""
from __future__ import annotations

from typing import Any

from ._errors import ArgumentError
from .layer import REQUIRED, Input, InputLayer, Layer, Tensor, snake

_KERNEL = {"kernel_initializer": "glorot_uniform", "bias_initializer": "zeros", "kernel_regularizer": None, "bias_regularizer": None,
           "activity_regularizer": None, "kernel_constraint": None, "bias_constraint": None}
_CELL = {"use_bias": True, "kernel_initializer": "glorot_uniform", "recurrent_initializer": "orthogonal", "bias_initializer": "zeros"}
_RULES = {"kernel_regularizer": None, "recurrent_regularizer": None, "bias_regularizer": None, "kernel_constraint": None,
          "recurrent_constraint": None, "bias_constraint": None, "dropout": 0.0, "recurrent_dropout": 0.0, "seed": None}
_SEQUENCE = {"return_sequences": False, "return_state": False, "go_backwards": False, "stateful": False, "unroll": False,
             "zero_output_for_mask": False}
_GATED = {"units": REQUIRED, "activation": "tanh", "recurrent_activation": "sigmoid", **_CELL}
_LSTM = {**_GATED, "unit_forget_bias": True, **_RULES}
_GRU = {**_GATED, **_RULES, "reset_after": True}
_SIMPLE = {"units": REQUIRED, "activation": "tanh", **_CELL, **_RULES}
#: Options that Keras does not have: docs/training.md. One that is off is not written, so that Keras opens what is saved.
_ZONEOUT = {"zoneout_h": 0.0}
_OWN = {**_ZONEOUT, "zoneout_c": 0.0, "stored_initial_state": False}


class Dense(Layer):
    """activation(x · kernel + bias)."""

    OPTIONS = {"units": REQUIRED, "activation": None, "use_bias": True, **_KERNEL}

    def config(self, name: str) -> dict[str, Any]:
        return {**super().config(name), "activation": self.options["activation"] or "linear"}


class Embedding(Layer):
    """A row of a table for each token."""

    OPTIONS = {"input_dim": REQUIRED, "output_dim": REQUIRED, "embeddings_initializer": "uniform", "embeddings_regularizer": None,
               "embeddings_constraint": None, "mask_zero": False}


class Masking(Layer):
    """Steps whose features all equal a value are padding."""

    OPTIONS = {"mask_value": 0.0}


class _Cell(Layer):
    def config(self, name: str) -> dict[str, Any]:
        return {key: value for key, value in super().config(name).items() if key not in _OWN or value}


class _Recurrent(_Cell):
    STATES = 1

    def outputs(self) -> int:
        return 1 + self.STATES if self.options["return_state"] else 1


class LSTM(_Recurrent):
    """Long short-term memory."""

    STATES = 2
    OPTIONS = {**_LSTM, "activity_regularizer": None, **_SEQUENCE, **_OWN}


class GRU(_Recurrent):
    """Gated recurrent unit."""

    OPTIONS = {**_GRU, "activity_regularizer": None, **_SEQUENCE, **_ZONEOUT, "stored_initial_state": False}


class SimpleRNN(_Recurrent):
    """The plain recurrent layer."""

    OPTIONS = {**_SIMPLE, "activity_regularizer": None, **_SEQUENCE, **_ZONEOUT, "stored_initial_state": False}


class LSTMCell(_Cell):
    """An LSTM for RNN()."""

    OPTIONS = {**_LSTM, **_OWN}


class GRUCell(_Cell):
    """A GRU for RNN()."""

    OPTIONS = {**_GRU, **_ZONEOUT, "stored_initial_state": False}


class SimpleRNNCell(_Cell):
    """A plain recurrent cell for RNN()."""

    OPTIONS = {**_SIMPLE, **_ZONEOUT, "stored_initial_state": False}


class _Wrapper(Layer):
    """A layer with others among its options."""

    def config(self, name: str) -> dict[str, Any]:
        return {"name": name, **{key: _inner(value) for key, value in self.options.items() if key != "backward_layer" or value is not None}}


def _inner(value: Any) -> Any:
    if isinstance(value, Layer):
        return value.entry(value.name or snake(type(value).__name__))
    if isinstance(value, (list, tuple)):
        names: dict[str, int] = {}
        entries = []
        for one in value:
            if not isinstance(one, Layer):
                raise ArgumentError("%r is among the cells of a layer" % (one,))
            base = snake(type(one).__name__)
            number = names.get(base, 0)
            names[base] = number + 1
            entries.append(one.entry(one.name or (base if number == 0 else "%s_%d" % (base, number))))
        return entries
    return value


class StackedRNNCells(_Wrapper):
    """Cells one above the other."""

    OPTIONS = {"cells": REQUIRED}


class RNN(_Wrapper):
    """A recurrent layer made of cells."""

    OPTIONS = {"cell": REQUIRED, **_SEQUENCE}

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        cell = self.options["cell"]
        if isinstance(cell, (list, tuple)):
            self.options["cell"] = StackedRNNCells(cell)

    def outputs(self) -> int:
        cell = self.options["cell"]
        cells = cell.options["cells"] if isinstance(cell, StackedRNNCells) else [cell]
        return 1 + sum(2 if isinstance(one, LSTMCell) else 1 for one in cells) if self.options["return_state"] else 1


class Bidirectional(_Wrapper):
    """A recurrent layer in both directions of time."""

    OPTIONS = {"layer": REQUIRED, "merge_mode": "concat", "weights": None, "backward_layer": None}

    def outputs(self) -> int:
        layer = self.options["layer"]
        if not isinstance(layer, Layer):
            raise ArgumentError("Bidirectional wraps %r; expected a recurrent layer" % (layer,))
        return (2 if self.options["merge_mode"] is None else 1) + 2 * (layer.outputs() - 1)

    def config(self, name: str) -> dict[str, Any]:
        return {key: value for key, value in super().config(name).items() if key != "weights" or value is not None}


class TimeDistributed(_Wrapper):
    """A layer applied to each step by itself."""

    OPTIONS = {"layer": REQUIRED}


def _layer(name: str, doc: str, **options: Any) -> Any:
    return type(name, (Layer,), {"OPTIONS": options, "__doc__": doc, "__module__": __name__})


Activation = _layer("Activation", "An activation as a layer.", activation=REQUIRED)
ReLU = _layer("ReLU", "max(x, 0), with a ceiling and a slope below.", max_value=None, negative_slope=0.0, threshold=0.0)
LeakyReLU = _layer("LeakyReLU", "x where positive, a share of it elsewhere.", negative_slope=0.3)
PReLU = _layer("PReLU", "LeakyReLU with learnt slopes.", alpha_initializer="zeros", alpha_regularizer=None, alpha_constraint=None,
               shared_axes=None)
ELU = _layer("ELU", "x where positive, alpha (exp x − 1) elsewhere.", alpha=1.0)
Softmax = _layer("Softmax", "Softmax along an axis.", axis=-1)
Dropout = _layer("Dropout", "Some numbers become 0 in training.", rate=REQUIRED, noise_shape=None, seed=None)
SpatialDropout1D = _layer("SpatialDropout1D", "Whole features become 0 in training.", rate=REQUIRED, seed=None)
GaussianNoise = _layer("GaussianNoise", "Noise is added in training.", stddev=REQUIRED, seed=None)
GaussianDropout = _layer("GaussianDropout", "Numbers are multiplied by noise in training.", rate=REQUIRED, seed=None)
AlphaDropout = _layer("AlphaDropout", "Dropout that keeps mean and variance.", rate=REQUIRED, noise_shape=None, seed=None)
Flatten = _layer("Flatten", "All dimensions but the batch become one.")
Reshape = _layer("Reshape", "Another shape for the same numbers.", target_shape=REQUIRED)
Permute = _layer("Permute", "Dimensions in another order, counted from 1.", dims=REQUIRED)
RepeatVector = _layer("RepeatVector", "A vector becomes a sequence of equal steps.", n=REQUIRED)
Cropping1D = _layer("Cropping1D", "Steps are cut off.", cropping=(1, 1))
ZeroPadding1D = _layer("ZeroPadding1D", "Steps of zeros are added.", padding=1)
UpSampling1D = _layer("UpSampling1D", "Each step is repeated.", size=2)
Add = _layer("Add", "The sum of several inputs.")
Subtract = _layer("Subtract", "The difference of two inputs.")
Multiply = _layer("Multiply", "The product of several inputs.")
Average = _layer("Average", "The mean of several inputs.")
Maximum = _layer("Maximum", "The largest of several inputs.")
Minimum = _layer("Minimum", "The smallest of several inputs.")
Concatenate = _layer("Concatenate", "Inputs side by side.", axis=-1)
Dot = _layer("Dot", "Dot products of two inputs.", axes=REQUIRED, normalize=False)
BatchNormalization = _layer(
    "BatchNormalization", "Features with mean 0 and variance 1 over the batch.", axis=-1, momentum=0.99, epsilon=1e-3, center=True,
    scale=True, beta_initializer="zeros", gamma_initializer="ones", moving_mean_initializer="zeros", moving_variance_initializer="ones",
    beta_regularizer=None, gamma_regularizer=None, beta_constraint=None, gamma_constraint=None)
LayerNormalization = _layer(
    "LayerNormalization", "Each step with mean 0 and variance 1.", axis=-1, epsilon=1e-3, center=True, scale=True, beta_initializer="zeros",
    gamma_initializer="ones", beta_regularizer=None, gamma_regularizer=None, beta_constraint=None, gamma_constraint=None)
Conv1D = _layer(
    "Conv1D", "Convolution over time.", filters=REQUIRED, kernel_size=REQUIRED, strides=1, padding="valid", data_format="channels_last",
    dilation_rate=1, groups=1, activation="linear", use_bias=True, **_KERNEL)
MaxPooling1D = _layer("MaxPooling1D", "The largest of some steps.", pool_size=2, strides=None, padding="valid", data_format="channels_last")
AveragePooling1D = _layer("AveragePooling1D", "The mean of some steps.", pool_size=2, strides=None, padding="valid",
                          data_format="channels_last")
GlobalMaxPooling1D = _layer("GlobalMaxPooling1D", "The largest of all steps.", data_format="channels_last", keepdims=False)
GlobalAveragePooling1D = _layer("GlobalAveragePooling1D", "The mean of all steps.", data_format="channels_last", keepdims=False)
Attention = _layer("Attention", "Dot-product attention of a query to values.", use_scale=False, score_mode="dot", dropout=0.0, seed=None)
AdditiveAttention = _layer("AdditiveAttention", "Bahdanau's attention.", use_scale=True, dropout=0.0)
MultiHeadAttention = _layer(
    "MultiHeadAttention", "Attention of several heads.", num_heads=REQUIRED, key_dim=REQUIRED, value_dim=None, dropout=0.0, use_bias=True,
    output_shape=None, attention_axes=None, **_KERNEL, seed=None)

__all__ = sorted(["Input", "InputLayer", "Layer", "Tensor", *(
    name for name, value in list(globals().items())
    if isinstance(value, type) and issubclass(value, Layer) and not name.startswith("_") and name not in ("Layer", "InputLayer"))])
