"""Weights of few bytes: the same bits however called, near the model as it is, refused where they make no sense, and compared on request."""
import copy

import liblstm
import numpy as np
import pytest
from conftest import expected, model_path, one, series
from liblstm import Input, Model, Sequential, layers
from liblstm.__main__ import main

FORMS = ["bf16", "int8", "w8a8"]


@pytest.fixture(scope="module")
def network():
    return Sequential([Input((None, 5)), layers.LSTM(70, return_sequences=True), layers.GRU(33, return_sequences=True),
                       layers.TimeDistributed(layers.Dense(7, "relu")), layers.Dense(3)], seed=4)


@pytest.mark.parametrize("weights", FORMS)
def test_the_bits_are_the_same_however_the_model_is_called(network, weights):
    x = series(9, 11, 5)
    y = network.predict(x, weights=weights)
    assert y.dtype == np.float32 and not np.array_equal(y, network.predict(x))
    assert np.array_equal(network.predict(x, weights=weights, threads=2), y)
    assert np.array_equal(network.predict(x, weights=weights, batch_size=2), y)
    for row in (0, 8):
        assert np.array_equal(network.predict(x[row:row + 1], weights=weights, threads=2)[0], y[row])
        for threads in (1, 2):
            stream = network.stream(weights=weights, threads=threads)
            assert np.array_equal(np.array([stream.step(instant) for instant in x[row]]), y[row])
            stream.reset()
            assert np.array_equal(stream.steps(x[row]), y[row])


