"""Each task with a network, a way to teach it, and the published criterion of success. All options are fixed here, the same for each seed."""
from __future__ import annotations

from functools import partial
from typing import Callable, NamedTuple, Optional

from . import classic, language, real, streams
from .networks import Outcome


class Task(NamedTuple):
    """An experiment: how it is run, what is to be reached, the sequences published for that, and what its figure is."""

    run: Callable[[int, str], Outcome]
    title: str
    goal: str
    published: Optional[float] = None
    unit: str = "sequences"


#: Which tasks there are, in the order in which they are reported. `published` of a measure is what must be reached.
TASKS: dict[str, Task] = {
    "reber": Task(classic.reber, "embedded Reber", "10 of 10; median ≤ 8,440 sequences (Hochreiter & Schmidhuber 1997)", 8440),
    "continual": Task(streams.continual, "continual Reber", "≥ 90 % of networks perfect (Gers et al. 2000: 62 %, 30,000 streams at most)", 30_000,
                      "streams"),
    "adding": Task(classic.adding, "adding, T = 100", "≤ 74,000 sequences (1997)", 74_000),
    "adding-600": Task(classic.adding_long, "adding, T = 600", "mean squared error < 0.001 (Bai et al. 2018: LSTM 0.164)"),
    "order-6a": Task(partial(classic.order, task="6a", most=31_000), "temporal order, 2 symbols", "≤ 31,390 sequences (1997)", 31_390),
    "order-6b": Task(partial(classic.order, task="6b", most=60_000), "temporal order, 3 symbols", "≤ 571,100 sequences (1997)", 571_100),
    "lag": Task(classic.lag, "noise-free lag of 100", "≤ 5,680 sequences (1997)", 5680),
    "counting": Task(classic.counting, "aⁿbⁿ from n ≤ 10", "n ≥ 1,000 in the best run (Gers & Schmidhuber 2001)", 1000, "largest n"),
    "air": Task(real.air_passengers, "AirPassengers", "RMSE ≤ 15", 15, "RMSE"),
    "sunspots": Task(real.sunspots, "yearly sunspots", "relative variance ≤ 0.11 on 1921–55", 0.11, "relative variance"),
    "vowels": Task(real.vowels, "JapaneseVowels", "accuracy ≥ 0.97", 0.97, "accuracy"),
    **{"words-%d" % distance: Task(partial(language.words, distance=distance), "a word %d words later" % distance,
                                   "LSTM against plain RNN; chance 0.083", None, "accuracy") for distance in (10, 50, 200)},
}

__all__ = ["TASKS", "Outcome", "Task"]
