"""Options of cells that only other formats have: the equations, streams, batches, traces, saving, training, and senseless values."""
from __future__ import annotations

import json
import sys

import numpy as np
import pytest

import liblstm
from conftest import ROOT, listed, series
from liblstm.convert.writing import Converted, write

sys.path.insert(0, str(ROOT / "Tests" / "Exchange"))
import reference  # noqa: E402

UNITS, INPUTS = 7, 3
OPTIONS = [
    ("LSTM", {}), ("LSTM", {"recurrent_bias": True}), ("LSTM", {"peepholes": True}), ("LSTM", {"projection": 3}), ("LSTM", {"projection": 21}),
    ("LSTM", {"input_forget": True}), ("LSTM", {"clip": 0.3}), ("LSTM", {"output_activation": "softsign"}),
    ("LSTM", {"layer_normalization": "gates"}), ("LSTM", {"layer_normalization": "products", "layer_normalization_epsilon": 1e-5}),
    ("LSTM", {"stored_initial_state": True}), ("LSTM", {"layer_normalization": "gates", "projection": 4, "use_bias": False}),
    ("LSTM", {"peepholes": True, "projection": 5, "input_forget": True, "clip": 0.4, "recurrent_bias": True, "stored_initial_state": True,
              "activation": "relu", "output_activation": "tanh"}),
    ("GRU", {"reset_after": True, "clip": 0.25}), ("GRU", {"reset_after": False, "clip": 0.25, "recurrent_bias": True}),
    ("GRU", {"reset_after": True, "stored_initial_state": True}), ("SimpleRNN", {"clip": 0.25, "recurrent_bias": True}),
    ("SimpleRNN", {"stored_initial_state": True, "activation": "relu"}),
]
NAMES = ["%s %s" % (kind, " ".join("%s=%s" % pair for pair in options.items())) for kind, options in OPTIONS]


def weights_of(kind, config, inputs=INPUTS, seed=11):
    random = np.random.default_rng(seed)
    return {name: (random.uniform(-0.8, 0.8, shape) + (1 if name.endswith("gamma") else 0)).astype("f4")
            for name, shape in reference.shapes(kind, config, inputs).items()}


def layer(kind, config, name="rnn"):
    return {"class_name": kind, "config": dict({"name": name, "return_sequences": True}, **config)}


def saved(tmp_path, layers, weights, name="model.safetensors", inputs=INPUTS):
    first = {"class_name": "InputLayer", "config": {"name": "x", "batch_shape": [None, None, inputs], "dtype": "float32"}}
    architecture = {"class_name": "Sequential", "config": {"name": "test", "layers": [first] + layers}}
    path = tmp_path / name
    write(Converted(weights, {"architecture": json.dumps(architecture)}), str(path))
    return str(path)


def make(tmp_path, kind, options, name="model.safetensors"):
    config = dict({"units": UNITS}, **options)
    if kind != "SimpleRNN":
        config.setdefault("recurrent_activation", "sigmoid")
    weights = weights_of(kind, config)
    return liblstm.load(saved(tmp_path, [layer(kind, config)], {"rnn/" + key: a for key, a in weights.items()}, name)), config, weights


@pytest.mark.parametrize("kind, options", OPTIONS, ids=NAMES)
@pytest.mark.parametrize("name", ["model.safetensors", "model.h5"])
def test_the_equations_hold(kind, options, name, tmp_path):
    model, config, weights = make(tmp_path, kind, options, name)
    x = series(5, 9, INPUTS)
    wanted = reference.run(kind, config, weights, x)[0]
    assert np.abs(model.predict(x, precision="float64") - wanted).max() < 1e-12
    # Sums of 10 to 20 products near 1 in float32; normalisation divides by spreads of a few tenths.
    assert np.abs(model.predict(x) - wanted).max() < 2e-5


