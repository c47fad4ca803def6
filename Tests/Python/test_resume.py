"""Going on: after kill -9, from Keras' files, and from what liblstm saves."""
from __future__ import annotations

import json
import os
import signal
import subprocess
import sys

import h5py
import numpy as np
import pytest

import liblstm
from conftest import FIXTURES, model_path

PROGRAM = """
import sys, os
import numpy as np
import liblstm
layers = liblstm.layers
model = liblstm.Sequential([liblstm.Input((6, 3)), layers.LSTM(8, dropout=0.2, recurrent_dropout=0.1, zoneout_h=0.1, return_sequences=True),
                            layers.BatchNormalization(), layers.GRU(5, stored_initial_state=True), layers.Dense(2)], seed=1)
random = np.random.RandomState(0)
x, y = random.randn(90, 6, 3).astype("f4"), random.randn(90, 2).astype("f4")
trainer = liblstm.Trainer(model, loss="mse", optimizer={"class_name": "Nadam", "config": {"learning_rate": 0.01, "use_ema": True}}, seed=5, threads=2)
path = sys.argv[1]
if os.path.exists(path):
    trainer.restore(path)

def done(epoch, logs):
    trainer.save(path)
    print(epoch, flush=True)

trainer.fit(x, y, epochs=30, batch_size=16, resume=True, validation_split=0.2, monitor="val_loss", patience=50, restore_best=True,
            callbacks=[done], verbose=False)
print("result", np.concatenate([np.asarray(w, "f4").ravel() for w in model.weights.values()]).tobytes().hex(), flush=True)
"""


