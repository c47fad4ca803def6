"""The embedded Reber grammar: strings BTB…ETE and BPB…EPE, where the second symbol must be remembered until the last but one.

Hochreiter & Schmidhuber 1997, experiment 1; as an endless stream, Gers, Schmidhuber & Cummins 2000.
"""
from __future__ import annotations

from typing import Iterator

import numpy as np

from .batches import one_hot

SYMBOLS = "BTPSXVE"
#: From each node of the grammar: the symbols that may come, and where they lead.
_GRAMMAR: list[list[tuple[str, int]]] = [
    [("B", 1)], [("T", 2), ("P", 3)], [("S", 2), ("X", 4)], [("T", 3), ("V", 5)], [("X", 3), ("S", 6)],
    [("P", 4), ("V", 6)], [("E", 7)], [],
]


def reber(random: np.random.Generator) -> list[tuple[str, str]]:
    """A string of the inner grammar: each symbol with the symbols that may follow it ("" after the last)."""
    node, found = 0, []
    while _GRAMMAR[node]:
        symbol, node = _GRAMMAR[node][random.integers(len(_GRAMMAR[node]))]
        found.append((symbol, "".join(one for one, _ in _GRAMMAR[node])))
    return found


def embedded(random: np.random.Generator) -> list[tuple[str, str]]:
    """A string of the embedded grammar, each symbol with those that may follow it."""
    key = "TP"[random.integers(2)]
    inner = reber(random)
    inner[-1] = (inner[-1][0], key)
    return [("B", "TP"), (key, "B"), *inner, (key, "E"), ("E", "")]


def arrays(string: list[tuple[str, str]]) -> tuple[np.ndarray, np.ndarray]:
    """Inputs [steps, 7] and targets [steps, 7], 1 for each symbol that may follow; the last symbol, which nothing follows, is left out."""
    x = one_hot([SYMBOLS.index(symbol) for symbol, _ in string[:-1]], len(SYMBOLS))
    y = np.zeros_like(x)
    for step, (_, following) in enumerate(string[:-1]):
        y[step, [SYMBOLS.index(symbol) for symbol in following]] = 1
    return x, y


def following(string: list[tuple[str, str]]) -> np.ndarray:
    """The symbol that does follow each, [steps]: what a network is taught."""
    return np.array([SYMBOLS.index(symbol) for symbol, _ in string[1:]], np.int64)


def strings(seed: int, count: int) -> list[list[tuple[str, str]]]:
    """Different strings of the embedded grammar: 256 to learn and 256 to test in the paper."""
    random = np.random.default_rng(seed)
    seen: set[str] = set()
    found = []
    while len(found) < count:
        string = embedded(random)
        text = "".join(symbol for symbol, _ in string)
        if text not in seen:
            seen.add(text)
            found.append(string)
    return found


def is_right(output: np.ndarray, possible: np.ndarray) -> np.ndarray:
    """Whether at each step the symbols that may follow are those with the largest outputs: the paper's criterion. Both [steps, 7]."""
    least = np.where(possible > 0, output, np.inf).min(-1)
    most = np.where(possible > 0, -np.inf, output).max(-1)
    return least > most


def stream(seed: int) -> Iterator[tuple[str, str]]:
    """Strings of the embedded grammar one after the other without end: after E comes B."""
    random = np.random.default_rng(seed)
    while True:
        string = embedded(random)
        string[-1] = ("E", "B")
        yield from string


def continual(seed: int, steps: int) -> tuple[np.ndarray, np.ndarray]:
    """`steps` symbols of such a stream: inputs and targets [steps, 7]."""
    source = stream(seed)
    return arrays([next(source) for _ in range(steps)] + [("E", "")])