@pytest.mark.parametrize("kind, options", OPTIONS, ids=NAMES)
def test_the_same_bits_step_by_step_alone_and_on_threads(kind, options, tmp_path):
    model, _, _ = make(tmp_path, kind, options)
    x = series(9, 12, INPUTS)
    whole = model.predict(x)
    np.testing.assert_array_equal(model.predict(x, threads=3), whole)
    np.testing.assert_array_equal(model.predict(x[4:5]), whole[4:5])
    with model.stream() as stream:
        for again in range(2):
            found = [np.asarray(stream.step(step)).ravel() for step in x[2]]
            np.testing.assert_array_equal(found, whole[2])
            stream.reset()
    with model.stream() as stream:
        np.testing.assert_array_equal(np.asarray(stream.steps(x[1])).reshape(whole[1].shape), whole[1])


@pytest.mark.parametrize("kind, options", [pair for pair in OPTIONS if pair[0] == "LSTM"], ids=[n for n in NAMES if n.startswith("LSTM")])
def test_the_trace_shows_the_gates(kind, options, tmp_path):
    model, config, weights = make(tmp_path, kind, options)
    x = series(2, 6, INPUTS)
    y, _, _, gates = reference.run(kind, config, weights, x)
    trace = model.trace(x, precision="float64")
    assert np.abs(trace["output"] - y).max() < 1e-12
    for name, wanted in gates.items():
        assert np.abs(trace[name] - wanted).max() < 1e-12, name


@pytest.mark.parametrize("kind, options", OPTIONS, ids=NAMES)
def test_states_go_in_and_come_out(kind, options, tmp_path):
    config = dict({"units": UNITS, "return_sequences": True, "return_state": True}, **options)
    if kind != "SimpleRNN":
        config.setdefault("recurrent_activation", "sigmoid")
    weights = weights_of(kind, config)
    size = config.get("projection", UNITS)
    sizes = [size, UNITS] if kind == "LSTM" else [size]

    def tensor(name, n=0):
        return {"class_name": "__keras_tensor__", "config": {"shape": [None], "dtype": "float32", "keras_history": [name, 0, n]}}
    inputs = [("x", [None, None, INPUTS])] + [("s%d" % n, [None, width]) for n, width in enumerate(sizes)]
    layers = [{"class_name": "InputLayer", "name": name, "config": {"name": name, "batch_shape": shape, "dtype": "float32"}, "inbound_nodes": []}
              for name, shape in inputs]
    call = {"args": [tensor("x")], "kwargs": {"initial_state": [tensor(name) for name, _ in inputs[1:]]}}
    layers.append({"class_name": kind, "name": "rnn", "config": dict(config, name="rnn"), "inbound_nodes": [call]})
    architecture = {"class_name": "Functional", "config": {
        "name": "m", "layers": layers, "input_layers": [[name, 0, 0] for name, _ in inputs],
        "output_layers": [["rnn", 0, n] for n in range(1 + len(sizes))]}}
    write(Converted({"rnn/" + key: a for key, a in weights.items()}, {"architecture": json.dumps(architecture)}), str(tmp_path / "m.safetensors"))
    model = liblstm.load(str(tmp_path / "m.safetensors"))
    x, states = series(4, 5, INPUTS), [series(4, width, seed=n + 5) for n, width in enumerate(sizes)]
    y, h, c, _ = reference.run(kind, config, weights, x, states=states)
    for found, wanted in zip(model.predict([x] + states, precision="float64"), [y, h, c]):
        assert np.abs(found - wanted).max() < 1e-12


@pytest.mark.parametrize("options", [{"clip": 0}, {"clip": -1}, {"clip": "x"}, {"projection": 0}, {"projection": 1.5}, {"peepholes": 1},
                                     {"layer_normalization": "batch"}, {"layer_normalization": "gates", "peepholes": True},
                                     {"layer_normalization_epsilon": -1}, {"recurrent_bias": True, "use_bias": False},
                                     {"output_activation": "softmax"}, {"stored_initial_state": "yes"}])
