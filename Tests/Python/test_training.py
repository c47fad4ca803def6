"""Trainer and fit: what training promises."""
import json
import os
import signal
import threading

import liblstm
import numpy as np
import pytest


def network(*layers, size=3, steps=None, seed=1, batch=None):
    stack = [{"class_name": "InputLayer", "config": {"batch_shape": [batch, steps, size], "dtype": "float32", "name": "x"}}]
    stack += [{"class_name": kind, "config": dict({"name": "%s_%d" % (kind.lower(), index)}, **config)} for index, (kind, config) in enumerate(layers)]
    return liblstm.Model.from_json({"class_name": "Sequential", "config": {"name": "net", "layers": stack}, "module": "keras"}, seed=seed)


def small(**config):
    return network(("LSTM", dict({"units": 6}, **config)), ("Dense", {"units": 2}))


def data(rows=70, steps=5, size=3, seed=0):
    random = np.random.RandomState(seed)
    x = random.randn(rows, steps, size).astype(np.float32)
    return x, np.stack([x.sum((1, 2)), x[:, -1, 0]], 1).astype(np.float32) / 4


def weights(model):
    return np.concatenate([np.asarray(value).ravel() for value in model.weights.values()])


def test_fit_learns_and_keeps_a_history():
    model, (x, y) = small(), data()
    history = model.fit(x, y, loss="mse", optimizer={"class_name": "Adam", "config": {"learning_rate": 0.02}}, epochs=30, batch_size=16,
                        validation_split=0.2, verbose=False)
    assert history["loss"][-1] < 0.1 * history["loss"][0] and history["val_loss"][-1] < history["val_loss"][0]
    assert len(history["learning_rate"]) == 30 and history.outcome == "completed"
    # The model itself has learnt.
    assert np.mean((model.predict(x[:56]) - y[:56]) ** 2) == pytest.approx(history["loss"][-1], rel=0.5)


@pytest.mark.parametrize("precision", ["float32", "float64"])
def test_the_same_bits_on_any_number_of_threads(precision):
    x, y = data(rows=100)
    found = []
    for threads in (1, 2, 5):
        model = network(("Dropout", {"rate": 0.3}), ("LSTM", {"units": 9, "dropout": 0.2, "recurrent_dropout": 0.2, "return_sequences": True}),
                        ("GaussianNoise", {"stddev": 0.1}), ("GRU", {"units": 5}), ("Dense", {"units": 2}))
        model.fit(x, y, loss="mse", optimizer="adam", epochs=2, batch_size=64, threads=threads, seed=7, precision=precision, verbose=False)
        found.append(weights(model))
    assert np.array_equal(found[0], found[1]) and np.array_equal(found[0], found[2])


def test_another_seed_gives_other_numbers():
    x, y = data()
    first, second = small(), small()
    first.fit(x, y, loss="mse", optimizer="sgd", seed=1, verbose=False)
    second.fit(x, y, loss="mse", optimizer="sgd", seed=2, verbose=False)
    assert not np.array_equal(weights(first), weights(second))


@pytest.mark.parametrize("stop", [3, 7, 12])
def test_killed_and_resumed_is_the_same_as_never_stopped(tmp_path, stop):
    x, y = data()
    options = dict(loss="mse", optimizer={"class_name": "Adam", "config": {"learning_rate": {
        "class_name": "ExponentialDecay", "config": {"initial_learning_rate": 0.01, "decay_steps": 5, "decay_rate": 0.9}}}}, seed=3)
    fit = dict(epochs=4, batch_size=16, validation_split=0.2, monitor="val_loss", patience=9, restore_best=True, verbose=False)
    layers = [("LSTM", {"units": 6, "dropout": 0.3, "return_sequences": True}), ("BatchNormalization", {}), ("GRU", {"units": 3}), ("Dense", {"units": 2})]
    whole = network(*layers)
    expected = liblstm.Trainer(whole, **options).fit(x, y, **fit)

    class Kill(Exception):
        pass

    path, count = tmp_path / "check.h5", [0]
    trainer = liblstm.Trainer(network(*layers), **options)
    # The callback of each batch is reached by the display, as a host program's would be by progress.
    import liblstm.epochs as epochs

    def update(self, *arguments):
        count[0] += 1
        if count[0] == stop:
            trainer.save(path)
            raise Kill

    original, epochs.EpochDisplay.update = epochs.EpochDisplay.update, update
    try:
        with pytest.raises(Kill):
            trainer.fit(x, y, **fit)
    finally:
        epochs.EpochDisplay.update = original
    del trainer
    model = network(*layers)
    again = liblstm.Trainer(model, **options)
    again.restore(path)
    found = again.fit(x, y, resume=True, **fit)
    assert np.array_equal(weights(model), weights(whole)) and found.history == expected.history


