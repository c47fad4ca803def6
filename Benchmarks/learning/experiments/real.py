"""Real series beside honest baselines. Nothing of the test period, or of the test speakers' utterances, decides anything before the answer.

The two short series are forecast by committees: five networks, each of which leaves out another fifth of the training period, stops when it
forecasts that fifth best, and counts as much as the others.
"""
from __future__ import annotations

from typing import Any

import numpy as np
from tasks import series
from tasks.batches import padded

from liblstm import Input, Sequential, layers

from .networks import Outcome, network, trainer

_TOGETHER = 5


def _committee(numbers: np.ndarray, lags: int, taught: int, seed: int, cell: str, units: int, rate: float, batch: int) -> np.ndarray:
    """One-step forecasts [len(numbers)] from the `lags` numbers before, by five networks that know the first `taught` numbers; the first
    `lags` are not foretold (NaN)."""
    windows = np.stack([numbers[start:start + lags] for start in range(len(numbers) - lags)])[..., None].astype(np.float32)
    target, known = numbers[lags:, None], taught - lags
    answers = np.zeros(len(target))
    for one in range(_TOGETHER):
        held = np.zeros(known, bool)
        held[known * one // _TOGETHER:known * (one + 1) // _TOGETHER] = True
        chance = 100 * seed + one
        model = network((lags, 1), cell, units, 1, "linear", chance)
        trainer(model, "mse", rate, chance).fit(
            windows[:known][~held], target[:known][~held], epochs=200, batch_size=batch, verbose=False,
            validation_data=(windows[:known][held], target[:known][held]), monitor="val_loss", patience=20, restore_best=True)
        answers += model.predict(windows)[:, 0] / _TOGETHER
    return np.r_[np.full(lags, np.nan), answers]


def air_passengers(seed: int, cell: str) -> Outcome:
    """One month ahead. Inputs: how far the last 13 changes of the logarithm were from those of a year before; the answer: the next such
    number. Learnt from the first 96 months, measured on the last 48."""
    differences = series.seasonal_changes()
    taught = 96 - 13  # the first of them belongs to the 14th month
    scale = differences[:taught].std()
    foretold = scale * _committee(differences / scale, 13, taught, seed, cell, 16, 0.005, 8)
    error = series.passengers_error(foretold[-48:])
    return Outcome(error <= 15, error)


def sunspots(seed: int, cell: str) -> Outcome:
    """One year ahead from 12 years; learnt from 1700–1920, measured on 1921–55."""
    years, numbers = series.sunspots()
    middle = numbers[years <= 1920].mean()
    foretold = middle + 100 * _committee((numbers - middle) / 100, 12, int((years <= 1920).sum()), seed, cell, 32, 0.003, 16)
    tested = (years >= 1921) & (years <= 1955)
    value = series.relative_variance(foretold[tested], numbers[tested])
    return Outcome(value <= 0.11, value)


def vowel_network(seed: int, cell: str, units: int = 48, dropout: float = 0.4) -> Any:
    """Both directions over sequences of any length; steps of zeros are padding."""
    return Sequential([Input((None, 12)), layers.Masking(0.0), layers.Bidirectional(getattr(layers, cell)(units)), layers.Dropout(dropout),
                       layers.Dense(9, "softmax")], seed=seed)


def vowels(seed: int, cell: str) -> Outcome:
    """Nine speakers told apart from one vowel; sequences of 7 to 29 steps, the padding masked."""
    (train_x, train_y), (test_x, test_y) = series.standard_vowels()
    model = vowel_network(seed, cell)
    trainer(model, "sparse_categorical_crossentropy", 0.004, seed).fit(padded(train_x, 29)[0], train_y, epochs=60, batch_size=18, verbose=False)
    accuracy = float((model.predict(padded(test_x, 29)[0]).argmax(1) == test_y).mean())
    return Outcome(accuracy >= 0.97, accuracy)


__all__ = ["air_passengers", "sunspots", "vowel_network", "vowels"]
