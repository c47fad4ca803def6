"""Training in bf16: near float32, the same bits however it is run, nothing lost in what is kept."""
import json
import os
import subprocess
import sys

import liblstm
import numpy as np
import pytest
from liblstm import Input, Sequential, layers

#: Layers that bf16 covers, and one that it does not.
CELLS = {"LSTM": layers.LSTM, "GRU": layers.GRU, "SimpleRNN": layers.SimpleRNN}

#: How far a gradient may be from the exact one, relative to its size: see the first test.
BOUND = 4 * 2.0 ** -8


def network(cell, units=24, size=5, seed=1):
    kind = CELLS[cell]
    return Sequential([Input((None, size)), kind(units, return_sequences=True), kind(units - 7), layers.Dense(2)], seed=seed)


def data(rows=48, steps=12, size=5, seed=0):
    random = np.random.RandomState(seed)
    x = random.randn(rows, steps, size).astype(np.float32)
    return x, np.stack([x.mean((1, 2)), x[:, -1, 0]], 1).astype(np.float32)


def trainer(model, weights="bf16", **options):
    return liblstm.Trainer(model, loss="mse", optimizer={"class_name": "Adam", "config": {"learning_rate": 0.01}}, weights=weights, **options)


def values(model):
    return np.concatenate([np.asarray(value).ravel() for value in model.weights.values()])


def distance(a, b):
    return np.linalg.norm(a - b) / np.linalg.norm(b)


@pytest.mark.parametrize("cell", CELLS)
def test_gradients_are_near_those_of_double_precision(cell):
    model, (x, y) = network(cell), data()
    exact = trainer(model, None, precision="float64").gradients(x, y)
    found = trainer(model).gradients(x, y)
    # Each factor is off by at most 2⁻⁹ of itself, a product by 2⁻⁸. A gradient has passed through about four sums of products one after the other
    # (forward, through the second layer, through Dense, its own); where terms cancel, so do their errors, which have any sign.
    at = 0
    for name, value in model.weights.items():
        part = slice(at, at + value.size)
        assert distance(found[part], exact[part]) < BOUND, name
        at += value.size
    # It is in use: float32 is a hundred times nearer.
    assert distance(found, exact) > 100 * distance(trainer(model, None).gradients(x, y), exact)


def test_layers_that_it_does_not_cover_are_those_of_float32():
    x, y = data()
    stack = [Input((None, 5)), layers.SimpleRNN(9, return_sequences=True), layers.Conv1D(4, 3), layers.GRU(6, reset_after=False, return_sequences=True),
             layers.LSTM(2, activation="relu")]
    model = Sequential(stack, seed=3)
    assert np.array_equal(trainer(model).gradients(x, y), trainer(model, None).gradients(x, y))


@pytest.mark.parametrize("cell", CELLS)
def test_it_learns_as_float32_does(cell):
    x, y = data(rows=96)
    losses = {}
    for weights in (None, "bf16"):
        model = network(cell)
        losses[weights] = model.fit(x, y, loss="mse", optimizer="adam", learning_rate=0.01, epochs=30, batch_size=32, verbose=False,
                                    weights=weights)["loss"]
    assert losses["bf16"][-1] < 0.2 * losses["bf16"][0]
    # Errors of 2⁻⁹ at each update lead to other weights as good as these.
    assert losses["bf16"][-1] == pytest.approx(losses[None][-1], rel=0.2) and losses["bf16"][0] == pytest.approx(losses[None][0], rel=0.01)


@pytest.mark.parametrize("cell", CELLS)
def test_the_same_bits_on_any_number_of_threads(cell):
    x, y = data(rows=100)
    found = []
    for threads in (1, 2, 5):
        model = network(cell)
        model.fit(x, y, loss="mse", optimizer="adam", epochs=2, batch_size=64, threads=threads, seed=7, weights="bf16", verbose=False)
        found.append(values(model))
    assert np.array_equal(found[0], found[1]) and np.array_equal(found[0], found[2])


SCRIPT = """
import json, sys
sys.path.insert(0, %r)
import numpy as np, liblstm
from test_training_precision import data, network, trainer
x, y = data(rows=40, steps=30)
print(json.dumps([trainer(network(cell)).gradients(x, y).tolist() for cell in ("LSTM", "GRU")]))
"""


