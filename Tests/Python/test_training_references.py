"""Gradients and five steps of every optimizer, against those of Keras and PyTorch in Tests/Fixtures/training."""
import json

import h5py
import liblstm
import numpy as np
import pytest
from conftest import ROOT

FIXTURES = ROOT / "Tests" / "Fixtures"
CASES = json.loads((FIXTURES / "manifest.json").read_text())["training"]
KERAS = [case for case in CASES if case["flavor"] != "torch"]
TORCH = [case for case in CASES if case["flavor"] == "torch"]
LOSSES = {"MSELoss()": "mse", "CrossEntropyLoss()": {"class_name": "SparseCategoricalCrossentropy", "config": {"from_logits": True}},
          "SmoothL1Loss(beta=1)": "huber"}


def name_of(case):
    return "%s-%s" % (case["case"], case["flavor"])


def arrays(group, name):
    found = [group[name][()]] if name in group else [group[key][()] for key in sorted(group) if key.startswith(name + "_")]
    return found if len(found) != 1 else found[0]


def loss_of(text):
    one = json.loads(text)
    entries = one if isinstance(one, list) else [one]
    named = [{"class_name": entry["class"], "config": entry.get("args", {})} for entry in entries]
    return named if isinstance(one, list) else named[0]


def keras_model(file):
    model = liblstm.Model.from_json(json.loads(file.attrs["model_config"]))
    paths = list(file.attrs["weight_order"])
    assert len(paths) == len(model.weights)
    for name, path in zip(list(model.weights), paths):
        model.weights[name] = file["initial"][path][()].astype(np.float64)
    return model


def batch(file):
    group = file["batch"]
    weight = group["sample_weight"][()] if "sample_weight" in group else None
    return arrays(group, "x"), arrays(group, "y"), weight



@pytest.mark.parametrize("case", KERAS, ids=name_of)
def test_loss_and_gradients_are_those_of_Keras(case):
    with h5py.File(FIXTURES / case["file"], "r") as file:
        model = keras_model(file)
        trainer = liblstm.Trainer(model, loss=loss_of(file.attrs["loss"]), optimizer="sgd", precision=case["floatx"])
        x, y, weight = batch(file)
        found = trainer.gradients(x, y, weight)
        expected = np.concatenate([file["gradients"][path][()].ravel() for path in file.attrs["trainable"]])
        loss = trainer._values("lstm_trainer_compute_gradients", liblstm.training.Rows(model, x, y, weight))["loss"]
        # Keras adds 1e-7 to some denominators in another place, and rounds constants to float32.
        limit = 1e-5 if case["floatx"] == "float32" else 1e-7
        assert abs(loss - file["forward/loss"][()]) <= limit * max(1, abs(loss))
        assert np.abs(found - expected).max() <= limit * max(1, np.abs(expected).max())


@pytest.mark.parametrize("case,name", [(case, name) for case in KERAS for name in case["optimizers"]],
                         ids=lambda value: value if isinstance(value, str) else name_of(value))
def test_five_updates_end_where_Keras_ends(case, name):
    with h5py.File(FIXTURES / case["file"], "r") as file:
        model = keras_model(file)
        group = file["optimizers"][name]
        config = json.loads(group.attrs["config"])
        trainer = liblstm.Trainer(model, loss=loss_of(file.attrs["loss"]), precision=case["floatx"],
                                  optimizer={"class_name": config["class_name"], "config": config["given"]})
        x, y, weight = batch(file)
        # Constants are rounded as Keras rounds them (docs/decisions/0010), so nothing but the order of operations is left; except that Keras
        # scales a mask, and computes penalties and norms, with float32 constants in float64 too.
        limit = 1e-5 if case["floatx"] == "float32" else 2e-9 if case["case"] in ("mask_seq_sparse_ce", "bn_reg_constraint") else 1e-14
        for step in range(1, 6):
            loss = trainer.train_batch(x, y, weight)["loss"]
            assert abs(loss - group["losses"][step - 1]) <= 10 * limit
            if step in (1, 2, 5):
                trainer.update_model()
                found = np.concatenate([np.asarray(model.weights[key]).ravel() for key in model.weights])
                assert np.abs(found - group["step_%d" % step][()]).max() <= limit, "step %d" % step


