"""Files of Keras 1 and of Keras on Theano that the fixtures have none of: a real file, brought into the form that such a Keras gave it."""
import io
import json
import shutil

import h5py
import liblstm
import numpy as np
import pytest
from conftest import FIXTURES, arrays

KERAS = FIXTURES / "keras"


def copy(arch, writer, tmp_path):
    """A copy to be changed, and what Keras computed with the original."""
    path = tmp_path / "changed.h5"
    shutil.copy(KERAS / arch / ("%s.%s.h5" % (arch, writer)), path)
    known = KERAS / arch / ("%s.%s.expected.h5" % (arch, writer))
    with h5py.File(known if known.exists() else KERAS / arch / (arch + ".expected.h5"), "r") as file:
        return path, arrays(file, "input")[0], arrays(file, "output")[0]


def rewrite(group, layer, change):
    """Changes names and numbers of a layer's weights; `change` gets both of each."""
    place = group[layer]
    changed = [change(name.decode() if isinstance(name, bytes) else name, np.array(place[name])) for name in place.attrs["weight_names"]]
    for name in list(place.keys()):
        del place[name]
    place.attrs["weight_names"] = np.array([name.encode() for name, _ in changed])
    for name, values in changed:
        place[name] = values


def turned(values):
    """Places from the last to the first, as Theano's convolution takes them."""
    return values[(slice(None, None, -1),) * (values.ndim - 2)] if values.ndim > 2 else values


def test_kernels_that_theano_wrote_are_turned(tmp_path):
    path, x, y = copy("conv_pool_lstm", "k224", tmp_path)
    with h5py.File(path, "r+") as file:
        for place in (file, file["model_weights"]):
            place.attrs["backend"] = np.bytes_(b"theano")
        for layer in file["model_weights"]:
            if len(file["model_weights"][layer].attrs["weight_names"]):
                rewrite(file["model_weights"], layer, lambda name, values: (name, turned(values)))
    model = liblstm.load(path)
    np.testing.assert_allclose(model.predict(x), y, atol=2e-6)
    assert "Theano wrote the file" in model.summary()
    again = liblstm.load(KERAS / "conv_pool_lstm" / "conv_pool_lstm.k224.h5")
    assert "Theano" not in again.summary()
    again.load_weights(path)
    np.testing.assert_array_equal(again.predict(x), model.predict(x))
    model.save(tmp_path / "saved.h5")
    np.testing.assert_array_equal(liblstm.load(tmp_path / "saved.h5").predict(x), model.predict(x))


def test_kernels_of_two_dimensions_and_of_a_convolutional_lstm_are_turned_too(tmp_path):
    path, x, y = copy("convlstm2d", "k2", tmp_path)
    with h5py.File(path, "r+") as file:
        file["model_weights"].attrs["backend"] = b"theano"
        for layer in file["model_weights"]:
            if len(file["model_weights"][layer].attrs["weight_names"]):
                rewrite(file["model_weights"], layer, lambda name, values: (name, turned(values)))
    np.testing.assert_allclose(liblstm.load(path).predict(x), y, atol=2e-6)


@pytest.mark.parametrize("filters_first", [False, True], ids=["1.2", "1.0"])
@pytest.mark.parametrize("theano", [False, True], ids=["tensorflow", "theano"])
def test_a_convolution_of_keras_1(theano, filters_first, tmp_path):
    """Names that end without `:0` are Theano's; Keras 1.0 had the filters first."""
    path, x, y = copy("k1_conv_rnn", "k122", tmp_path)

    def change(name, values):
        if theano:
            name = name[:-2] if name.endswith(":0") else name
            values = turned(values)
        if filters_first and values.ndim == 4:
            values = values.transpose(3, 2, 0, 1)
        return name, values

    with h5py.File(path, "r+") as file:
        for layer in ("convolution1d_1", "simplernn_1"):
            rewrite(file["model_weights"], layer, change)
        del file.attrs["keras_version"]
    model = liblstm.load(path)
    np.testing.assert_allclose(model.predict(x), y, atol=2e-6)
    assert ("Theano wrote the file" in model.summary()) == theano


