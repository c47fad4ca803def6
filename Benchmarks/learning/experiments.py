"""Each task with a network, a way to teach it, and the published criterion of success."""
from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from tasks import adding as adding_task
from tasks import counting as counting_task
from tasks import lag as lag_task
from tasks import order as order_task
from tasks import reber as reber_task
from tasks import series, words as words_task
from tasks.batches import padded

from liblstm import Input, Sequential, Trainer, layers, optimizers


class Outcome(NamedTuple):
    """Whether a run reached its goal, and its figure: sequences needed, or a measure."""

    success: bool
    value: float


def _network(shape: tuple[Any, ...], cell: str, units: int, outputs: int, activation: str, seed: int, sequences: bool = True) -> Any:
    """One recurrent layer and one of outputs."""
    recurrent = getattr(layers, cell)(units, return_sequences=sequences)
    return Sequential([Input(shape), recurrent, layers.Dense(outputs, activation)], seed=seed)


def _adam(rate: float, **options: Any) -> Any:
    return optimizers.Adam(rate, global_clipnorm=1.0, **options)


def reber(seed: int, cell: str, most: int = 40_000) -> Outcome:
    """256 strings to learn, 256 others to test; reached when all symbols of all 512 are predicted. Checked every 128 strings."""
    strings = reber_task.strings(seed, 512)
    pairs = [reber_task.arrays(string) for string in strings]
    x, mask = padded([pair[0] for pair in pairs])
    possible, _ = padded([pair[1] for pair in pairs])
    following, _ = padded([reber_task.following(string) for string in strings])
    model = _network((None, 7), cell, 16, 7, "softmax", seed)
    trainer = Trainer(model, "sparse_categorical_crossentropy", _adam(0.01), seed=seed)
    random = np.random.default_rng(seed)
    for seen in range(2, most + 1, 2):
        rows = random.integers(0, 256, 2)
        steps = int(mask[rows].sum(1).max())
        trainer.train_batch(x[rows, :steps], following[rows, :steps], mask[rows, :steps])
        if seen % 128 == 0:
            trainer.update_model()
            if (reber_task.is_right(model.predict(x), possible) | (mask == 0)).all():
                return Outcome(True, seen)
    return Outcome(False, most)


def _at_the_end(mask: np.ndarray) -> np.ndarray:
    """1 at the last real step of each row, [batch, steps]; counts as much as if it were the only step."""
    weights = np.zeros_like(mask)
    weights[np.arange(len(mask)), mask.sum(1).astype(int) - 1] = mask.shape[1]
    return weights


def adding(seed: int, cell: str, most: int = 300_000, batch: int = 20) -> Outcome:
    """Reached when at most 1 of 2,560 sequences is off by 0.04 or more. Checked every 2,000 sequences."""
    random = np.random.default_rng(seed)
    test_x, test_mask, test_y = adding_task.hochreiter(np.random.default_rng(10_000 + seed), 2560)
    last = test_mask.sum(1).astype(int) - 1
    model = _network((None, 2), cell, 32, 1, "linear", seed)
    trainer = Trainer(model, "mse", _adam(0.01), seed=seed)
    for seen in range(batch, most + 1, batch):
        x, mask, y = adding_task.hochreiter(random, batch)
        trainer.train_batch(x, np.repeat(y[:, None], x.shape[1], 1), _at_the_end(mask))
        if seen % 2000 == 0:
            trainer.update_model()
            answers = model.predict(test_x)[np.arange(len(last)), last]
            if (np.abs(answers - test_y) >= adding_task.TOLERANCE).sum() <= 1:
                return Outcome(True, seen)
            trainer.learning_rate = 0.01 if seen < 40_000 else 0.003
    return Outcome(False, most)