def test_windows_are_resumed_with_the_same_bits(tmp_path):
    x = np.random.default_rng(5).standard_normal((8, 20, 1)).astype(np.float32)

    def trainer():
        return liblstm.Trainer(network(("LSTM", {"units": 4, "return_sequences": True}), ("Dense", {"units": 1}), size=1), loss="mse",
                               optimizer="adam", tbptt_steps=6, seed=1)

    def pieces(epoch):
        return [(x + epoch, x[:, ::-1] - epoch)] * 2

    cut, whole, again = trainer(), trainer(), trainer()
    whole.fit(batches=pieces, epochs=4, verbose=False)
    cut.fit(batches=pieces, epochs=4, callbacks=[lambda epoch, values: epoch < 1 and cut.save(tmp_path / "check.h5") is None], verbose=False)
    again.restore(tmp_path / "check.h5")
    again.fit(batches=pieces, epochs=4, resume=True, verbose=False)
    assert np.array_equal(weights(again.model), weights(whole.model))


def test_a_reset_forgets_the_states_of_a_checkpoint(tmp_path):
    x, y = np.random.default_rng(6).standard_normal((2, 3, 5, 2)).astype(np.float32)
    models = [network(("LSTM", {"units": 2, "return_sequences": True, "stateful": True}), size=2, batch=3) for _ in range(3)]
    trainers = [liblstm.Trainer(model, loss="mse", optimizer="sgd") for model in models]
    trainers[0].train_batch(x, y)
    trainers[0].save(tmp_path / "check.h5")
    for trainer in trainers[1:]:
        trainer.restore(tmp_path / "check.h5")
    trainers[2].reset_states()
    states = [trainer.gradients(x, y) for trainer in trainers]
    assert np.array_equal(states[0], states[1]) and not np.array_equal(states[0], states[2])
    trainers[0].reset_states()
    assert np.array_equal(trainers[0].gradients(x, y), states[2])


def test_early_stopping_restores_the_best_weights():
    model, (x, y) = small(), data()
    trainer = liblstm.Trainer(model, loss="mse", optimizer={"class_name": "SGD", "config": {"learning_rate": 1.3, "clipnorm": 1.0}})
    history = trainer.fit(x, y, epochs=60, validation_data=data(seed=5), monitor="val_loss", patience=3, restore_best=True, verbose=False)
    assert history.outcome == "stopped early" and len(history["loss"]) < 60
    best = min(history["val_loss"])
    assert trainer.evaluate(*data(seed=5))["loss"] == pytest.approx(best, rel=1e-5)
    assert history["val_loss"].index(best) == len(history["loss"]) - 4


def test_ctrl_c_returns_a_usable_model(heeds_interrupts):
    model, (x, y) = small(), data()
    before = weights(model)
    history = model.fit(x, y, loss="mse", optimizer="adam", epochs=10_000_000, verbose=False,
                        callbacks=[lambda epoch, values: os.kill(os.getpid(), signal.SIGINT) if epoch == 2 else None])
    assert history.outcome == "cancelled" and len(history["loss"]) == 3
    assert np.isfinite(model.predict(x)).all() and not np.array_equal(weights(model), before)


def test_another_thread_cancels_a_fit():
    model, (x, y) = small(), data()
    trainer = liblstm.Trainer(model, loss="mse", optimizer="adam")
    trainer.cancel()  # no fit, so nothing to end
    begun = threading.Event()
    canceller = threading.Thread(target=lambda: begun.wait() and trainer.cancel())
    canceller.start()
    history = trainer.fit(x, y, epochs=10_000_000, callbacks=[lambda epoch, values: begun.set()], verbose=False)
    canceller.join()
    assert history.outcome == "cancelled" and np.isfinite(model.predict(x)).all()
    assert trainer.fit(x, y, epochs=2, verbose=False).outcome == "completed"