def test_a_kernel_of_another_shape_is_refused_by_name(tmp_path):
    path, _, _ = copy("k1_conv_rnn", "k122", tmp_path)
    with h5py.File(path, "r+") as file:
        rewrite(file["model_weights"], "convolution1d_1", lambda name, values: (name, values.transpose(1, 0, 2, 3) if values.ndim == 4 else values))
    with pytest.raises(liblstm.ShapeError, match=r"convolution1d_1.*\[1, 3, 2, 4\].*expected \[3, 2, 4\]"):
        liblstm.load(path)


def test_a_time_distributed_dense(tmp_path):
    """The layer that was there before TimeDistributed(Dense)."""
    path, x, y = copy("k1_gru_td", "k122", tmp_path)
    with h5py.File(path, "r+") as file:
        config = json.loads(file.attrs["model_config"])
        inner = config["config"][1]["config"]["layer"]["config"]
        config["config"][1] = {"class_name": "TimeDistributedDense", "config": dict(inner, name="timedistributed_1", input_length=None)}
        file.attrs["model_config"] = json.dumps(config)
    model = liblstm.load(path)
    np.testing.assert_allclose(model.predict(x), y, atol=2e-6)


def test_the_fused_cells_of_keras_1(tmp_path):
    """consume_less='gpu': one kernel for all gates, in the order i, f, c, o."""
    path, x, y = copy("k1_lstm", "k122", tmp_path)
    with h5py.File(path, "r+") as file:
        group = file["model_weights"]
        layer = next(name for name in group if len(group[name].attrs["weight_names"]) == 12)
        found = [np.array(group[layer][name]) for name in group[layer].attrs["weight_names"]]
        fused = [np.concatenate([found[3 * gate + part] for gate in (0, 2, 1, 3)], -1) for part in range(3)]
        for name in list(group[layer]):
            del group[layer][name]
        group[layer].attrs["weight_names"] = np.array([b"lstm_1_W:0", b"lstm_1_U:0", b"lstm_1_b:0"])
        for name, values in zip(("lstm_1_W:0", "lstm_1_U:0", "lstm_1_b:0"), fused):
            group[layer][name] = values
        file.attrs["model_config"] = file.attrs["model_config"].replace('"consume_less": "cpu"', '"consume_less": "gpu"')
    np.testing.assert_allclose(liblstm.load(path).predict(x), y, atol=2e-6)


def test_steps_that_a_dense_layer_of_keras_1_follows_are_inferred():
    guess = liblstm.load(KERAS / "k1_gru_td" / "k1_gru_td.k122.w.h5", infer=True)
    whole = liblstm.load(KERAS / "k1_gru_td" / "k1_gru_td.k122.h5")
    x = np.random.default_rng(2).standard_normal((2, 4, 3)).astype(np.float32)
    np.testing.assert_array_equal(guess.predict(x), whole.predict(x))


@pytest.mark.parametrize("form", ["keras-h5", "keras2-h5", "keras3-h5"])
def test_what_keras_1_leaves_unsaid_is_said_to_newer_ones(form):
    """A GRU without reset_after is of the newer kind to them; an embedding's options have names of their own."""
    def configs(arch):
        model = liblstm.load(KERAS / arch / (arch + ".k122.h5"))
        try:
            made = model.to_bytes(form)
        except liblstm.UnsupportedError as reason:
            assert form != "keras2-h5" and "hard_sigmoid" in str(reason)
            return None
        with h5py.File(io.BytesIO(made), "r") as file:
            return {layer["class_name"]: layer["config"] for layer in json.loads(file.attrs["model_config"])["config"]["layers"]}

    gru, text = configs("k1_gru_td"), configs("k1_text_bilstm")
    assert gru is None or gru["GRU"]["reset_after"] is False
    assert text is None or "embeddings_regularizer" in text["Embedding"] and not any("kernel" in name for name in text["Embedding"])
    assert (gru is None) == (text is None)
