"""The classic experiments on long time lags: taught until they succeed, judged by new sequences.

Sequences come one after another and are never seen again (but the embedded Reber grammar's, of which there are 256). Test sequences have a
seed of their own and decide only when a run has succeeded, as in the papers.
"""
from __future__ import annotations

from typing import Any

import numpy as np
from tasks import adding as adding_task
from tasks import counting as counting_task
from tasks import lag as lag_task
from tasks import order as order_task
from tasks import reber as reber_task
from tasks.batches import padded

from .networks import Outcome, network, trainer


def reber(seed: int, cell: str, most: int = 40_000) -> Outcome:
    """256 strings to learn, 256 others to test; reached when all symbols of all 512 are predicted. Checked every 128 strings."""
    strings = reber_task.strings(seed, 512)
    pairs = [reber_task.arrays(string) for string in strings]
    x, mask = padded([pair[0] for pair in pairs])
    possible, _ = padded([pair[1] for pair in pairs])
    following, _ = padded([reber_task.following(string) for string in strings])
    model = network((None, 7), cell, 16, 7, "softmax", seed, sequences=True)
    teacher = trainer(model, "sparse_categorical_crossentropy", 0.01, seed)
    random = np.random.default_rng(seed)
    for seen in range(2, most + 1, 2):
        rows = random.integers(0, 256, 2)
        steps = int(mask[rows].sum(1).max())
        teacher.train_batch(x[rows, :steps], following[rows, :steps], mask[rows, :steps])
        if seen % 128 == 0:
            teacher.update_model()
            if (reber_task.is_right(model.predict(x), possible) | (mask == 0)).all():
                return Outcome(True, seen)
    return Outcome(False, most)


def adding(seed: int, cell: str, most: int = 74_000, batch: int = 10) -> Outcome:
    """T = 100. Reached when at most 1 of 2,560 sequences is off by 0.04 or more. Checked every 2,000 sequences."""
    random = np.random.default_rng(seed)
    test_x, _, test_y = adding_task.hochreiter(np.random.default_rng(10_000 + seed), 2560)
    model = network((None, 2), cell, 32, 1, "linear", seed, masked=True, longest=100)
    teacher = trainer(model, "mse", 0.01, seed)
    for seen in range(batch, most + 1, batch):
        x, _, y = adding_task.hochreiter(random, batch)
        teacher.learning_rate = 0.01 * max(0.05, 1 - seen / 70_000)
        teacher.train_batch(x, y)
        if seen % 2000 == 0:
            teacher.update_model()
            if (np.abs(model.predict(test_x) - test_y) >= adding_task.TOLERANCE).sum() <= 1:
                return Outcome(True, seen)
    return Outcome(False, most)


def adding_long(seed: int, cell: str, most: int = 64_000, batch: int = 32) -> Outcome:
    """T = 600. Reached when the mean squared error of 1,000 new sequences is below 0.001. Checked every 1,600 sequences."""
    random = np.random.default_rng(seed)
    test_x, test_y = adding_task.bai(np.random.default_rng(10_000 + seed), 1000)
    model = network((None, 2), cell, 16, 1, "linear", seed, longest=600)
    teacher = trainer(model, "mse", 0.02, seed)
    for seen in range(batch, most + 1, batch):
        teacher.train_batch(*adding_task.bai(random, batch))
        if seen % 1600 == 0 and teacher.evaluate(test_x[:200], test_y[:200])["loss"] < 0.0015 \
                and teacher.evaluate(test_x, test_y)["loss"] < 0.001:
            return Outcome(True, seen)
    return Outcome(False, most)


def order(seed: int, cell: str, task: str, most: int, batch: int = 10) -> Outcome:
    """Reached when at most 1 of 2,560 sequences is classified wrongly. Checked every 500 sequences."""
    kinds = {"6a": 4, "6b": 8}[task]
    random = np.random.default_rng(seed)
    test_x, _, test_y = order_task.sequences(np.random.default_rng(10_000 + seed), 2560, task)
    model = network((None, 8), cell, 16, kinds, "softmax", seed, masked=True, longest=100)
    teacher = trainer(model, "sparse_categorical_crossentropy", 0.01, seed)

    def wrong(count: int) -> int:
        return int((model.predict(test_x[:count]).argmax(1) != test_y[:count]).sum())

    for seen in range(batch, most + 1, batch):
        x, _, classes = order_task.sequences(random, batch, task)
        teacher.train_batch(x, classes)
        if seen % 500 == 0:
            teacher.update_model()
            if wrong(256) <= 1 and wrong(2560) <= 1:
                return Outcome(True, seen)
    return Outcome(False, most)


def lag(seed: int, cell: str, most: int = 12_000, batch: int = 10) -> Outcome:
    """Noise-free, p = 100. Reached when each of 10,000 new sequences ends with every output off by less than 0.25. Checked every 200.

    Every step is taught. The last, the only one that can be predicted, counts 500 times as much as each other.
    """
    random = np.random.default_rng(seed)
    model = network((None, 101), cell, 16, 101, "softmax", seed, sequences=True, longest=100)
    teacher = trainer(model, "sparse_categorical_crossentropy", 0.01, seed)
    weights = np.full((batch, 100), 0.2, np.float32)
    weights[:, -1] = 100
    for seen in range(batch, most + 1, batch):
        x, y = lag_task.batch(random, batch)
        teacher.train_batch(x, y, weights)
        if seen % 200 == 0:
            teacher.update_model()
            if _ends_right(model, 10_000 + seed, 100, 1) and _ends_right(model, 20_000 + seed, 500, 20):
                return Outcome(True, seen)
    return Outcome(False, most)


def _ends_right(model: Any, seed: int, count: int, times: int) -> bool:
    """Whether all outputs at the last step are near, for `times` times `count` sequences."""
    random = np.random.default_rng(seed)
    for _ in range(times):
        x, y = lag_task.batch(random, count)
        if np.abs(model.predict(x)[:, -1] - np.eye(101)[y[:, -1]]).max() >= 0.25:
            return False
    return True


def counting(seed: int, cell: str, strings: int = 100_000, longest: int = 2000) -> Outcome:
    """aⁿbⁿ, taught n = 1 … 10 in batches of these ten; the figure is the largest n up to which the network at the end of training is right
    for every n, `longest` at most being looked for. The gates are hard sigmoids, which can be 0 and 1: a counter must not forget."""
    gates = {} if cell == "SimpleRNN" else {"recurrent_activation": "hard_sigmoid"}
    model = network((None, 4), cell, 2, 4, "sigmoid", seed, sequences=True, **gates)
    teacher = trainer(model, "binary_crossentropy", 0.01, seed)
    pairs = [counting_task.string(n) for n in range(1, 11)]
    x, mask = padded([pair[0] for pair in pairs])
    y, _ = padded([pair[1] for pair in pairs])
    for step in range(1, strings // 10 + 1):
        teacher.learning_rate = 0.01 * 0.5 ** (step // 500 / 8)
        teacher.train_batch(x, y, mask)
    teacher.update_model()
    reached = counting_task.reach(model.predict, longest)
    return Outcome(reached >= 1000, reached)


__all__ = ["adding", "adding_long", "counting", "lag", "order", "reber"]
