"""Sequences of different lengths as one batch."""
from __future__ import annotations

from typing import Sequence

import numpy as np


def one_hot(symbols: Sequence[int], size: int) -> np.ndarray:
    """[steps, size]: 1 at each symbol's place."""
    rows = np.zeros((len(symbols), size), np.float32)
    rows[np.arange(len(symbols)), np.asarray(symbols, np.int64)] = 1
    return rows


def padded(sequences: Sequence[np.ndarray], steps: int | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Sequences [steps, features] as one array [batch, steps, features], zeros after the end, and the mask [batch, steps] of real steps."""
    longest = max(len(one) for one in sequences) if steps is None else steps
    batch = np.zeros((len(sequences), longest, *sequences[0].shape[1:]), sequences[0].dtype)
    mask = np.zeros((len(sequences), longest), np.float32)
    for row, one in enumerate(sequences):
        batch[row, :len(one)] = one
        mask[row, :len(one)] = 1
    return batch, mask
