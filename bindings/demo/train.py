#!/usr/bin/env python3
"""Trains the demo's network with Keras on the yearly sunspot numbers and records what Keras computes.

    python3 -m venv .venv && .venv/bin/pip install tensorflow-cpu statsmodels
    .venv/bin/python train.py        # some five minutes on two cores

Writes, beside this file:

    sunspots.h5          the network, as `model.save("sunspots.h5")` writes it
    sunspots.csv         the series: year, sunspot number
    keras_forecast.csv   year, Keras' one-step forecast, an AR(9) baseline's forecast
    keras.json           versions, split, transform, errors, and every held-out forecast

No year after TRAIN_END takes part in fitting, in choosing the seed or in choosing how long to train.
"""

import json
import os
import platform
import sys
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import h5py
import keras
import numpy as np
import statsmodels
import tensorflow as tf
from statsmodels.api import datasets

HERE = Path(__file__).resolve().parent

TRAIN_END = 1920        # the last year that fitting may see
VALIDATION_START = 1881 # 1881–1920 chooses the seed and the number of rounds; then all of 1700–1920 is fitted
CLASSIC_END = 1955      # 1921–1955 is the test range of the time-series literature

UNITS = 16
SEEDS = (1, 2, 3)
WINDOW = 66             # years in a training sequence: six cycles
WARM_UP = 11            # its first years are not scored: the state, zero at the start, knows no past yet
ROUNDS, PATIENCE = 60, 10
PASSES = 5              # passes over all windows in one round
GAINS = (0.6, 1.5)      # windows are made weaker or stronger by a random factor: cycles have come in many sizes
NOISE = 0.03            # and get a little noise
AVERAGE = 0.8           # the weights kept are a running average over rounds: one round more or less then matters little


def to_network(sunspots):
    """The transform: the square root makes the scatter about as wide at a maximum as at a minimum."""
    return (np.sqrt(sunspots) / 10).astype(np.float32)


def from_network(output):
    return np.square(10 * np.maximum(output.astype(np.float64), 0))


def build():
    return keras.Sequential(
        [
            keras.Input((None, 1), name="sunspots"),
            keras.layers.LSTM(UNITS, return_sequences=True, name="lstm"),
            keras.layers.Dense(1, name="dense"),
        ],
        name="sunspots",
    )


def windows(series):
    """All stretches of WINDOW values, and the same a year later."""
    starts = range(len(series) - WINDOW)
    x = np.stack([series[s : s + WINDOW] for s in starts])
    y = np.stack([series[s + 1 : s + 1 + WINDOW] for s in starts])
    return x[..., None], y[..., None]


def fit(series, seed, rounds, validate=None):
    """Fits a network to `series`. Yields (round, loss by `validate`, model) with the averaged weights in place."""
    keras.utils.set_random_seed(seed)
    random = np.random.default_rng(seed)
    model = build()
    model.compile(keras.optimizers.Adam(3e-3, clipnorm=1.0), loss="mse", weighted_metrics=[])
    x, y = windows(series)
    scored = np.ones((len(x) * PASSES, WINDOW), np.float32)
    scored[:, :WARM_UP] = 0
    average = None
    for number in range(1, rounds + 1):
        xs, ys = [], []
        for _ in range(PASSES):
            gain = random.uniform(*GAINS, (len(x), 1, 1)).astype(np.float32)
            xs.append(gain * x + NOISE * random.standard_normal(x.shape).astype(np.float32))
            ys.append(gain * y)
        model.fit(np.concatenate(xs), np.concatenate(ys), sample_weight=scored, batch_size=32, verbose=0)
        weights = model.get_weights()
        average = weights if average is None else [
            AVERAGE * a + (1 - AVERAGE) * w for a, w in zip(average, weights)
        ]
        model.set_weights(average)
        yield number, validate(model) if validate else None, model
        model.set_weights(weights)


def choose(series, years):
    """The seed and the number of rounds that forecast the validation years best, fitted on the years before them."""
    held = (years[1:] >= VALIDATION_START) & (years[1:] <= TRAIN_END)

    def loss(model):
        output = model(series[None, :-1, None]).numpy()[0, :, 0]
        return float(np.mean(np.square(output[held] - series[1:][held])))

    best = (np.inf, 0, 0)
    for seed in SEEDS:
        own = (np.inf, 0, 0)
        for number, value, _ in fit(series[years < VALIDATION_START], seed, ROUNDS, loss):
            own = min(own, (value, seed, number))
            if number - own[2] >= PATIENCE:
                break
        print(f"seed {seed}: validation loss {own[0]:.5f} after {own[2]} rounds", flush=True)
        best = min(best, own)
    return best


