"""Everything that Keras puts its models into: archives, folders, shards, weights alone, and what older versions kept differently."""
import json
import os
import shutil
import zipfile

import h5py
import numpy as np
import pytest

import liblstm

FIXTURES = os.path.join(os.path.dirname(__file__), "..", "Fixtures")


def fixture(*parts):
    return os.path.join(FIXTURES, *parts)


def keras(arch, kind):
    return fixture("keras", arch, "%s.%s" % (arch, kind))


def same(model, other, *shapes):
    x = [np.random.default_rng(3).normal(size=s).astype("f4") for s in shapes]
    for a, b in zip(np.atleast_1d(model.predict(x[0])), np.atleast_1d(other.predict(x[0]))):
        np.testing.assert_array_equal(a, b)


def test_a_folder_is_read_like_the_archive():
    same(liblstm.load(fixture("storage", "k3_folder")), liblstm.load(keras("storage_base", "k3.keras")), (2, 4, 3))


def test_shards_beside_their_index():
    model = liblstm.load(keras("storage_base", "k2.h5"))
    model.load_weights(fixture("storage", "k3_sharded.weights.json"))
    same(model, liblstm.load(keras("storage_base", "k3.keras")), (2, 4, 3))


@pytest.mark.parametrize("name", ["../storage_base.weights.h5", "/etc/passwd.weights.h5", "x.h5", 7, ".weights.h5"])
def test_a_shard_elsewhere_is_not_opened(tmp_path, name):
    index = json.load(open(fixture("storage", "k3_sharded.weights.json")))
    index["weight_map"] = {key: name for key in index["weight_map"]}
    path = tmp_path / "x.weights.json"
    path.write_text(json.dumps(index))
    with pytest.raises(liblstm.FormatError, match="no shard|no file"):
        liblstm.load(keras("storage_base", "k2.h5")).load_weights(path)


def test_a_missing_shard_is_named_and_changes_nothing(tmp_path):
    for name in os.listdir(fixture("storage")):
        if name.startswith("k3_sharded") and not name.endswith("00002.weights.h5"):
            shutil.copy(fixture("storage", name), tmp_path)
    model = liblstm.load(keras("storage_base", "k2.h5"))
    before = {name: np.array(values) for name, values in model.weights.items()}
    with pytest.raises(liblstm.FileError, match="k3_sharded_00002"):
        model.load_weights(tmp_path / "k3_sharded.weights.json")
    for name, values in model.weights.items():
        np.testing.assert_array_equal(values, before[name])


def test_weights_of_an_archive_go_into_a_model_of_the_same_layers():
    model = liblstm.load(keras("storage_base", "k2.h5"))
    model.load_weights(keras("storage_base", "k3.keras"))
    same(model, liblstm.load(keras("storage_base", "k3.keras")), (2, 4, 3))


@pytest.mark.parametrize("kind", ["k2.w.h5", "k3.weights.h5"])
def test_weights_alone_are_refused_unless_asked_for(kind):
    with pytest.raises(liblstm.FormatError, match="weights only.*infer"):
        liblstm.load(keras("tiny", kind))


@pytest.mark.parametrize("kind, whole", [("k2.w.h5", "k2.h5"), ("k3.weights.h5", "k3.h5")])
def test_a_plain_stack_is_inferred_and_said_to_be(kind, whole):
    model = liblstm.load(keras("tiny", kind), infer=True)
    assert "is an LSTM with tanh and sigmoid, and returns the last step" in model.summary()
    same(model, liblstm.load(keras("tiny", whole)), (2, 3, 2))


def test_an_embedding_and_a_bidirectional_are_inferred():
    model = liblstm.load(keras("text_lstm", "k2.w.h5"), infer=True)
    assert [layer.type for layer in model.layers] == ["Embedding", "LSTM", "Dense"]
    model = liblstm.load(keras("bilstm_concat", "k3.weights.h5"), infer=True)
    assert model.outputs[0].shape == (None, 10)
    np.testing.assert_array_equal(model.weights[list(model.weights)[0]],
                                  np.array(liblstm.load(keras("bilstm_concat", "k3.h5")).weights["bidirectional/forward_lstm/kernel"]))


def test_old_weights_mean_hard_sigmoid():
    model = liblstm.load(keras("k1_lstm", "k122.w.h5"), infer=True)
    assert "hard_sigmoid" in model.summary()


def test_layers_in_several_orders_are_not_guessed(tmp_path):
    path = tmp_path / "x.weights.h5"
    with h5py.File(path, "w") as file:
        for name in ("dense", "time_distributed"):
            file["layers/%s/vars/0" % name] = np.zeros((3, 3), "f4")
            file["layers/%s/vars/1" % name] = np.zeros(3, "f4")
    with pytest.raises(liblstm.UnsupportedError, match="several orders"):
        liblstm.load(path, infer=True)