def order(seed: int, cell: str, task: str, most: int = 600_000, batch: int = 10) -> Outcome:
    """Reached when at most 1 of 2,560 sequences is classified wrongly. Checked every 1,000 sequences."""
    kinds = {"6a": 4, "6b": 8}[task]
    random = np.random.default_rng(seed)
    test_x, test_mask, test_y = order_task.sequences(np.random.default_rng(10_000 + seed), 2560, task)
    last = test_mask.sum(1).astype(int) - 1
    model = _network((None, 8), cell, 32, kinds, "softmax", seed)
    trainer = Trainer(model, "sparse_categorical_crossentropy", _adam(0.01), seed=seed)
    for seen in range(batch, most + 1, batch):
        x, mask, classes = order_task.sequences(random, batch, task)
        trainer.train_batch(x, np.repeat(classes[:, None], x.shape[1], 1), _at_the_end(mask))
        if seen % 1000 == 0:
            trainer.update_model()
            answers = model.predict(test_x)[np.arange(len(last)), last]
            if (answers.argmax(1) != test_y).sum() <= 1:
                return Outcome(True, seen)
    return Outcome(False, most)


def lag(seed: int, cell: str, most: int = 60_000, batch: int = 10) -> Outcome:
    """Reached when the last symbol of 1,000 new sequences is predicted with every output off by less than 0.25. Checked every 200.

    The last step, the only one that can be predicted, counts as much as the others together.
    """
    random = np.random.default_rng(seed)
    test_x, test_y = lag_task.batch(np.random.default_rng(10_000 + seed), 1000)
    right = np.eye(101, dtype=np.float32)[test_y[:, -1]]
    model = _network((None, 101), cell, 16, 101, "softmax", seed)
    trainer = Trainer(model, "sparse_categorical_crossentropy", _adam(0.01), seed=seed)
    weights = np.full((batch, 100), 0.5, np.float32)
    weights[:, -1] = 50
    for seen in range(batch, most + 1, batch):
        x, y = lag_task.batch(random, batch)
        trainer.train_batch(x, y, weights)
        if seen % 200 == 0:
            trainer.update_model()
            if all(np.abs(model.predict(test_x[rows])[:, -1] - right[rows]).max() < 0.25 for rows in (slice(0, 50), slice(50, 1000))):
                return Outcome(True, seen)
    return Outcome(False, most)


