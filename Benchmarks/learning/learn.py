"""Trains networks on the tasks and counts the sequences that they need.

    python Benchmarks/learning/learn.py TASK … [--seeds 10] [--cell LSTM|GRU|SimpleRNN] [--json FILE]

Without a TASK, all of them. For each task: how many of the seeds succeeded, the median number of sequences (or of the measure), and what
was published. The same command gives the same numbers: data and weights come from the seeds.
"""
from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from pathlib import Path
from typing import Any, Callable, NamedTuple, Optional

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent))

import experiments  # noqa: E402
from experiments import Outcome  # noqa: E402


class Task(NamedTuple):
    """An experiment: how it is run, what was published, and whether less is better."""

    run: Callable[[int, str], Outcome]
    published: str
    unit: str


TASKS: dict[str, Task] = {
    "reber": Task(experiments.reber, "10 of 10, median ≤ 8,440 sequences", "sequences"),
    "adding": Task(experiments.adding, "≤ 74,000 sequences to at most 1 wrong of 2,560", "sequences"),
    "order-6a": Task(lambda seed, cell: experiments.order(seed, cell, "6a"), "≤ 31,390 sequences", "sequences"),
    "order-6b": Task(lambda seed, cell: experiments.order(seed, cell, "6b"), "≤ 571,100 sequences", "sequences"),
    "lag": Task(experiments.lag, "≤ 5,680 sequences", "sequences"),
    "counting": Task(experiments.counting, "n ≥ 1,000 in the best run", "largest n"),
    "air": Task(experiments.air_passengers, "RMSE ≤ 15 (same as last month: 48.0)", "RMSE"),
    "sunspots": Task(experiments.sunspots, "relative variance ≤ 0.11 on 1921–55", "relative variance"),
    "vowels": Task(experiments.vowels, "accuracy ≥ 0.97", "accuracy"),
    "words-10": Task(lambda seed, cell: experiments.words(seed, cell, 10), "", "accuracy"),
    "words-50": Task(lambda seed, cell: experiments.words(seed, cell, 50), "", "accuracy"),
    "words-200": Task(lambda seed, cell: experiments.words(seed, cell, 200), "", "accuracy"),
}


def run(name: str, seeds: int, cell: str) -> dict[str, Any]:
    """All seeds of one task, printed as they come."""
    task, outcomes, begun = TASKS[name], [], time.perf_counter()
    for seed in range(1, seeds + 1):
        outcome = task.run(seed, cell)
        outcomes.append(outcome)
        print("%-10s %-9s seed %2d  %s  %s %s" % (name, cell, seed, "reached" if outcome.success else "failed ", _number(outcome.value),
                                                 task.unit), flush=True)
    won = [outcome.value for outcome in outcomes if outcome.success]
    values = won if task.unit == "sequences" else [outcome.value for outcome in outcomes]
    middle: Optional[float] = statistics.median(values) if values else None
    print("%-10s %-9s %d of %d, median %s %s in %.0f s.  To reach: %s" % (
        name, cell, len(won), seeds, "–" if middle is None else _number(middle), task.unit, time.perf_counter() - begun, task.published))
    return {"task": name, "cell": cell, "seeds": seeds, "successes": len(won), "median": middle, "unit": task.unit,
            "values": [float(outcome.value) for outcome in outcomes]}


def _number(value: float) -> str:
    return "{:,}".format(int(value)) if float(value) == int(value) and abs(value) >= 10 else "%.4g" % value


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("tasks", nargs="*", metavar="TASK", help=", ".join(TASKS))
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--cell", default="LSTM", choices=["LSTM", "GRU", "SimpleRNN"])
    parser.add_argument("--json", type=Path, help="where the results go")
    given = parser.parse_args()
    unknown = [name for name in given.tasks if name not in TASKS]
    if unknown:
        parser.error("no task %s; there are %s" % (unknown[0], ", ".join(TASKS)))
    np.seterr(all="ignore")
    results = [run(name, given.seeds, given.cell) for name in given.tasks or TASKS]
    if given.json:
        given.json.write_text(json.dumps(results, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
