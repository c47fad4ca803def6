"""A small task is learnt, and what the experiments rest on holds."""
from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))

import report  # noqa: E402
from experiments import TASKS, classic, real  # noqa: E402
from experiments.networks import network  # noqa: E402
from summary import best, median, successes  # noqa: E402
from tasks import series  # noqa: E402
from tasks.batches import padded  # noqa: E402

from liblstm import Trainer  # noqa: E402


def test_the_order_of_two_symbols_is_learnt_by_the_lstm_and_not_by_the_plain_rnn():
    assert classic.order(1, "LSTM", "6a", 5000).success
    assert not classic.order(1, "SimpleRNN", "6a", 3000).success


def test_gates_begin_so_that_states_last():
    lstm = network((None, 2), "LSTM", 200, 1, "linear", 3, longest=100)
    i, f, c, o = lstm.weights["lstm/bias"].reshape(4, 200)
    kept = 1 / (1 - 1 / (1 + np.exp(-f.astype(np.float64))))  # steps
    assert 2 <= kept.min() < 6 and 95 < kept.max() <= 100.01 and (i == -f).all() and not c.any() and not o.any()
    gru = network((None, 2), "GRU", 200, 1, "linear", 3, longest=100).weights["gru/bias"]
    assert np.array_equal(gru[0, :200], f) and not gru[1].any() and not gru[0, 200:].any()
    assert not network((None, 2), "SimpleRNN", 9, 1, "linear", 3, longest=100).weights["simple_rnn/bias"].any()


def vowels(which):
    """Sequences of 7 to 29 steps, and their classes."""
    if which == "real":
        return series.standard_vowels()[0]
    random = np.random.default_rng(5)
    return [random.standard_normal((steps, 12)).astype(np.float32) for steps in range(7, 30)] * 2, random.integers(0, 9, 46)


BOTH = pytest.mark.parametrize("which", ["random", pytest.param("real", marks=pytest.mark.skipif(
    not series.are_installed(), reason="the data come from pip install --no-deps aeon statsmodels"))])


@BOTH
@pytest.mark.parametrize("cell", ["LSTM", "GRU", "SimpleRNN"])
def test_padding_that_is_masked_changes_no_bit_of_an_answer(which, cell):
    sequences, _ = vowels(which)
    model = real.vowel_network(1, cell)
    together = model.predict(padded(sequences, 29)[0])
    assert all(np.array_equal(together[row], model.predict(one[None])[0]) for row, one in enumerate(sequences))


@BOTH
@pytest.mark.parametrize("cell", ["LSTM", "GRU", "SimpleRNN"])
def test_padding_that_is_masked_teaches_the_same(which, cell):
    """The gradient of the padded batch is the mean of those of one batch for each length."""
    sequences, speakers = vowels(which)
    trainer = Trainer(real.vowel_network(1, cell, units=6, dropout=0), "sparse_categorical_crossentropy", "sgd", precision="float64")
    together = trainer.gradients(padded(sequences, 29)[0], speakers)
    lengths = np.array([len(one) for one in sequences])
    apart = np.zeros_like(together)
    for length in set(lengths):
        rows = np.flatnonzero(lengths == length)
        apart += trainer.gradients(np.stack([sequences[row] for row in rows]), speakers[rows]) * len(rows) / len(sequences)
    assert np.abs(together - apart).max() <= 1e-12 * np.abs(together).max()  # the order of the sums differs


def test_seeds_become_a_row_of_the_table_and_a_picture(tmp_path):
    reber = [{"seed": seed, "success": seed < 3, "value": value, "seconds": 1.0} for seed, value in ((1, 4000.0), (2, 6000.0), (3, 40000.0))]
    assert (successes(reber), median("reber", reber), best("reber", reber)) == (2, 5000, 4000)
    counts = [{"seed": seed, "success": False, "value": float(seed), "seconds": 1.0} for seed in (1, 2, 9)]
    assert (median("counting", counts), best("counting", counts)) == (2, 9)
    words = [{"seed": 1, "success": True, "value": 1.0, "seconds": 1.0}]
    results = {"LSTM": {"reber": reber, "words-10": words}, "SimpleRNN": {"reber": reber[2:], "counting": counts}}
    text = report.table(results)
    assert "| 2 of 3, 5,000 | 0 of 1 within 40,000 |" in text and "| not run | 0 of 3, 2 (best 9) |" in text
    report.pictures.needed(results, tmp_path / "needed.svg")
    report.pictures.distances(results, tmp_path / "words.svg")
    assert "embedded Reber" in (tmp_path / "needed.svg").read_text() and "chance" in (tmp_path / "words.svg").read_text()


def test_each_task_states_what_is_to_be_reached():
    assert all(task.goal and task.title and task.unit for task in TASKS.values()) and len(TASKS) == 14