def test_a_number_that_is_none_is_named_where_it_began():
    model, (x, y) = small(), data()
    trainer = liblstm.Trainer(model, loss="mse", optimizer="sgd")
    x[3, 2, 1] = np.nan
    with pytest.raises(liblstm.StateError, match="loss became nan in step 1: input ‘x’ holds nan"):
        trainer.train_batch(x, y)
    wild = liblstm.Trainer(network(("Dense", {"units": 4, "activation": "exponential"}), ("LSTM", {"units": 3}), ("Dense", {"units": 2})),
                           loss="mse", optimizer="sgd")
    x[3, 2, 1] = 1e30
    with pytest.raises(liblstm.StateError, match="layer ‘dense_0’"):
        wild.train_batch(np.abs(x), y)


def test_batches_may_come_one_by_one():
    x, y = data(rows=64)
    first, second = small(), small()
    one = first.fit(x, y, loss="mse", optimizer="adam", epochs=3, batch_size=16, shuffle=False, verbose=False)
    two = second.fit(batches=lambda epoch: ((x[i:i + 16], y[i:i + 16]) for i in range(0, 64, 16)), loss="mse", optimizer="adam", epochs=3, verbose=False)
    assert np.array_equal(weights(first), weights(second)) and one["loss"] == two["loss"]


def test_frozen_layers_stay_and_frozen_batch_normalization_uses_its_averages():
    model = network(("LSTM", {"units": 4, "return_sequences": True, "trainable": False}), ("BatchNormalization", {"trainable": False}),
                    ("GRU", {"units": 3}), ("Dense", {"units": 2}))
    before = {name: np.array(value) for name, value in model.weights.items()}
    x, y = data()
    model.fit(x, y, loss="mse", optimizer="adam", epochs=2, verbose=False)
    changed = {name for name, value in model.weights.items() if not np.array_equal(value, before[name])}
    assert changed == {name for name in before if name.startswith(("gru", "dense"))}


def test_batch_normalization_moves_its_averages_as_keras_does():
    model = network(("BatchNormalization", {"momentum": 0.9}), ("LSTM", {"units": 2}), ("Dense", {"units": 2}))
    x, y = data()
    trainer = liblstm.Trainer(model, loss="mse", optimizer="sgd", precision="float64")
    trainer.train_batch(x, y)
    trainer.update_model()
    assert np.allclose(model.weights["batchnormalization_0/moving_mean"], 0.1 * x.astype(float).mean((0, 1)), atol=1e-12)
    assert np.allclose(model.weights["batchnormalization_0/moving_variance"], 0.9 + 0.1 * x.astype(float).var((0, 1)), atol=1e-12)


def test_windows_carry_the_state_and_cut_the_gradient():
    steps = 24
    model = network(("LSTM", {"units": 4, "return_sequences": True}), ("Dense", {"units": 1}))
    x = data(rows=6, steps=steps)[0]
    y = np.cumsum(x[:, :, :1], 1) / 10
    trainer = liblstm.Trainer(model, loss="mse", optimizer={"class_name": "SGD", "config": {"learning_rate": 0.0}}, tbptt_steps=7)
    whole = liblstm.Trainer(model, loss="mse", optimizer="sgd")
    # Without learning, windows with a carried state see the same losses as whole sequences.
    assert trainer.train_batch(x, y)["loss"] == pytest.approx(whole.evaluate(x, y)["loss"], rel=1e-5)
    history = model.fit(x, y, loss="mse", optimizer="adam", tbptt_steps=7, epochs=40, learning_rate=0.02, verbose=False)
    assert history["loss"][-1] < 0.5 * history["loss"][0]
    with pytest.raises(liblstm.UnsupportedError, match="return_sequences"):
        liblstm.Trainer(small(), loss="mse", optimizer="sgd", tbptt_steps=4)


def test_class_weights_are_sample_weights_by_class():
    model = network(("LSTM", {"units": 4}), ("Dense", {"units": 3, "activation": "softmax"}))
    x, labels = data()[0], np.random.RandomState(2).randint(0, 3, 70)
    scale = {0: 1.0, 1: 5.0, 2: 0.5}
    loss = "sparse_categorical_crossentropy"
    one = liblstm.Trainer(model, loss=loss, optimizer="sgd", class_weight=scale, precision="float64").gradients(x, labels)
    two = liblstm.Trainer(model, loss=loss, optimizer="sgd", precision="float64").gradients(x, labels, np.array([scale[label] for label in labels]))
    assert np.array_equal(one, two)


