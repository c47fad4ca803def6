"""What a Python peer is told and has to give."""
from __future__ import annotations

from typing import Any, Protocol

import numpy as np

# Inputs of a stream, one after the other and again from the first.
PERIOD = 64
Array = np.ndarray[Any, np.dtype[np.float32]]


class Job:
    """The command line."""

    def __init__(self, words: list[str]) -> None:
        self.kind, self.cell, self.model, self.x, self.y = words[:5]
        self.inputs, self.units, self.batch, self.steps, self.layers, self.directions, self.threads = map(int, words[5:12])
        self.weights = words[12]
        if self.kind == "stream":
            self.batch, self.steps = 1, 1
        rows = PERIOD if self.kind == "stream" else self.steps
        self.input: Array = np.fromfile(self.x, np.float32).reshape(rows, self.batch, self.inputs)


class Peer(Protocol):
    """What each peer gives."""

    def run(self, count: int) -> None: ...

    def check(self) -> Array: ...
