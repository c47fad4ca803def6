"""Noise-free sequences with a long lag and no local regularities: Hochreiter & Schmidhuber 1997, experiment 2b.

The first and the last symbol are equal, x or y; between them stand p − 1 symbols drawn from p − 1 others. The next symbol is to be
predicted; only the last can be, from the first. A run has succeeded when 10,000 sequences in a row end with every output off by less
than 0.25.
"""
from __future__ import annotations

import numpy as np

from .batches import one_hot


def sequence(random: np.random.Generator, lag: int = 100) -> tuple[np.ndarray, np.ndarray]:
    """Inputs [p, p + 1], and the symbols that follow [p]. Symbols 0 … p − 2 are the others, p − 1 is x, p is y."""
    end = lag - 1 + int(random.integers(2))
    symbols = [end, *random.integers(0, lag - 1, lag - 1).tolist(), end]
    return one_hot(symbols[:-1], lag + 1), np.array(symbols[1:], np.int64)


def batch(random: np.random.Generator, count: int, lag: int = 100) -> tuple[np.ndarray, np.ndarray]:
    """Several: [count, p, p + 1] and [count, p]."""
    pairs = [sequence(random, lag) for _ in range(count)]
    return np.stack([x for x, _ in pairs]), np.stack([y for _, y in pairs])
