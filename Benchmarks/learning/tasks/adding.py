"""The adding problem: the sum of two marked numbers among many."""
from __future__ import annotations

import numpy as np

from .batches import padded

TOLERANCE = 0.04


def hochreiter(random: np.random.Generator, count: int, shortest: int = 100) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Hochreiter & Schmidhuber 1997, experiment 4: inputs [count, steps, 2], mask [count, steps], targets [count, 1].

    Lengths from T to T + T/10. A pair is a number from −1 to 1 and a marker: −1 at both ends, 1 at two pairs, else 0. The first marked
    pair is one of the first ten, the second one of the first T/2 − 1 that is not marked. The target is 0.5 + (X1 + X2)/4, where X1 is 0
    if the very first pair was marked. An answer is right if it is off by less than 0.04.
    """
    sequences, targets = [], np.zeros((count, 1), np.float32)
    for row in range(count):
        steps = int(random.integers(shortest, shortest + shortest // 10 + 1))
        pairs = np.zeros((steps, 2), np.float32)
        pairs[:, 0] = random.uniform(-1, 1, steps)
        first = int(random.integers(10))
        second = int(random.choice([place for place in range(shortest // 2 - 1) if place != first]))
        pairs[0, 1] = pairs[-1, 1] = -1
        pairs[[first, second], 1] = 1
        value = {place: float(pairs[place, 0]) if place != 0 else 0.0 for place in (first, second)}
        targets[row] = 0.5 + (value[first] + value[second]) / 4
        sequences.append(pairs)
    batch, mask = padded(sequences, shortest + shortest // 10)
    return batch, mask, targets


def bai(random: np.random.Generator, count: int, steps: int = 600) -> tuple[np.ndarray, np.ndarray]:
    """Bai, Kolter & Koltun 2018: numbers from 0 to 1, one marker in each half; the target is the sum. [count, steps, 2] and [count, 1]."""
    x = np.zeros((count, steps, 2), np.float32)
    x[:, :, 0] = random.uniform(0, 1, (count, steps))
    places = np.stack([random.integers(0, steps // 2, count), random.integers(steps // 2, steps, count)], 1)
    rows = np.arange(count)[:, None]
    x[rows, places, 1] = 1
    return x, x[rows, places, 0].sum(1, keepdims=True).astype(np.float32)