def test_gradients_can_be_averaged_outside():
    first, second, (x, y) = small(), small(), data(rows=8)
    whole, apart = (liblstm.Trainer(m, loss="mse", optimizer="adam", precision="float64") for m in (first, second))
    whole.train_batch(x, y)
    apart.apply_gradients((apart.gradients(x[:4], y[:4]) + apart.gradients(x[4:], y[4:])) / 2)
    whole.update_model(), apart.update_model()
    assert np.abs(weights(first) - weights(second)).max() < 1e-12


def test_what_makes_no_sense_is_refused_by_a_sentence(tmp_path):
    model, (x, y) = small(), data()
    with pytest.raises(liblstm.ArgumentError, match="does not state how it is trained"):
        liblstm.Trainer(model)
    with pytest.raises(liblstm.UnsupportedError, match="no_such"):
        liblstm.Trainer(model, loss="no_such", optimizer="sgd")
    trainer = liblstm.Trainer(model, loss="mse", optimizer="sgd")
    with pytest.raises(liblstm.ShapeError, match="target for output"):
        trainer.train_batch(x, y[:, :1])
    with pytest.raises(liblstm.ArgumentError, match="val_loss"):
        trainer.fit(x, y, monitor="val_loss", verbose=False)
    with pytest.raises(liblstm.FileError):
        trainer.restore(tmp_path / "none.h5")
    (tmp_path / "text.h5").write_text("no checkpoint")
    with pytest.raises(liblstm.FormatError):
        trainer.restore(tmp_path / "text.h5")
    trainer.save(tmp_path / "check.h5")
    with pytest.raises(liblstm.ShapeError, match="checkpoint"):
        liblstm.Trainer(model, loss="mse", optimizer="adam").restore(tmp_path / "check.h5")
    with pytest.raises(liblstm.ArgumentError, match="seed"):
        liblstm.Trainer(model, loss="mse", optimizer="sgd", seed=1).restore(tmp_path / "check.h5")


def test_a_schedule_and_a_plateau_lower_the_rate():
    model, (x, y) = small(), data()
    history = model.fit(x, y, loss="mse", optimizer={"class_name": "SGD", "config": {"learning_rate": 0.0}}, epochs=4, verbose=False,
                        reduce_on_plateau={"monitor": "loss", "patience": 1, "factor": 0.5, "min_lr": 0.0}, learning_rate=1e-12)
    assert history["learning_rate"][0] == 1e-12 and history["learning_rate"][-1] < 1e-12


def test_callbacks_see_each_epoch_and_may_end_training():
    seen = []
    model, (x, y) = small(), data()
    history = model.fit(x, y, loss="mse", optimizer="sgd", epochs=9, verbose=False, callbacks=[lambda epoch, logs: seen.append((epoch, logs)) or epoch < 2])
    assert [epoch for epoch, _ in seen] == [0, 1, 2] and history.outcome == "cancelled" and set(seen[0][1]) == {"loss", "learning_rate"}


def test_metrics_are_gathered_over_the_epoch_and_resumed(tmp_path):
    model = network(("LSTM", {"units": 4}), ("Dense", {"units": 3, "activation": "softmax"}))
    x, labels = data()[0], np.random.RandomState(2).randint(0, 3, 70)
    trainer = liblstm.Trainer(model, loss="sparse_categorical_crossentropy", optimizer="adam", metrics=["accuracy"])
    assert trainer.metrics_names == ["loss", "accuracy"]
    found = trainer.evaluate(x, labels)
    assert found["accuracy"] == pytest.approx(np.mean(model.predict(x).argmax(1) == labels))
    history = trainer.fit(x, labels, epochs=3, batch_size=16, validation_split=0.3, verbose=False)
    assert set(history.history) == {"loss", "accuracy", "val_loss", "val_accuracy", "learning_rate"}
    assert history["val_accuracy"][-1] == pytest.approx(np.mean(model.predict(x[49:]).argmax(1) == labels[49:]))
