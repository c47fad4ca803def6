"""aⁿbⁿ: as many b as a, then the end. Gers & Schmidhuber 2001.

Symbols S (start), a, b, T (end). After each symbol the network says which symbols may come: a or b while there are a, as many b as there
were a, then T.
"""
from __future__ import annotations

from typing import Any, Callable

import numpy as np

from .batches import one_hot, padded

SYMBOLS = "SabT"


def string(n: int) -> tuple[np.ndarray, np.ndarray]:
    """Inputs S aⁿ bⁿ [2n + 1, 4], and what may follow each [2n + 1, 4]."""
    x = one_hot([0, *[1] * n, *[2] * n], len(SYMBOLS))
    y = np.zeros_like(x)
    y[0, 1] = 1
    y[1:n + 1, [1, 2]] = 1
    y[n + 1:2 * n, 2] = 1
    y[2 * n, 3] = 1
    return x, y


def is_right(output: np.ndarray, possible: np.ndarray) -> bool:
    """Whether every output is on the right side of one half, from the first b on and before it."""
    return bool(((output > 0.5) == (possible > 0.5)).all())


def reach(predict: Callable[[Any], Any], longest: int, together: int = 20) -> int:
    """The largest n up to which every string is right, `longest` at most. `predict`: from inputs [batch, steps, 4] to outputs."""
    for first in range(1, longest + 1, together):
        count = min(together, longest + 1 - first)
        pairs = [string(n) for n in range(first, first + count)]
        outputs = predict(padded([x for x, _ in pairs])[0])
        for place, (_, possible) in enumerate(pairs):
            if not is_right(outputs[place, :len(possible)], possible):
                return first + place - 1
    return longest
