"""Real series that public packages carry: AirPassengers and JapaneseVowels (aeon), yearly sunspots (statsmodels).

The packages' data files are read where pip put them, without importing the packages: `pip install --no-deps aeon statsmodels` is enough.
"""
from __future__ import annotations

import csv
import importlib.util
from pathlib import Path

import numpy as np


def air_passengers() -> np.ndarray:
    """Thousands of passengers in each month of 1949 to 1960, [144]."""
    with open(_folder("aeon") / "datasets/data/Airline/Airline.csv", encoding="utf-8") as file:
        return np.array([float(row["Passengers"]) for row in csv.DictReader(file)])


def sunspots() -> tuple[np.ndarray, np.ndarray]:
    """Years from 1700 on and their mean numbers of sunspots, [309] each."""
    with open(_folder("statsmodels") / "datasets/sunspots/sunspots.csv", encoding="utf-8") as file:
        rows = [(float(row["YEAR"]), float(row["SUNACTIVITY"])) for row in csv.DictReader(file)]
    years, numbers = np.array(rows).T
    return years.astype(np.int64), numbers


def japanese_vowels(part: str) -> tuple[list[np.ndarray], np.ndarray]:
    """Utterances of nine speakers, part "TRAIN" (270) or "TEST" (370): sequences [steps, 12] of 7 to 29 steps, and speakers 0 … 8."""
    sequences, speakers = [], []
    with open(_folder("aeon") / ("datasets/data/JapaneseVowels/JapaneseVowels_%s.ts" % part), encoding="utf-8") as file:
        for line in file:
            line = line.strip()
            if not line or line[0] in "#@":
                continue
            *channels, label = line.split(":")
            rows = [[float(number) for number in channel.split(",") if number != "?"] for channel in channels]
            sequences.append(np.array(rows, np.float32).T)
            speakers.append(int(label) - 1)
    return sequences, np.array(speakers, np.int64)


def seasonal_changes() -> np.ndarray:
    """How far the change of the logarithm of AirPassengers to each month differs from that to the same month a year before, [131]; the
    first is that of the 14th month."""
    changes = np.diff(np.log(air_passengers()))
    return changes[12:] - changes[:-12]


def passengers_error(differences: np.ndarray) -> float:
    """Root mean squared error in passengers over the last 48 months if seasonal_changes() are foretold to be so, one month ahead."""
    passengers = air_passengers()
    logarithms = np.log(passengers)
    foretold = np.exp(logarithms[:-1][-48:] + np.diff(logarithms)[:-12][-48:] + differences)
    return float(np.sqrt(np.mean((foretold - passengers[-48:]) ** 2)))


def standard_vowels() -> tuple[tuple[list[np.ndarray], np.ndarray], tuple[list[np.ndarray], np.ndarray]]:
    """JapaneseVowels to learn from and to test with, both with the former's mean 0 and variance 1."""
    (train_x, train_y), (test_x, test_y) = japanese_vowels("TRAIN"), japanese_vowels("TEST")
    whole = np.concatenate(train_x)
    mean, deviation = whole.mean(0), whole.std(0)
    return ([(one - mean) / deviation for one in train_x], train_y), ([(one - mean) / deviation for one in test_x], test_y)


def relative_variance(prediction: np.ndarray, truth: np.ndarray, variance: float = 1535) -> float:
    """Mean squared error over a variance: that of the sunspots of 1700 to 1979 in the literature (Weigend, Huberman & Rumelhart 1990)."""
    return float(np.mean((np.asarray(prediction) - np.asarray(truth)) ** 2) / variance)


def are_installed() -> bool:
    """Whether both packages are there."""
    return all(importlib.util.find_spec(package) is not None for package in ("aeon", "statsmodels"))


def _folder(package: str) -> Path:
    found = importlib.util.find_spec(package)
    if found is None or not found.submodule_search_locations:
        raise SystemExit("the data come from the package %s: pip install --no-deps %s" % (package, package))
    return Path(next(iter(found.submodule_search_locations)))