def test_weights_by_name(tmp_path):
    path = tmp_path / "part.h5"
    with h5py.File(path, "w") as file:
        file.attrs["layer_names"] = ["dense", "another"]
        for name in ("dense", "another"):
            file.create_group(name).attrs["weight_names"] = ["kernel", "bias"]
            file[name]["kernel"], file[name]["bias"] = np.full((6, 2), 0.5, "f4"), np.ones(2, "f4")
    model = liblstm.load(keras("k1_lstm", "k122.h5"))
    names = list(model.weights)
    dense = next(n for n in names if n.startswith("dense"))
    with h5py.File(path, "r+") as file:
        file.attrs["layer_names"] = [dense.split("/")[0], "another"]
        file.move("dense", dense.split("/")[0])
    kept = np.array(model.weights[names[0]])
    model.load_weights(path, by_name=True)
    np.testing.assert_array_equal(model.weights[dense], np.full((6, 2), 0.5, "f4"))
    np.testing.assert_array_equal(model.weights[names[0]], kept)
    with pytest.raises(liblstm.UnsupportedError, match="by name"):
        liblstm.load(keras("storage_base", "k3.keras")).load_weights(keras("storage_base", "k3.weights.h5"), by_name=True)


def test_a_trusted_file_loads_the_same():
    same(liblstm.load(keras("lstm_basic", "k3.h5"), trusted=True), liblstm.load(keras("lstm_basic", "k3.h5")), (2, 6, 4))


def test_two_branches_of_keras_1(tmp_path):
    """A Sequential that begins with a Merge of two others, as Keras 1 wrote it, with weights gate by gate."""
    rng = np.random.default_rng(1)

    def lstm(name, size, units):
        return {"class_name": "LSTM", "config": {"name": name, "output_dim": units, "inner_activation": "hard_sigmoid", "activation": "tanh",
                                                 "batch_input_shape": [None, 5, size], "input_dim": size, "consume_less": "cpu",
                                                 "init": "glorot_uniform", "inner_init": "orthogonal", "forget_bias_init": "one",
                                                 "W_regularizer": {"name": "WeightRegularizer", "l1": 0.0, "l2": 0.01}, "dropout_W": 0.1}}

    config = {"class_name": "Sequential", "config": [
        {"class_name": "Merge", "config": {"name": "merge_1", "mode": "concat", "concat_axis": -1, "layers": [
            {"class_name": "Sequential", "config": [lstm("a", 3, 2)]}, {"class_name": "Sequential", "config": [lstm("b", 2, 3)]}]}},
        {"class_name": "Dense", "config": {"name": "d", "output_dim": 2, "activation": "linear", "bias": True, "input_dim": None}}]}
    path = tmp_path / "old.h5"
    weights = {}
    with h5py.File(path, "w") as file:
        file.attrs["model_config"], file.attrs["keras_version"] = json.dumps(config), "1.1.0"
        group = file.create_group("model_weights")
        group.attrs["layer_names"] = np.array([b"a", b"b", b"merge_1", b"d"])
        for name, size, units in (("a", 3, 2), ("b", 2, 3)):
            weights[name] = [rng.normal(size=s).astype("f4") for _ in "icfo" for s in ((size, units), (units, units), (units,))]
        weights["d"] = [rng.normal(size=(5, 2)).astype("f4"), rng.normal(size=2).astype("f4")]
        for name in ("a", "b", "merge_1", "d"):
            layer = group.create_group(name)
            names = ["%s_%d" % (name, i) for i in range(len(weights.get(name, [])))]
            layer.attrs["weight_names"] = np.array([n.encode() for n in names]) if names else np.zeros(0)
            for n, w in zip(names, weights.get(name, [])):
                layer[n] = w
    x = [rng.normal(size=(2, 5, 3)), rng.normal(size=(2, 5, 2))]
    hard = lambda v: np.clip(0.2 * v + 0.5, 0, 1)
    parts = []
    for name, data in zip("ab", x):
        (wi, ui, bi, wc, uc, bc, wf, uf, bf, wo, uo, bo) = [w.astype("f8") for w in weights[name]]
        h = c = np.zeros((2, len(bi)))
        for t in range(5):
            i, f, o = (hard(data[:, t] @ w + h @ u + b) for w, u, b in ((wi, ui, bi), (wf, uf, bf), (wo, uo, bo)))
            c = f * c + i * np.tanh(data[:, t] @ wc + h @ uc + bc)
            h = o * np.tanh(c)
        parts.append(h)
    expected = np.concatenate(parts, 1) @ weights["d"][0].astype("f8") + weights["d"][1]
    model = liblstm.load(path)
    np.testing.assert_allclose(model.predict(x, precision="float64"), expected, atol=1e-12)


def test_a_member_in_an_archive_cut_short_is_named(tmp_path):
    path = tmp_path / "x.keras"
    with zipfile.ZipFile(keras("tiny", "k3.keras")) as old, zipfile.ZipFile(path, "w") as new:
        for item in old.infolist():
            content = old.read(item)
            new.writestr(item.filename, content[:100] if item.filename == "config.json" else content)
    with pytest.raises(liblstm.FormatError, match="config.json.*not valid JSON"):
        liblstm.load(path)