def test_the_same_bits_with_other_kernels():
    found = []
    for cpu in ("v4", "v3"):
        made = subprocess.run([sys.executable, "-c", SCRIPT % os.path.dirname(__file__)], env=dict(os.environ, LSTM_CPU=cpu), capture_output=True,
                              text=True, check=True)
        found.append(json.loads(made.stdout))
    assert found[0] == found[1]


@pytest.mark.parametrize("cell", CELLS)
def test_evaluate_is_what_predict_gives(cell):
    model, (x, y) = network(cell), data()
    loss = trainer(model).evaluate(x, y)["loss"]
    rows = ((model.predict(x, weights="bf16").astype(np.float64) - y) ** 2).mean()
    # The same predictions, averaged in another order.
    assert loss == pytest.approx(rows, rel=1e-6)
    if cell != "SimpleRNN":
        assert loss != pytest.approx(((model.predict(x).astype(np.float64) - y) ** 2).mean(), rel=1e-6)


def test_small_updates_are_not_lost():
    # Updates of less than 2⁻⁹ of a weight, which bf16 would round away, add up; the gradient hardly changes meanwhile.
    model, (x, y) = network("LSTM"), data()
    before = values(model)
    slow = liblstm.Trainer(model, loss="mse", optimizer={"class_name": "SGD", "config": {"learning_rate": 1e-4}}, weights="bf16")
    gradient = slow.gradients(x, y)
    for _ in range(20):
        slow.train_batch(x, y)
    slow.update_model()
    change = values(model).astype(np.float64) - before
    assert np.abs(change).max() < 2.0 ** -9 and distance(change, -20 * 1e-4 * gradient) < 0.05


def test_a_checkpoint_goes_on_with_the_same_bits_and_with_another_form(tmp_path):
    x, y = data()
    whole, first = trainer(network("GRU")), trainer(network("GRU"))
    for _ in range(3):
        whole.train_batch(x, y), first.train_batch(x, y)
    first.save(tmp_path / "check.h5")
    again, full = trainer(network("GRU", seed=9)), trainer(network("GRU", seed=9), None)
    again.restore(tmp_path / "check.h5")
    full.restore(tmp_path / "check.h5")
    values = [it.train_batch(x, y)["loss"] for it in (whole, again, full)]
    assert values[0] == values[1] != values[2] and values[2] == pytest.approx(values[0], rel=0.01)
    assert np.array_equal(whole.gradients(x, y), again.gradients(x, y))


def test_check_gradients_stays_exact():
    model, (x, y) = network("LSTM", units=9), data(rows=4, steps=4)
    assert trainer(model).check_gradients(x, y, samples=20).worst < 1e-7


def test_masks_windows_and_states_go_with_it():
    x, y = data(rows=8)
    masked = Sequential([Input((12, 5)), layers.Masking(0.0), layers.LSTM(8, return_sequences=True), layers.GRU(6), layers.Dense(2)], seed=2)
    x[:, 7:] = 0
    found, full = trainer(masked).gradients(x, y), trainer(masked, None).gradients(x, y)
    assert distance(found, full) < BOUND and not np.array_equal(found, full)
    model = Sequential([Input((None, 5)), layers.LSTM(8, return_sequences=True, dropout=0.2, recurrent_dropout=0.2), layers.Dense(1)], seed=2)
    long = np.repeat(y[:, None, :1], 12, 1)
    history = model.fit(x, long, loss="mse", optimizer="adam", tbptt_steps=5, epochs=3, seed=1, weights="bf16", verbose=False)
    assert history["loss"][-1] < history["loss"][0]


def test_what_makes_no_sense_is_refused():
    model = network("LSTM")
    with pytest.raises(liblstm.ArgumentError, match="'bf16', 'int8'"):
        trainer(model, "bfloat16")
    with pytest.raises(liblstm.ArgumentError, match="LSTM_WEIGHTS_INT8"):
        trainer(model, "int8")
    with pytest.raises(liblstm.ArgumentError, match="float64"):
        trainer(model, "bf16", precision="float64")
