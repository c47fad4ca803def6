"""New models from Keras' configuration JSON."""
import copy
import json
import pickle

import h5py
import liblstm
import numpy as np
import pytest
from conftest import FIXTURES, MANIFEST, model_path


def config(arch="lstm_basic", writer="k3"):
    with h5py.File(model_path(arch, writer), "r") as file:
        return json.loads(file.attrs["model_config"])


def layer(of, kind="LSTM"):
    return next(one["config"] for one in of["config"]["layers"] if one["class_name"] == kind)


def whole_models():
    return sorted({entry["file"] for entry in MANIFEST["keras_files"] if entry.get("file", "").endswith((".k2.h5", ".k3.h5"))
                   and not entry["file"].endswith((".w.h5", ".weights.h5"))})


@pytest.mark.parametrize("file", whole_models())
def test_a_files_configuration_makes_a_new_model_of_the_same_weights(file):
    with h5py.File(FIXTURES / file, "r") as content:
        text = json.loads(content.attrs["model_config"])
        text["keras_version"] = str(content.attrs["keras_version"])
    old = liblstm.load(FIXTURES / file)
    new = liblstm.Model.from_json(text, seed=2)
    assert {name: value.shape for name, value in new.weights.items()} == {name: value.shape for name, value in old.weights.items()}
    assert all(np.isfinite(value).all() for value in new.weights.values())


def test_the_same_seed_gives_the_same_weights_and_another_gives_others():
    one, same, other = (liblstm.Model.from_json(config(), seed=seed) for seed in (5, 5, 6))
    for name in one.weights:
        assert np.array_equal(one.weights[name], same.weights[name])
    assert not np.array_equal(one.weights["lstm/kernel"], other.weights["lstm/kernel"])


def test_the_default_weights_are_keras():
    model = liblstm.Model.from_json(config(), seed=1)
    kernel, recurrent, bias = (model.weights["lstm/" + name] for name in ("kernel", "recurrent_kernel", "bias"))
    assert np.abs(kernel).max() <= np.sqrt(6 / (4 + 32))
    assert np.abs(recurrent.astype("f8") @ recurrent.T - np.eye(8)).max() < 1e-6
    assert np.array_equal(bias, np.repeat([0, 1, 0, 0], 8))


@pytest.mark.parametrize("initializer, check", [
    ("zeros", lambda w: (w == 0).all()), ("Ones", lambda w: (w == 1).all()),
    ({"class_name": "Constant", "config": {"value": 0.25}}, lambda w: (w == 0.25).all()),
    ({"class_name": "RandomUniform", "config": {"minval": 2, "maxval": 3, "seed": None}}, lambda w: (w > 2).all() and (w < 3).all()),
    ({"class_name": "TruncatedNormal", "config": {"mean": 1, "stddev": 0.5}}, lambda w: (abs(w - 1) < 1).all() and w.std() > 0.3),
    ({"module": "keras.initializers", "class_name": "VarianceScaling", "config": {"scale": 3.0, "mode": "fan_in", "distribution": "uniform"},
      "registered_name": None}, lambda w: np.abs(w).max() < 1.5 and np.abs(w).max() > 1.3),
    ({"class_name": "Identity", "config": {"gain": 2.0}}, lambda w: np.array_equal(w, 2 * np.eye(4, 32))),
])
def test_initializers_are_followed(initializer, check):
    text = config()
    layer(text)["kernel_initializer"] = initializer
    assert check(liblstm.Model.from_json(text).weights["lstm/kernel"])


def test_the_recurrent_kernel_has_its_own_initializer():
    text = config()
    layer(text)["recurrent_initializer"] = "ones"
    assert (liblstm.Model.from_json(text).weights["lstm/recurrent_kernel"] == 1).all()


def test_an_initializers_own_seed_counts():
    text = config()
    layer(text)["kernel_initializer"] = {"class_name": "GlorotUniform", "config": {"seed": 9}}
    one, two = (liblstm.Model.from_json(text, seed=seed) for seed in (1, 2))
    assert np.array_equal(one.weights["lstm/kernel"], two.weights["lstm/kernel"])
    assert not np.array_equal(one.weights["lstm/recurrent_kernel"], two.weights["lstm/recurrent_kernel"])


def test_the_forget_gates_bias_can_be_left_alone():
    text = config()
    layer(text)["unit_forget_bias"] = False
    assert not liblstm.Model.from_json(text).weights["lstm/bias"].any()


def test_a_new_model_runs_pickles_and_copies():
    model = liblstm.Model.from_json(json.dumps(config()), seed=4)
    x = np.ones((2, 6, 4), np.float32)
    for twin in (pickle.loads(pickle.dumps(model)), copy.deepcopy(model)):
        assert np.array_equal(twin.predict(x), model.predict(x))
    model.weights["lstm/bias"] = np.zeros(32)
    assert np.array_equal(pickle.loads(pickle.dumps(model)).predict(x), model.predict(x))


@pytest.mark.parametrize("spoil, kind, words", [
    (lambda c: layer(c).update(kernel_initializer="fancy"), liblstm.UnsupportedError, "lstm.*kernel_initializer.*fancy"),
    (lambda c: layer(c).update(kernel_initializer={"class_name": "Zeros", "config": {"shift": 1}}), liblstm.UnsupportedError, "shift"),
    (lambda c: layer(c).update(kernel_initializer={"class_name": "Mine", "module": "mine"}), liblstm.UnsupportedError, "Mine"),
    (lambda c: layer(c).update(kernel_initializer=3), liblstm.FormatError, "kernel_initializer"),
    (lambda c: layer(c).update(bias_initializer="identity"), liblstm.ShapeError, "lstm/bias"),
    (lambda c: layer(c).update(units=1 << 30), liblstm.ShapeError, "limit"),
    (lambda c: layer(c).update(speed="fast"), liblstm.UnsupportedError, "speed"),
    (lambda c: c.pop("class_name"), liblstm.FormatError, "class_name"),
    (lambda c: c.update(class_name="Ensemble"), liblstm.UnsupportedError, "Ensemble"),
    (lambda c: c["config"].update(layers=[]), liblstm.FormatError, "layers"),
])
def test_what_is_wrong_is_named(spoil, kind, words):
    text = config()
    spoil(text)
    with pytest.raises(kind, match=words):
        liblstm.Model.from_json(text)


def test_senseless_arguments_are_refused():
    for text in ("", "{", "[]", "null", "\"x\"", b"\xff\xfe"):
        with pytest.raises(liblstm.LSTMError):
            liblstm.Model.from_json(text)
    for seed in ("1", 1.5, None):
        with pytest.raises(liblstm.ArgumentError):
            liblstm.Model.from_json(config(), seed=seed)
    with pytest.raises(liblstm.ArgumentError):
        liblstm.Model.from_json(3)