def counting(seed: int, cell: str, most: int = 200_000) -> Outcome:
    """Taught n = 1 … 10; the figure is the largest n up to which every string is right, 1,000 at most being looked for."""
    model = _network((None, 4), cell, 4, 4, "sigmoid", seed)
    trainer = Trainer(model, "binary_crossentropy", _adam(0.01), seed=seed)
    pairs = [counting_task.string(n) for n in range(1, 11)]
    x, mask = padded([pair[0] for pair in pairs])
    y, _ = padded([pair[1] for pair in pairs])
    best = 0
    for step in range(1, most // 10 + 1):
        trainer.train_batch(x, y, mask)
        if step % 500 == 0:
            trainer.update_model()
            trainer.learning_rate = 0.01 * 0.5 ** (step / 4000)
            reached = 0
            for n in range(1, 1001):
                one, possible = counting_task.string(n)
                if not counting_task.is_right(model.predict(one[None])[0], possible):
                    break
                reached = n
            best = max(best, reached)
    return Outcome(best >= 1000, best)


#: Networks whose answers are averaged for the short series, where one network's chance weighs more than what it learnt.
_TOGETHER = 5


def air_passengers(seed: int, cell: str) -> Outcome:
    """One month ahead, from the last 12 changes of the logarithm: how far the change differs from that of a year ago. Learnt from the first
    96 months, measured on the last 48."""
    numbers = np.log(series.air_passengers())
    change = np.diff(numbers)
    scale = change[:95].std()
    windows = np.stack([change[start:start + 12] for start in range(len(change) - 12)])[..., None] / scale
    season = change[:-12]
    target = (change[12:] - season)[:, None] / scale
    cut = 95 - 12
    answers = np.zeros(len(target))
    for network in range(_TOGETHER):
        model = _network((12, 1), cell, 24, 1, "linear", 100 * seed + network, sequences=False)
        Trainer(model, "mse", _adam(0.005), seed=100 * seed + network).fit(windows[:cut], target[:cut], epochs=40, batch_size=8, verbose=False)
        answers += model.predict(windows.astype(np.float32))[:, 0] / _TOGETHER
    passengers = np.exp(numbers[12:-1] + season + answers * scale)[-48:]
    error = float(np.sqrt(np.mean((passengers - np.exp(numbers[-48:])) ** 2)))
    return Outcome(error <= 15, error)


def sunspots(seed: int, cell: str) -> Outcome:
    """One year ahead from 12 years; learnt from 1700–1920, measured on 1921–55 against the variance of 1700–1920."""
    years, numbers = series.sunspots()
    windows = np.stack([numbers[start:start + 12] for start in range(len(numbers) - 12)])[..., None] / 100
    taught, tested = years[12:] <= 1920, (years[12:] >= 1921) & (years[12:] <= 1955)
    answers = np.zeros(int(tested.sum()))
    for network in range(_TOGETHER):
        model = _network((12, 1), cell, 32, 1, "linear", 100 * seed + network, sequences=False)
        trainer = Trainer(model, "mse", _adam(0.003), seed=100 * seed + network)
        trainer.fit(windows[taught], numbers[12:, None][taught] / 100, epochs=100, batch_size=16, verbose=False)
        answers += 100 * model.predict(windows[tested].astype(np.float32))[:, 0] / _TOGETHER
    value = series.relative_variance(answers, numbers[12:][tested], float(numbers[years <= 1920].var()))
    return Outcome(value <= 0.11, value)


def vowels(seed: int, cell: str) -> Outcome:
    """Nine speakers told apart from one vowel; sequences of 7 to 29 steps, the padding masked."""
    (train_x, train_y), (test_x, test_y) = (series.japanese_vowels(part) for part in ("TRAIN", "TEST"))
    flat = np.concatenate(train_x)
    mean, deviation = flat.mean(0), flat.std(0)
    train, test = ([(one - mean) / deviation for one in part] for part in (train_x, test_x))
    batch, answers = padded(train, 29)[0], padded(test, 29)[0]
    model = Sequential([Input((29, 12)), layers.Masking(0.0), layers.Bidirectional(getattr(layers, cell)(48)), layers.Dropout(0.4),
                        layers.Dense(9, "softmax")], seed=seed)
    Trainer(model, "sparse_categorical_crossentropy", _adam(0.004), seed=seed).fit(batch, train_y, epochs=60, batch_size=18, verbose=False)
    accuracy = float((model.predict(answers).argmax(1) == test_y).mean())
    return Outcome(accuracy >= 0.97, accuracy)


def words(seed: int, cell: str, distance: int, most: int = 6000, batch: int = 20) -> Outcome:
    """The share of 500 new texts in which the word that the country decides is the likeliest; all words are taught alike."""
    names = words_task.vocabulary()
    test_x, _, places = words_task.corpus(10_000 + seed, 500, distance)
    test_y = words_task.corpus(10_000 + seed, 500, distance)[1]
    model = Sequential([Input((None,), dtype="int32"), layers.Embedding(len(names), 24, mask_zero=True),
                        getattr(layers, cell)(64, return_sequences=True), layers.Dense(len(names), "softmax")], seed=seed)
    trainer = Trainer(model, "sparse_categorical_crossentropy", _adam(0.005), seed=seed)
    for step in range(most // batch):
        x, y, _ = words_task.corpus(seed * 1_000_003 + step, batch, distance)
        trainer.train_batch(x, y)
    trainer.update_model()
    rows = np.arange(len(places))
    share = float((model.predict(test_x)[rows, places].argmax(1) == test_y[rows, places]).mean())
    return Outcome(share >= 0.99, share)


__all__ = ["Outcome", "adding", "air_passengers", "counting", "lag", "order", "reber", "sunspots", "vowels", "words"]