def run(path, environment, kill_after=None):
    child = subprocess.Popen([sys.executable, "-c", PROGRAM, str(path)], env=environment, stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    seen = 0
    for line in child.stdout:
        seen += 1
        if line.startswith("result"):
            assert child.wait() == 0
            return line
        if kill_after is not None and seen == kill_after:
            child.send_signal(signal.SIGKILL)  # in the midst of the epoch that follows
            child.wait()
            return None
    raise AssertionError("the program ended without a result")


def test_killed_and_resumed_has_the_bits_of_never_stopped(tmp_path, environment):
    expected = run(tmp_path / "whole.h5", environment)
    path = tmp_path / "killed.h5"
    for after in (3, 1, 7):
        assert run(path, environment, after) is None
    assert run(path, environment) == expected


OPTIMIZERS = ["opt_sgd_nesterov", "opt_rmsprop_centered", "opt_adamw_amsgrad", "opt_adagrad", "opt_adam_schedule"]


def file_of(arch, writer):
    return FIXTURES / "keras" / arch / ("%s.%s.h5" % (arch, writer))


@pytest.mark.parametrize("writer", ["k2", "k3"])
@pytest.mark.parametrize("arch", OPTIMIZERS)
def test_a_trainer_goes_on_with_the_state_that_Keras_stored(arch, writer, tmp_path):
    model = liblstm.load(file_of(arch, writer))
    with h5py.File(file_of(arch, writer), "r") as file:
        group = file["optimizer_weights"]
        stored = [group[name][()] for name in group.attrs["weight_names"]]
        config = json.loads(file.attrs["training_config"])
    assert stored[0] == 2
    trainer = liblstm.Trainer(model)
    if not isinstance(config["optimizer_config"]["config"]["learning_rate"], dict):
        assert trainer.learning_rate == pytest.approx(config["optimizer_config"]["config"]["learning_rate"], abs=1e-12)
    else:
        assert trainer.learning_rate == pytest.approx(0.01 * 0.9 ** 0.2, rel=1e-12)
    # What it was given it gives back: the same arrays in the same order.
    trainer.update_model()
    model.save(tmp_path / "again.h5", "keras%s-h5" % writer[1])
    with h5py.File(tmp_path / "again.h5", "r") as file:
        group = file["optimizer_weights"]
        again = [group[name][()] for name in group.attrs["weight_names"]]
        after = json.loads(file.attrs["training_config"])["optimizer_config"]
    assert len(again) == len(stored) and all(np.array_equal(a, b) for a, b in zip(again, stored))
    for key, value in config["optimizer_config"]["config"].items():
        if key not in ("learning_rate", "ema_overwrite_frequency"):
            assert after["config"][key] == value, key
    # And it matters: a trainer that begins anew takes another step.
    x, y = np.random.RandomState(1).randn(4, 4, 2).astype("f4"), np.ones((4, 1), "f4")
    fresh = liblstm.load(file_of(arch, writer))
    anew = liblstm.Trainer(fresh, loss="mse", optimizer=dict(config["optimizer_config"]))
    for one in (trainer, anew):
        one.train_batch(x, y)
        one.update_model()
    moved = max(np.abs(np.asarray(a) - np.asarray(b)).max() for a, b in zip(model.weights.values(), fresh.weights.values()))
    assert moved > 1e-5


@pytest.mark.parametrize("form", ["keras2-h5", "keras3-h5", "keras"])
@pytest.mark.parametrize("name", ["SGD", "RMSprop", "Adam", "AdamW", "Adamax", "Nadam", "Adagrad", "Adadelta", "Lion"])
def test_what_is_saved_goes_on_as_if_it_had_not_been(name, form, tmp_path):
    generation = 2 if form == "keras2-h5" else 3
    entries = [{"class_name": "InputLayer", "config": {"name": "x", "dtype": "float32", "batch_input_shape" if generation == 2 else "batch_shape": [None, 4, 2]}},
               {"class_name": "LSTM", "config": {"name": "lstm", "units": 3}}, {"class_name": "Dense", "config": {"name": "dense", "units": 1}}]
    document = {"class_name": "Sequential", "config": {"name": "m", "layers": entries}}
    document.update({"keras_version": "2.15.0"} if generation == 2 else {"module": "keras"})
    x, y = np.random.RandomState(1).randn(6, 4, 2).astype("f4"), np.ones((6, 1), "f4")
    config = {"SGD": {"momentum": 0.9, "weight_decay": 0.01}, "RMSprop": {"momentum": 0.3, "centered": True}, "Adam": {"amsgrad": True, "clipnorm": 0.5}}
    optimizer = {"class_name": name, "config": {"learning_rate": 0.01, **config.get(name, {})}}
    model = liblstm.Model.from_json(document, seed=1)
    trainer = liblstm.Trainer(model, loss="mse", optimizer=optimizer, metrics=["mae"])
    for _ in range(3):
        trainer.train_batch(x, y)
    trainer.update_model()
    path = tmp_path / ("model.keras" if form == "keras" else "model.h5")
    model.save(path, form)
    again = liblstm.load(path)
    other = liblstm.Trainer(again)
    assert other.metrics_names == trainer.metrics_names
    for one in (trainer, other):
        for _ in range(3):
            one.train_batch(x, y)
        one.update_model()
    for key in model.weights:
        assert np.array_equal(model.weights[key], again.weights[key]), key


def test_a_rate_set_by_hand_is_kept(tmp_path):
    model = liblstm.Sequential([liblstm.Input((4, 2)), liblstm.layers.LSTM(3)], seed=1)
    trainer = liblstm.Trainer(model, loss="mse", optimizer="adam")
    trainer.learning_rate = 0.125
    trainer.update_model()
    model.save(tmp_path / "model.keras")
    assert liblstm.Trainer(liblstm.load(tmp_path / "model.keras")).learning_rate == 0.125


def test_a_state_that_does_not_fit_is_refused_by_a_sentence(tmp_path):
    path = tmp_path / "model.h5"
    path.write_bytes(file_of("opt_adagrad", "k3").read_bytes())
    with h5py.File(path, "r+") as file:
        names = list(file["optimizer_weights"].attrs["weight_names"])
        file["optimizer_weights"].attrs["weight_names"] = names[:-1]
    with pytest.raises(liblstm.UnsupportedError, match="Adagrad.*begins anew"):
        liblstm.Trainer(liblstm.load(path))
    liblstm.Trainer(liblstm.load(path), loss="mse", optimizer="sgd")


def test_what_keras_has_no_word_for_is_refused_by_name(tmp_path):
    x, y = np.random.RandomState(1).randn(6, 4, 2).astype("f4"), np.ones((6, 1), "f4")
    model = liblstm.Sequential([liblstm.Input((4, 2)), liblstm.layers.LSTM(3), liblstm.layers.Dense(2)], seed=1)
    model.fit(x, y, loss={"class_name": "Quantile", "config": {"quantiles": [0.1, 0.9]}}, optimizer="adam", verbose=False)
    with pytest.raises(liblstm.UnsupportedError, match="Quantile.*without its training state"):
        model.save(tmp_path / "model.keras")
    model.save(tmp_path / "model.keras", training=False)
    model.fit(x, np.ones((6, 2), "f4"), loss="mse", optimizer="lion", verbose=False)
    model.save(tmp_path / "model.h5")  # for both generations or, as here, for the model's own
    assert liblstm.Trainer(liblstm.load(tmp_path / "model.h5")).metrics_names == ["loss"]


def test_old_files_go_on_too():
    for arch in ("lstm_basic", "simple_rnn"):
        model = liblstm.load(model_path(arch, "k224"))
        trainer = liblstm.Trainer(model)
        shape = [2 if size is None else size for size in model.inputs[0].shape]
        target = [2 if size is None else size for size in model.outputs[0].shape]
        assert np.isfinite(trainer.train_batch(np.ones(shape, "f4"), np.zeros(target, "f4"))["loss"])


def test_a_fit_with_averages_ends_with_them():
    x, y = np.random.RandomState(1).randn(40, 4, 2).astype("f4"), np.ones((40, 1), "f4")
    config = {"learning_rate": 0.05, "use_ema": True, "ema_momentum": 0.9}
    made = []
    for whole in (True, False):
        model = liblstm.Sequential([liblstm.Input((4, 2)), liblstm.layers.LSTM(3), liblstm.layers.Dense(1)], seed=1)
        trainer = liblstm.Trainer(model, loss="mse", optimizer={"class_name": "Adam", "config": config})
        if whole:
            trainer.fit(x, y, epochs=3, batch_size=10, shuffle=False, verbose=False)
        else:
            before = [np.asarray(value, "f8") for value in model.weights.values()]
            average = None
            for step in range(12):
                part = slice(10 * (step % 4), 10 * (step % 4) + 10)
                trainer.train_batch(x[part], y[part])
                trainer.update_model()
                now = [np.asarray(value, "f8") for value in model.weights.values()]
                average = now if average is None else [0.9 * old + 0.1 * new for old, new in zip(average, now)]
            assert average is not None and not np.allclose(before[0], average[0])
            made.append(np.concatenate([value.ravel() for value in average]))
            continue
        made.append(np.concatenate([np.asarray(value, "f8").ravel() for value in model.weights.values()]))
    assert np.abs(made[0] - made[1]).max() < 1e-6


def test_gathered_gradients_are_one_update():
    x, y = np.random.RandomState(1).randn(8, 4, 2), np.ones((8, 1))
    found = []
    for steps in (1, 2):
        model = liblstm.Sequential([liblstm.Input((4, 2)), liblstm.layers.LSTM(3), liblstm.layers.Dense(1)], seed=1)
        config = {"learning_rate": 0.05, "gradient_accumulation_steps": steps if steps > 1 else None}
        trainer = liblstm.Trainer(model, loss="mse", optimizer={"class_name": "Adam", "config": config}, precision="float64")
        for _ in range(3):
            for part in ([slice(0, 8)] if steps == 1 else [slice(0, 4), slice(4, 8)]):
                trainer.train_batch(x[part], y[part])
        trainer.update_model()
        found.append(np.concatenate([np.asarray(value).ravel() for value in model.weights.values()]))
    assert np.abs(found[0] - found[1]).max() < 1e-12


def test_rows_come_in_another_order_in_each_epoch_and_the_seed_decides():
    x = np.arange(12, dtype="f4").reshape(12, 1, 1)
    layers = [liblstm.Input((1, 1)), liblstm.layers.Flatten(), liblstm.layers.Dense(1, kernel_initializer="ones", bias_initializer="zeros")]

    def losses(seed, shuffle=True):
        model = liblstm.Sequential(layers, seed=1)
        trainer = liblstm.Trainer(model, loss="mse", optimizer={"class_name": "SGD", "config": {"learning_rate": 0.0}}, seed=seed)
        seen = []

        def batches(epoch):
            raise AssertionError("not used")
        del batches
        original = liblstm.epochs.EpochDisplay.update

        def update(self, epoch, epochs, batch, count, logs, end):
            if not end:
                seen.append((epoch, round(float(logs["loss"]) * batch * 1, 3)))
        liblstm.epochs.EpochDisplay.update = update
        try:
            trainer.fit(x, np.zeros((12, 1), "f4"), epochs=2, batch_size=1, shuffle=shuffle, verbose=False)
        finally:
            liblstm.epochs.EpochDisplay.update = original
        sums = [[loss for which, loss in seen if which == epoch] for epoch in range(2)]
        return [tuple(np.round(np.diff([0, *epoch])).astype(int)) for epoch in sums]
    first, again, other = losses(1), losses(1), losses(2)
    squares = sorted(int(value) ** 2 for value in range(12))
    assert first == again and first != other and first[0] != first[1]
    assert sorted(first[0]) == squares and sorted(first[1]) == squares
    assert losses(1, shuffle=False)[0] == tuple(squares)


def test_a_fit_ends_within_one_batch_of_being_asked_to(heeds_interrupts):
    x, y = np.random.RandomState(1).randn(64, 4, 2).astype("f4"), np.ones((64, 1), "f4")
    model = liblstm.Sequential([liblstm.Input((4, 2)), liblstm.layers.LSTM(3), liblstm.layers.Dense(1)], seed=1)
    seen = []

    def batches(epoch):
        for number in range(100):
            seen.append(number)
            if number == 3:
                os.kill(os.getpid(), signal.SIGINT)
            yield x[:8], y[:8]
    history = model.fit(batches=batches, loss="mse", optimizer="sgd", epochs=5, verbose=False)
    assert history.outcome == "cancelled" and len(seen) <= 5
    assert np.isfinite(model.predict(x)).all()
