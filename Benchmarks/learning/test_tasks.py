"""The tasks are what the papers describe."""
from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))

from tasks import adding, baselines, counting, lag, order, reber, series, words  # noqa: E402

REAL = pytest.mark.skipif(not series.are_installed(), reason="the data come from pip install --no-deps aeon statsmodels")


def random(seed=1):
    return np.random.default_rng(seed)


def test_reber_strings_follow_the_grammar_and_remember():
    strings = reber.strings(1, 512)
    texts = {"".join(symbol for symbol, _ in string) for string in strings}
    assert len(texts) == 512 and min(map(len, texts)) == 9
    for string in strings:
        text = "".join(symbol for symbol, _ in string)
        assert text[0] == "B" and text[-1] == "E" and text[1] == text[-2] and text[1] in "TP" and text[2] == "B" and text[-3] == "E"
        for (_, possible), following in zip(string, text[1:]):
            assert following in possible
        x, y = reber.arrays(string)
        assert x.shape == y.shape == (len(text) - 1, 7) and (y[np.arange(len(y)), reber.following(string)] == 1).all()
        assert reber.is_right(y + 0.1 * x, y).all() and not reber.is_right(1 - y, y).any()


def test_the_stream_has_no_ends():
    x, y = reber.continual(3, 5000)
    assert x.shape == y.shape == (5000, 7) and (x.sum(1) == 1).all()
    assert (y[np.arange(4999), x[1:].argmax(1)] == 1).all() and np.array_equal(x, reber.continual(3, 5000)[0])


def test_adding_marks_two_numbers():
    x, mask, y = adding.hochreiter(random(), 300)
    assert x.shape == (300, 110, 2) and set(mask.sum(1).astype(int)) == set(range(100, 111))
    for row in range(300):
        steps = int(mask[row].sum())
        marked = np.flatnonzero(x[row, :, 1] == 1)
        assert (x[row, steps - 1, 1], len(marked)) in {(-1, 2)} and marked[0] < 10 + 40 and marked.max() < 49
        expected = 0.5 + sum(x[row, place, 0] for place in marked if place != 0) / 4
        assert abs(expected - y[row, 0]) < 1e-6 and 0 <= y[row, 0] <= 1
    x, y = adding.bai(random(), 50)
    assert (x[:, :, 1].sum(1) == 2).all() and np.allclose((x[:, :, 0] * x[:, :, 1]).sum(1, keepdims=True), y)


def test_temporal_order_has_its_rare_symbols_in_their_places():
    for task, kinds in (("6a", 4), ("6b", 8)):
        x, mask, classes = order.sequences(random(), 400, task)
        assert set(classes) == set(range(kinds)) and set(mask.sum(1).astype(int)) == set(range(100, 111))
        for row in range(400):
            symbols = x[row].argmax(1)[:int(mask[row].sum())]
            rare = np.flatnonzero(symbols >= 6)
            assert len(rare) == len(order.PLACES[task])
            assert all(low <= place <= high for place, (low, high) in zip(rare, order.PLACES[task]))
            assert int("".join(str(symbols[place] - 6) for place in rare), 2) == classes[row] and (symbols[0], symbols[-1]) == (0, 1)


def test_the_lag_hides_all_but_the_last_symbol():
    x, y = lag.batch(random(), 200)
    assert x.shape == (200, 100, 101) and (x[:, 0].argmax(1) == y[:, -1]).all() and set(y[:, -1]) == {99, 100}
    assert y[:, :-1].max() < 99 and np.array_equal(x[:, 1:].argmax(2), y[:, :-1])


def test_counting_strings_end_when_they_must():
    x, y = counting.string(3)
    assert "".join(counting.SYMBOLS[place] for place in x.argmax(1)) == "Saaabbb"
    assert y.tolist() == [[0, 1, 0, 0], [0, 1, 1, 0], [0, 1, 1, 0], [0, 1, 1, 0], [0, 0, 1, 0], [0, 0, 1, 0], [0, 0, 0, 1]]
    assert counting.is_right(y * 0.8, y) and not counting.is_right(y * 0.4, y)


def test_the_country_decides_the_word_at_the_end():
    names = words.vocabulary()
    for distance in (0, 10, 200):
        x, y, places = words.corpus(2, 50, distance)
        for row, place in enumerate(places):
            country, answer = names[x[row, 3]], names[y[row, place]]
            assert words.COUNTRIES[country] == answer and place >= distance + 4
        assert np.array_equal(x[:, 1:] * (y[:, 1:] > 0), y[:, :-1] * (y[:, 1:] > 0))


def test_a_counter_reaches_as_far_as_its_first_mistake():
    def perfect(x, mistake=None):
        answers = np.zeros_like(x)
        for row, symbols in enumerate(x):
            n = int(symbols[:, 1].sum())
            answers[row, :2 * n + 1] = counting.string(n)[1] if n != mistake else 0
        return answers

    assert counting.reach(perfect, 70) == 70
    for mistake in (1, 20, 21, 33):
        assert counting.reach(lambda x: perfect(x, mistake), 70) == mistake - 1


def test_an_autoregression_finds_the_rule_of_its_numbers():
    numbers = [1.0, 2.0]
    for _ in range(60):
        numbers.append(0.3 + 1.2 * numbers[-1] - 0.5 * numbers[-2])
    foretold = baselines.autoregression(np.array(numbers), 2, 20)
    assert np.isnan(foretold[:2]).all() and np.allclose(foretold[2:], numbers[2:], atol=1e-9)


@REAL
def test_baselines_are_those_of_the_literature():
    passengers, sunspots = baselines.air_passengers(), baselines.sunspots()
    assert abs(passengers["same as last month"] - 48.0) < 0.1 and abs(passengers["same as a year ago"] - 41.9) < 0.1
    assert abs(sunspots["AR(12)"] - 0.126) < 0.001  # as in Weigend, Huberman & Rumelhart 1990, table 1
    assert passengers["last year's change again"] == series.passengers_error(np.zeros(48))


@REAL
def test_real_series_are_those_of_the_books():
    passengers = series.air_passengers()
    assert len(passengers) == 144 and passengers[0] == 112 and passengers[-1] == 432
    assert abs(np.sqrt(np.mean(np.diff(passengers)[-48:] ** 2)) - 48.0) < 0.1
    years, numbers = series.sunspots()
    assert (years[0], years[-1], len(numbers)) == (1700, 2008, 309)
    for part, count in (("TRAIN", 270), ("TEST", 370)):
        sequences, speakers = series.japanese_vowels(part)
        assert len(sequences) == count and set(speakers) == set(range(9)) and all(one.shape[1] == 12 for one in sequences)
        assert {7, 29} >= {min(map(len, sequences)), max(map(len, sequences))} or part == "TRAIN"

