"""What the experiments' networks and optimisers have in common."""
from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from liblstm import Input, Sequential, Trainer, layers, optimizers


class Outcome(NamedTuple):
    """Whether a run reached its goal, and its figure: sequences needed, or a measure."""

    success: bool
    value: float


def adam(rate: float) -> Any:
    """Adam, the gradient's norm being at most 1."""
    return optimizers.Adam(rate, global_clipnorm=1.0)


def keep_long(model: Any, longest: int, seed: int) -> None:
    """Chrono initialisation (Tallec & Ollivier 2018): gates begin so that a unit keeps its state for 1 … `longest` steps.

    A gate σ(b) that keeps a state for k steps has b = log(k − 1); k is drawn evenly from 2 to `longest`. The LSTM's input gate begins as the
    forget gate's complement. The GRU's update gate is both in one. The plain recurrent layer has no gate and stays as it is.
    """
    name = next(name for name in model.weights if name.endswith("bias") and name.startswith(("lstm/", "gru/", "simple_rnn/")))
    bias = np.array(model.weights[name])
    units = bias.shape[-1] // (4 if name.startswith("lstm") else 3)
    gate = np.log(np.random.default_rng(seed).uniform(1, longest - 1, units))
    if name.startswith("lstm/"):  # i, f, c, o
        bias[:units], bias[units:2 * units] = -gate, gate
    elif name.startswith("gru/"):  # [2, z r h]: of the inputs, and of the state
        bias[0, :units] = gate
    model.weights[name] = bias


def network(shape: tuple[Any, ...], cell: str, units: int, outputs: int, activation: str, seed: int, *, masked: bool = False,
            sequences: bool = False, longest: int = 0, **options: Any) -> Any:
    """One recurrent layer and one of outputs; `longest`: begun so that it remembers, see keep_long()."""
    chain = [Input(shape), *([layers.Masking(0.0)] if masked else [])]
    recurrent = getattr(layers, cell)(units, return_sequences=sequences, **options)
    model = Sequential([*chain, recurrent, layers.Dense(outputs, activation)], seed=seed)
    if longest:
        keep_long(model, longest, seed)
    return model


def trainer(model: Any, loss: str, rate: float, seed: int) -> Trainer:
    """A trainer with adam()."""
    return Trainer(model, loss, adam(rate), seed=seed)
