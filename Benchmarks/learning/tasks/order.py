"""Temporal order: in which order did the rare symbols X and Y come? Hochreiter & Schmidhuber 1997, experiments 6a and 6b.

A sequence begins with E, ends with B, and is filled with a, b, c, d at random.
"""
from __future__ import annotations

import numpy as np

from .batches import one_hot, padded

SYMBOLS = "EBabcdXY"
#: Where the rare symbols stand, both ends included.
PLACES = {"6a": ((10, 20), (50, 60)), "6b": ((10, 20), (33, 43), (66, 76))}


def sequences(random: np.random.Generator, count: int, task: str = "6a") -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Inputs [count, 110, 8], mask [count, 110] and classes [count]: 4 for 6a, 8 for 6b. Lengths are 100 to 110."""
    found, classes = [], np.zeros(count, np.int64)
    for row in range(count):
        steps = int(random.integers(100, 111))
        symbols = random.integers(2, 6, steps)
        symbols[0], symbols[-1] = 0, 1
        for low, high in PLACES[task]:
            kind = int(random.integers(2))
            symbols[int(random.integers(low, high + 1))] = 6 + kind
            classes[row] = 2 * classes[row] + kind
        found.append(one_hot(symbols.tolist(), len(SYMBOLS)))
    batch, mask = padded(found, 110)
    return batch, mask, classes