def test_senseless_options_are_refused_by_name(options, tmp_path):
    with pytest.raises(liblstm.LSTMError, match="rnn"):
        liblstm.load(saved(tmp_path, [layer("LSTM", dict({"units": 4, "recurrent_activation": "sigmoid"}, **options))], {}))


@pytest.mark.parametrize("kind", ["GRU", "SimpleRNN"])
def test_options_of_an_lstm_are_refused_elsewhere(kind, tmp_path):
    with pytest.raises(liblstm.LSTMError, match="peepholes"):
        liblstm.load(saved(tmp_path, [layer(kind, {"units": 4, "peepholes": True})], {}))


def test_missing_further_and_misshapen_tensors_are_named(tmp_path):
    config = {"units": UNITS, "recurrent_activation": "sigmoid", "peepholes": True}
    weights = {"rnn/" + key: a for key, a in weights_of("LSTM", config).items()}
    for change, words in [({"rnn/peephole_kernel": None}, "peephole_kernel"), ({"rnn/extra": np.zeros(2, "f4")}, "rnn/extra"),
                          ({"rnn/bias": np.zeros(3, "f4")}, "bias")]:
        changed = {key: a for key, a in dict(weights, **change).items() if a is not None}
        with pytest.raises(liblstm.LSTMError, match=words):
            liblstm.load(saved(tmp_path, [layer("LSTM", config)], changed))


def test_two_biases_become_one_for_keras_and_stay_two_for_pytorch(tmp_path):
    model, _, weights = make(tmp_path, "LSTM", {"recurrent_bias": True})
    x = series(3, 4, INPUTS)
    model.save(str(tmp_path / "keras.h5"))
    keras = liblstm.load(str(tmp_path / "keras.h5"))
    np.testing.assert_array_equal(keras.weights["rnn/bias"], weights["bias"][0] + weights["bias"][1])
    np.testing.assert_array_equal(keras.predict(x), model.predict(x))
    model.save(str(tmp_path / "torch.safetensors"))
    again = liblstm.load(str(tmp_path / "torch.safetensors"))
    for name in model.weights:
        np.testing.assert_array_equal(again.weights[name], model.weights[name])
    np.testing.assert_array_equal(again.predict(x), model.predict(x))


def test_a_projection_goes_to_pytorch_and_back(tmp_path):
    model, _, _ = make(tmp_path, "LSTM", {"recurrent_bias": True, "projection": 3})
    model.save(str(tmp_path / "torch.safetensors"))
    again = liblstm.load(str(tmp_path / "torch.safetensors"))
    x = series(3, 4, INPUTS)
    np.testing.assert_array_equal(again.predict(x), model.predict(x))


@pytest.mark.parametrize("options", [{"peepholes": True}, {"projection": 3}, {"clip": 1.0}, {"layer_normalization": "gates"},
                                     {"stored_initial_state": True}, {"input_forget": True}])
def test_what_keras_cannot_say_is_not_saved_for_it(options, tmp_path):
    model, _, _ = make(tmp_path, "LSTM", options)
    with pytest.raises(liblstm.LSTMError, match=next(iter(options))):
        model.save(str(tmp_path / "keras.h5"))
    assert not (tmp_path / "keras.h5").exists()


def test_weights_of_other_formats_go_onto_an_architecture(tmp_path):
    model, _, weights = make(tmp_path, "LSTM", {"recurrent_bias": True})
    plain, _, _ = make(tmp_path, "LSTM", {}, "plain.safetensors")
    plain.load_weights(str(tmp_path / "model.safetensors"))
    np.testing.assert_array_equal(plain.weights["rnn/bias"], weights["bias"][0] + weights["bias"][1])
    x = series(3, 4, INPUTS)
    np.testing.assert_array_equal(plain.predict(x), model.predict(x))