@pytest.mark.parametrize("weights", FORMS)
def test_they_stay_near_the_model_as_it_is(network, weights):
    x = series(4, 20, 5)
    exact = network.predict(x, precision="float64")
    # A weight is off by up to 1/512 of itself (bf16), or 1/254 of its column's largest (int8, w8a8, where
    # what it meets is off as much); such errors partly cancel in a sum.
    assert 1e-5 < np.abs(network.predict(x, weights=weights) - exact).max() < 1e-2 * np.abs(exact).max()


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def as_bf16(matrix):
    """Each number as the nearest float32 whose last 16 bits are 0, ties to even."""
    bits = matrix.view(np.uint32).astype(np.uint64)
    return ((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16 << 16).astype(np.uint32).view(np.float32).astype(np.float64)


def as_int8(matrix):
    """Each weight as a multiple of the 127th part of its column's largest."""
    scale = np.abs(matrix).max(axis=0) / np.float32(127)
    return np.rint(matrix / scale).astype(np.float64) * scale.astype(np.float64)


# `before` holds what h's products take at each step, if that is not h itself.


def lstm(x, kernel, recurrent, bias, units, before=None):
    h = c = np.zeros((len(x), units))
    for step, instant in enumerate(x.swapaxes(0, 1)):
        i, f, g, o = np.split(instant @ kernel + (h if before is None else before[:, step]) @ recurrent + bias, 4, axis=1)
        c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
        h = sigmoid(o) * np.tanh(c)
        yield h


def gru(x, kernel, recurrent, bias, units, before=None):
    h = np.zeros((len(x), units))
    for step, instant in enumerate(x.swapaxes(0, 1)):
        taken = h if before is None else before[:, step]
        a, b = np.split(instant @ kernel + bias[0], 3, axis=1), np.split(taken @ recurrent + bias[1], 3, axis=1)
        update, reset = sigmoid(a[0] + b[0]), sigmoid(a[1] + b[1])
        h = update * h + (1 - update) * np.tanh(a[2] + reset * b[2])
        yield h


@pytest.mark.parametrize("units", [*range(1, 34), 64, 70, 130])
@pytest.mark.parametrize("cell, reference", [(layers.LSTM, lstm), (layers.GRU, gru)])
def test_they_are_the_model_with_rounded_weights(cell, reference, units):
    model = Sequential([Input((None, 5)), cell(units, return_sequences=True)], seed=1)
    random = np.random.default_rng(units)
    for name in model.weights:
        model.weights[name] = random.uniform(-0.5, 0.5, model.weights[name].shape).astype(np.float32)
    kernel, recurrent, bias = (np.array(values) for values in model.weights.values())
    x = random.uniform(-1, 1, (8, 6, 5)).astype(np.float32)
    for form, rounded in (("bf16", as_bf16), ("int8", as_int8), ("w8a8", as_int8)):
        found = model.predict(x, weights=form)
        # With bf16 x and h are rounded too; h as the library has it, since numbers that are nearly the same may be rounded apart.
        before = as_bf16(np.concatenate([np.zeros((8, 1, units), np.float32), found[:, :-1]], axis=1)) if form == "bf16" else None
        numbers = as_bf16(x) if form == "bf16" else x.astype(np.float64)
        exact = list(reference(numbers, rounded(kernel), rounded(recurrent), bias.astype(np.float64), units, before))
        # bf16: what float32 is off by. int8: besides, x and h are rounded to 1/65,534 of their largest magnitude, 1, and meet weights of up to 0.5
        # with errors that average out; those of h pass on from step to step. w8a8: to 1/254.
        bound = 2e-6 + {"bf16": 0, "int8": 0.5 / 65_534, "w8a8": 0.5 / 254}[form] * 3 * np.sqrt(5 + units)
        assert np.abs(found - np.stack(exact, axis=1)).max() < bound


@pytest.mark.parametrize("weights", FORMS)
def test_a_stream_keeps_copies_and_takes_its_state(network, weights):
    x = series(6, 5)
    stream = network.stream(weights=weights)
    stream.steps(x[:3])
    saved, twin = stream.state, stream.copy()
    rest = stream.steps(x[3:])
    assert np.array_equal(twin.steps(x[3:]), rest)
    stream.state = saved
    assert np.array_equal(stream.steps(x[3:]), rest)


@pytest.mark.parametrize("weights", FORMS)
@pytest.mark.parametrize("arch", ["bi_stacked_masked", "bilstm_concat", "encoder_decoder", "gru_reset_after", "gru_classic", "lstm_hard_sigmoid", "text_lstm"])
def test_files_of_Keras_run_with_them(arch, weights):
    model = liblstm.load(model_path(arch))
    x = one(expected(arch)[0][0])
    found, exact = model.predict(x, weights=weights), model.predict(x)
    for low, full in zip(found, exact) if isinstance(found, list) else [(found, exact)]:
        assert np.abs(low - full).max() < 3e-2


def test_new_weights_reach_every_form(network):
    model = copy.deepcopy(network)
    x = series(1, 4, 5)
    before = {form: model.predict(x, weights=form) for form in FORMS}
    name = next(iter(model.weights))
    model.weights[name] = 0.5 * model.weights[name]
    for form in FORMS:
        assert not np.array_equal(model.predict(x, weights=form), before[form])


def test_what_makes_no_sense_is_refused(network):
    x = series(1, 4, 5)
    for wrong in ("bfloat16", "INT8", "", 8, b"bf16"):
        with pytest.raises(liblstm.ArgumentError, match="'bf16', 'int8'"):
            network.predict(x, weights=wrong)
        with pytest.raises(liblstm.ArgumentError, match="'bf16', 'int8'"):
            network.stream(weights=wrong)
    for form in FORMS:
        with pytest.raises(liblstm.ArgumentError, match="float64"):
            network.predict(x, precision="float64", weights=form)
        with pytest.raises(liblstm.ArgumentError, match="float64"):
            network.stream("float64", weights=form)


def test_a_stateful_model_keeps_to_one_form():
    model = liblstm.load(model_path("lstm_stateful"))
    shape = [2 if n is None else n for n in model.inputs[0].shape]
    x = series(*shape)
    model.predict(x, weights="bf16")
    with pytest.raises(liblstm.StateError, match="bf16"):
        model.predict(x)
    model.reset_states()
    model.predict(x)


def test_the_comparison_says_what_predict_gives(network):
    x = series(3, 9, 5)
    table = network.compare_precision(x)
    exact = network.predict(x, precision="float64")
    assert [row.weights for row in table] == ["float32", "bf16", "int8", "w8a8"]
    for row in table:
        found = network.predict(x, weights=row.weights).astype(np.float64)
        assert row.output == network.outputs[0].name
        assert row.largest_error == np.abs(found - exact).max()
        assert row.mean_error == pytest.approx(np.abs(found - exact).mean(), rel=1e-9)
        assert row.largest_value == np.abs(exact).max()
    full, half, quarter, same = (row.weight_bytes for row in table)
    # int8 has two numbers more for each column.
    assert full > 1.9 * half > 1.9 * 1.5 * quarter and full >= 4 * sum(w.size for w in network.weights.values()) * 0.95
    assert same == quarter and table[0].largest_error < 1e-6 < table[1].largest_error and table[2].mean_error < table[3].mean_error
    lines = str(table).splitlines()
    assert len(lines) == 5 and lines[0].startswith("weights") and len({len(line) for line in lines}) == 1


def test_the_comparison_has_a_row_for_each_output():
    x = Input((None, 3))
    y, h, c = layers.LSTM(8, return_sequences=True, return_state=True)(x)
    model = Model(x, [layers.Dense(2)(y), h], seed=1)
    table = model.compare_precision(series(2, 5, 3))
    assert [(row.weights, row.output) for row in table] == [(form, info.name) for form in ("float32", *FORMS) for info in model.outputs]
    assert table[2].largest_error != table[3].largest_error


def test_the_comparison_refuses_what_predict_refuses(network):
    with pytest.raises(liblstm.ShapeError):
        network.compare_precision(series(2, 5, 4))


def test_the_command_line_compares(tmp_path, capsys):
    np.save(tmp_path / "x.npy", series(2, 6, 4))
    assert main(["compare", model_path("lstm_basic"), str(tmp_path / "x.npy")]) == 0
    said = capsys.readouterr().out
    assert "int8" in said and "largest error" in said
    assert main(["predict", model_path("lstm_basic"), str(tmp_path / "x.npy"), str(tmp_path / "y.npy"), "--weights", "int8"]) == 0
    assert np.array_equal(np.load(tmp_path / "y.npy"), liblstm.load(model_path("lstm_basic")).predict(series(2, 6, 4), weights="int8"))
