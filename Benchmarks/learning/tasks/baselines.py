"""What a forecast must beat: the last value, the last season, and the linear autoregression of statistics."""
from __future__ import annotations

import numpy as np

from . import series


def autoregression(numbers: np.ndarray, lags: int, taught: int, constant: bool = True) -> np.ndarray:
    """One-step forecasts [len(numbers)] by least squares over the first `taught` numbers; the first `lags` are not foretold (NaN)."""
    rows = np.stack([numbers[lag:len(numbers) - lags + lag] for lag in range(lags)], 1)
    if constant:
        rows = np.c_[rows, np.ones(len(rows))]
    weights = np.linalg.lstsq(rows[:taught - lags], numbers[lags:taught], rcond=None)[0]
    return np.r_[np.full(lags, np.nan), rows @ weights]


def air_passengers() -> dict[str, float]:
    """RMSE on the last 48 months of forecasts one month ahead; what is fitted is fitted to the first 96."""
    passengers, differences = series.air_passengers(), series.seasonal_changes()

    def error(foretold: np.ndarray) -> float:
        return float(np.sqrt(np.mean((foretold - passengers[-48:]) ** 2)))

    return {
        "same as last month": error(passengers[-49:-1]),
        "same as a year ago": error(passengers[-60:-12]),
        "last year's change again": series.passengers_error(np.zeros(48)),
        "AR(13) of the seasonal changes": series.passengers_error(autoregression(differences, 13, 96 - 13, False)[-48:]),
        "AR(13) of the logarithm": error(np.exp(autoregression(np.log(passengers), 13, 96)[-48:])),
    }


def sunspots() -> dict[str, float]:
    """Relative variance on 1921–55 of forecasts one year ahead; what is fitted is fitted to 1700–1920."""
    years, numbers = series.sunspots()
    tested = (years >= 1921) & (years <= 1955)
    taught = int((years <= 1920).sum())
    found = {"same as last year": series.relative_variance(numbers[np.flatnonzero(tested) - 1], numbers[tested])}
    for lags in (2, 9, 12):
        found["AR(%d)" % lags] = series.relative_variance(autoregression(numbers, lags, taught)[tested], numbers[tested])
    return found


def vowels() -> dict[str, float]:
    """Accuracy of the nearest of the nine speakers' mean vectors."""
    (train_x, train_y), (test_x, test_y) = series.standard_vowels()
    means = np.stack([np.mean([one.mean(0) for one, speaker in zip(train_x, train_y) if speaker == which], 0) for which in range(9)])
    nearest = np.array([((one.mean(0) - means) ** 2).sum(1).argmin() for one in test_x])
    return {"nearest speaker's mean": float((nearest == test_y).mean())}


#: Baselines of the tasks that have any.
BASELINES = {"air": air_passengers, "sunspots": sunspots, "vowels": vowels}
