"""Batches of many rows meet weights in pieces, and large layers are shared among threads unit by unit: the bits stay those of single rows."""
import os
import subprocess
import sys

import numpy as np
import pytest

import liblstm
from liblstm import Input, Sequential, layers

CELLS = [layers.LSTM, layers.GRU, lambda *a, **k: layers.GRU(*a, reset_after=False, **k), layers.SimpleRNN]


def network(cell, inputs, units):
    model = Sequential([Input((None, inputs)), cell(units, return_sequences=True)], seed=units)
    random = np.random.default_rng(units)
    for name in model.weights:
        model.weights[name] = (random.uniform(-1, 1, model.weights[name].shape) / np.sqrt(units)).astype(np.float32)
    return model, random


def check(cell, inputs, units, rows, steps, **options):
    model, random = network(cell, inputs, units)
    x = random.uniform(-1, 1, (rows, steps, inputs)).astype(np.float32)
    whole = model.predict(x, batch_size=rows, **options)
    for row in {0, 5, rows - 4, rows - 1}:
        assert np.array_equal(model.predict(x[row:row + 1], **options)[0], whole[row]), (row, rows, units)
    for threads in (2, 3):
        assert np.array_equal(model.predict(x, batch_size=rows, threads=threads, **options), whole), (threads, rows, units)


# Around the sizes of pieces (64, 85, 128, 170 numbers and multiples), and rows that fill tiles of 6 and 4, or leave 1 to 3.
@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("inputs, units", [(3, 65), (90, 86), (70, 129), (260, 171), (300, 260)])
def test_rows_of_a_batch_have_the_bits_of_single_rows(cell, inputs, units):
    for rows in (12, 13, 14, 15, 17, 20, 32, 49, 63):
        check(cell, inputs, units, rows, 2)
    for options in ({"precision": "float64"}, {"weights": "bf16"}, {"weights": "int8"}):
        check(cell, inputs, units, 31, 2, **options)


@pytest.mark.parametrize("kernels", ["v4", "v3", "baseline"])
def test_so_they_have_with_the_kernels_of_other_processors(kernels):
    command = [sys.executable, "-m", "pytest", "-q", "-x", __file__, "-k", "rows_of_a_batch and (86 or 129 or 171)"]
    made = subprocess.run(command, env=os.environ | {"LSTM_CPU": kernels}, capture_output=True, text=True)
    assert made.returncode == 0, made.stdout[-2000:]


@pytest.mark.parametrize("options", [{}, {"weights": "bf16"}, {"precision": "float64"}])
def test_layers_of_many_weights_are_shared_among_threads(options):
    for cell in CELLS[:2]:
        check(cell, 30, 592, 13, 3, **options)


def test_shared_layers_go_on_from_call_to_call():
    inputs = Input((None, 8))
    model = Sequential([inputs, layers.Bidirectional(layers.LSTM(520, return_sequences=True)), layers.LSTM(520, return_sequences=True), layers.Dense(2)],
                       seed=1)
    random = np.random.default_rng(2)
    calls = [random.uniform(-1, 1, (rows, 3, 8)).astype(np.float32) for rows in (16, 1, 2, 16, 7)]
    alone = [model.predict(x) for x in calls]
    for threads in (2, 4):
        assert all(np.array_equal(model.predict(x, threads=threads), y) for x, y in zip(calls, alone))


def test_a_stateful_shared_layer_keeps_its_state():
    model = Sequential([Input(batch_shape=(14, None, 8)), layers.LSTM(520, stateful=True, return_sequences=True)], seed=1)
    x = np.random.default_rng(3).uniform(-1, 1, (14, 6, 8)).astype(np.float32)
    whole = model.predict(x, batch_size=14)
    for threads in (1, 2):
        model.reset_states()
        parts = [model.predict(x[:, first:first + 2], batch_size=14, threads=threads) for first in (0, 2, 4)]
        assert np.array_equal(np.concatenate(parts, axis=1), whole)


@pytest.mark.parametrize("cell", CELLS)
def test_a_batch_that_the_file_states_can_be_shared_out(cell):
    # 40 rows are those of several threads, and several blocks in training; a stream is one row.
    model = Sequential([Input(batch_shape=(40, None, 3)), cell(5, stateful=True, return_sequences=True)], seed=1)
    free = Sequential([Input((None, 3)), cell(5, return_sequences=True)], seed=1)
    x = np.random.default_rng(3).uniform(-1, 1, (40, 6, 3)).astype(np.float32)
    whole = free.predict(x)
    for threads in (1, 2, 3):
        model.reset_states()
        parts = [model.predict(x[:, first:first + 2], threads=threads) for first in (0, 2, 4)]
        assert np.array_equal(np.concatenate(parts, axis=1), whole)
    model.reset_states()
    stream = model.stream()
    assert np.array_equal(np.stack([stream.step(instant) for instant in x[7]]), whole[7])
    wanted = liblstm.Trainer(free, loss="mse", optimizer="sgd").gradients(x, whole[::-1])
    for threads in (1, 2):
        assert np.array_equal(liblstm.Trainer(model, loss="mse", optimizer="sgd", threads=threads).gradients(x, whole[::-1]), wanted)
    for refused in (lambda: model.predict(x[:39]), lambda: liblstm.Trainer(model, loss="mse", optimizer="sgd").gradients(x[:39], whole[:39])):
        with pytest.raises(liblstm.ShapeError, match="40"):
            refused()
