"""Outcomes of several seeds in a few numbers."""
from __future__ import annotations

import statistics
from typing import Any, Optional, Sequence

from experiments import TASKS

CELLS = ("LSTM", "GRU", "SimpleRNN")


def counts_sequences(name: str) -> bool:
    """Whether a task's figure is how many sequences it took, known of runs that succeeded only."""
    return TASKS[name].unit in ("sequences", "streams")


def successes(outcomes: Sequence[dict[str, Any]]) -> int:
    """How many seeds reached the goal."""
    return sum(bool(one["success"]) for one in outcomes)


def median(name: str, outcomes: Sequence[dict[str, Any]]) -> Optional[float]:
    """Of the sequences that runs with success needed, or of a measure over all runs."""
    values = [float(one["value"]) for one in outcomes if one["success"] or not counts_sequences(name)]
    return statistics.median(values) if values else None


def best(name: str, outcomes: Sequence[dict[str, Any]]) -> float:
    """The best figure: the largest of accuracies and of n, the smallest of errors."""
    values = [float(one["value"]) for one in outcomes]
    return max(values) if TASKS[name].unit in ("accuracy", "largest n") else min(values)


def as_text(value: float) -> str:
    """A number for people: 5,568 or 0.1103."""
    return "{:,}".format(int(value)) if float(value) == int(value) and abs(value) >= 10 else "%.4g" % value