def torch_model(file):
    """The network of a PyTorch reference in Keras' words, and where each of its parameters lies in ours."""
    initial = {key: file["initial"][key][()] for key in file["initial"]}
    gates = {"torch_gru_ce": 3}.get(file.attrs["case"], 4)
    units, size = initial["rnn.weight_hh_l0"].shape[1], file["batch/x"].shape[2]
    both, depth = "rnn.weight_ih_l0_reverse" in initial, 1 + max(int(key.split("_l")[1][0]) for key in initial if key.startswith("rnn."))
    every = file["forward/output"].ndim == 3
    layers = [{"class_name": "InputLayer", "config": {"batch_shape": [None, None, size], "dtype": "float64", "name": "x"}}]
    for index in range(depth):
        config = {"name": "rnn%d" % index, "units": units, "return_sequences": every or index < depth - 1, "dtype": "float64"}
        layer = {"class_name": "GRU" if gates == 3 else "LSTM", "config": dict(config, **({"reset_after": True} if gates == 3 else {}))}
        layers.append({"class_name": "Bidirectional", "config": {"name": "bi%d" % index, "dtype": "float64", "layer": layer}} if both else layer)
    layers.append({"class_name": "Dense", "config": {"name": "fc", "units": initial["fc.bias"].shape[0], "dtype": "float64"}})
    config = {"module": "keras", "class_name": "Sequential", "config": {"name": "m", "layers": layers}}
    model = liblstm.Model.from_json(config)
    order = [1, 0, 2] if gates == 3 else [0, 1, 2, 3]  # r, z, n of PyTorch are z, r, n here

    def turned(array):
        return np.concatenate([np.split(array, gates)[gate] for gate in order])

    names = iter(list(model.weights))
    for index in range(depth):
        for end in ["", "_reverse"] if both else [""]:
            part = [initial["rnn.%s_l%d%s" % (kind, index, end)] for kind in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")]
            model.weights[next(names)] = turned(part[0]).T.astype(np.float64)
            model.weights[next(names)] = turned(part[1]).T.astype(np.float64)
            model.weights[next(names)] = np.stack([turned(part[2]), turned(part[3])]) if gates == 3 else turned(part[2] + part[3])
    model.weights[next(names)], model.weights[next(names)] = initial["fc.weight"].T.copy(), initial["fc.bias"]
    expected = []
    for index in range(depth):
        for end in ["", "_reverse"] if both else [""]:
            part = [file["gradients"]["rnn.%s_l%d%s" % (kind, index, end)][()] for kind in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")]
            expected += [turned(part[0]).T, turned(part[1]).T] + ([turned(part[2]), turned(part[3])] if gates == 3 else [turned(part[2])])
    expected += [file["gradients/fc.weight"][()].T, file["gradients/fc.bias"][()]]
    return model, np.concatenate([array.ravel() for array in expected])


@pytest.mark.parametrize("case", TORCH, ids=name_of)
def test_loss_and_gradients_are_those_of_PyTorch(case):
    with h5py.File(FIXTURES / case["file"], "r") as file:
        model, expected = torch_model(file)
        trainer = liblstm.Trainer(model, loss=LOSSES[file.attrs["loss"]], optimizer="sgd", precision="float64")
        x, y, _ = batch(file)
        found = trainer.gradients(x, y)
        assert np.abs(model.predict(x, precision="float64") - file["forward/output"][()]).max() <= 1e-12
        assert np.abs(found - expected).max() <= 1e-12 * max(1, np.abs(expected).max())