def autoregression(series, years, order=9):
    """A linear baseline: AR(9) with a constant on the same transformed series, by least squares on 1700–TRAIN_END."""
    rows = np.stack([series[order - 1 - k : len(series) - k] for k in range(order)], axis=1)
    rows = np.column_stack([np.ones(len(rows)), rows]).astype(np.float64)
    seen = years[order:] <= TRAIN_END
    weights = np.linalg.lstsq(rows[:-1][seen], series[order:][seen].astype(np.float64), rcond=None)[0]
    return np.concatenate([np.full(order, np.nan), rows @ weights])


def main():
    tf.config.experimental.enable_op_determinism()
    source = datasets.sunspots
    table = source.load_pandas().data
    years = table["YEAR"].to_numpy().astype(int)
    sunspots = table["SUNACTIVITY"].to_numpy()
    series = to_network(sunspots)

    # Until the network is done, the years after TRAIN_END do not exist.
    seen = years <= TRAIN_END
    validation_loss, seed, rounds = choose(series[seen], years[seen])
    for _, _, model in fit(series[seen], seed, rounds):
        pass

    path = HERE / "sunspots.h5"
    model.save(path, include_optimizer=False)
    saved = keras.models.load_model(path, compile=False)
    output = saved.predict(series[None, :, None], verbose=0)[0, :, 0]
    if not np.array_equal(output, model.predict(series[None, :, None], verbose=0)[0, :, 0]):
        sys.exit("the saved network does not predict what the trained one predicts")

    # Entry t forecasts years[t] from the years before it; the last one is for the year after the data.
    forecast_years = np.append(years, years[-1] + 1)
    keras_forecast = np.append(np.nan, from_network(output))
    ar = from_network(autoregression(series, years))
    last_value = np.append(np.nan, sunspots)
    last_season = np.concatenate([np.full(11, np.nan), sunspots])[: len(forecast_years)]

    def rmse(forecast, first, last):
        part = (years >= first) & (years <= last)
        return float(np.sqrt(np.mean(np.square(forecast[:-1][part] - sunspots[part]))))

    ranges = {
        "held_out": (TRAIN_END + 1, int(years[-1])),
        "classic": (TRAIN_END + 1, CLASSIC_END),
        "training": (int(years[0]) + WARM_UP, TRAIN_END),
    }
    forecasts = {
        "keras_lstm": keras_forecast,
        "last_value": last_value,
        "value_11_years_before": last_season,
        "ar9": ar,
    }
    errors = {
        name: {label: rmse(forecast, *limits) for label, limits in ranges.items()}
        for name, forecast in forecasts.items()
    }
    for name, values in errors.items():
        print(f"{name:24}", *(f"{label} {value:6.2f}" for label, value in values.items()))

    with open(HERE / "sunspots.csv", "w") as file:
        file.write("year,sunspots\n")
        file.writelines(f"{year},{value:.1f}\n" for year, value in zip(years, sunspots))
    with open(HERE / "keras_forecast.csv", "w") as file:
        file.write("year,keras,ar9\n")
        for year, ours, linear in zip(forecast_years[1:], keras_forecast[1:], ar[1:]):
            file.write(f"{year},{ours:.9g},{'' if np.isnan(linear) else format(linear, '.9g')}\n")

    record = {
        "what": "One-step-ahead forecasts of the yearly sunspot number: year t from the true values of all years before t.",
        "versions": {
            "python": platform.python_version(),
            "keras": keras.__version__,
            "tensorflow": tf.__version__,
            "numpy": np.__version__,
            "h5py": h5py.__version__,
            "statsmodels": statsmodels.__version__,
        },
        "data": {"source": source.SOURCE.strip(), "copyright": source.COPYRIGHT.strip(), "years": [int(years[0]), int(years[-1])]},
        "split": {
            "training": [int(years[0]), TRAIN_END],
            "validation_inside_training": [VALIDATION_START, TRAIN_END],
            "held_out": list(ranges["held_out"]),
            "classic_test_range": list(ranges["classic"]),
        },
        "transform": {
            "input": "float32(sqrt(sunspots) / 10)",
            "forecast": "(10 * max(output, 0)) ** 2, in double precision",
        },
        "training": {
            "units": UNITS, "seeds_tried": list(SEEDS), "seed": seed, "rounds": rounds, "passes_per_round": PASSES,
            "validation_loss": validation_loss,
        },
        "rmse": errors,
        "rmse_ranges": {label: list(limits) for label, limits in ranges.items()},
        "forecast": [
            {"year": int(year), "output": float(f"{out:.9g}"), "forecast": float(f"{value:.9g}")}
            for year, out, value in zip(forecast_years[1:], output, keras_forecast[1:])
            if year > TRAIN_END
        ],
    }
    text = json.dumps(record, indent=2)
    (HERE / "keras.json").write_text(text + "\n")
    print(f"{path.name}: {path.stat().st_size} bytes, {model.count_params()} parameters")


if __name__ == "__main__":
    main()
