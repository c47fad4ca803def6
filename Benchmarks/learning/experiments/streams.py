"""The continual embedded Reber grammar: strings one after the other, nobody tells where one ends."""
from __future__ import annotations

from typing import Any

import numpy as np
from tasks import reber

from liblstm import Input, Sequential, layers

from .networks import Outcome, network, trainer

_ROWS, _WINDOW, _FRESH = 8, 50, 20  # streams at a time; symbols between updates; windows before streams and states begin anew


def continual(seed: int, cell: str, most: int = 3000) -> Outcome:
    """Taught on streams of 1,000 symbols. Reached when none of 10 streams of 100,000 symbols has an error (Gers 2000's "perfect").

    Eight streams are taught side by side, in windows of 50 symbols between which the state is carried on. The figure is the number of
    streams, those begun included. Checked every 200 windows; `most` windows at most.
    """
    recurrent = getattr(layers, cell)(16, return_sequences=True, stateful=True)
    model = Sequential([Input((_WINDOW, 7), batch_size=_ROWS), recurrent, layers.Dense(7, "softmax")], seed=seed)
    teacher = trainer(model, "sparse_categorical_crossentropy", 0.01, seed)
    judged = network((None, 7), cell, 16, 7, "softmax", seed, sequences=True)
    begun = 0
    for window in range(most):
        if window % _FRESH == 0:
            teacher.reset_states()
            x, following = _streams(1_000_000 * seed + begun)
            begun += _ROWS
        teacher.learning_rate = 0.01 * max(0.02, 1 - window / most)
        steps = slice(window % _FRESH * _WINDOW, (window % _FRESH + 1) * _WINDOW)
        teacher.train_batch(x[:, steps], following[:, steps])
        if (window + 1) % 200 == 0:
            teacher.update_model()
            for name in model.weights:
                judged.weights[name] = model.weights[name]
            if all(_is_perfect(judged, seed, steps) for steps in (2000, 20_000, 100_000)):
                return Outcome(True, begun)
    return Outcome(False, begun)


def _streams(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Inputs [8, 1000, 7] and the symbols that follow [8, 1000]."""
    length = _WINDOW * _FRESH
    symbols = np.zeros((_ROWS, length + 1), np.int64)
    for row in range(_ROWS):
        source = reber.stream(seed + row)
        symbols[row] = [reber.SYMBOLS.index(next(source)[0]) for _ in range(length + 1)]
    return np.eye(7, dtype=np.float32)[symbols[:, :-1]], symbols[:, 1:]


def _is_perfect(model: Any, seed: int, steps: int) -> bool:
    """Whether ten streams of so many symbols are predicted without an error."""
    pairs = [reber.continual(500_000_000 + 100 * seed + row, steps) for row in range(10)]
    return bool(reber.is_right(model.predict(np.stack([x for x, _ in pairs])), np.stack([y for _, y in pairs])).all())


__all__ = ["continual"]
