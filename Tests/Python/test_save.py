"""Saving: every model that loads, in every format; the same bytes each time; what a format cannot express is refused by name."""
import io
import json
import os
import struct
import subprocess
import sys
import zipfile

import h5py
import numpy as np
import pytest

import liblstm
from conftest import MANIFEST, ROOT, expected, listed, model_path, one
from liblstm.saving import FORMATS

WHOLE = ["keras-h5", "keras2-h5", "keras3-h5", "keras"]
WEIGHTS = {"keras2-weights": ".h5", "keras3-weights": ".weights.h5"}
FILES = sorted({entry["file"] for entry in MANIFEST["keras_files"]
                if entry.get("file", "").startswith("keras/") and not entry.get("architecture_from")
                and not entry["file"].endswith((".w.h5", ".weights.h5"))})
LAYERS = sorted(str(path.relative_to(ROOT)) for path in (ROOT / "Tests" / "Layers").glob("*.*") if path.suffix in (".h5", ".keras"))


def saved(model, form):
    """The bytes, or the sentence by which the format refuses the model."""
    try:
        return model.to_bytes(form)
    except liblstm.UnsupportedError as error:
        return str(error)


def same_weights(a, b):
    return list(a.weights) == list(b.weights) and all(
        a.weights[name].dtype == b.weights[name].dtype and a.weights[name].tobytes() == b.weights[name].tobytes() for name in a.weights)


def cleared(model):
    for name in model.weights:
        model.weights[name] = np.full_like(model.weights[name], 0.25)


@pytest.mark.parametrize("name", ["Tests/Fixtures/" + name for name in FILES] + LAYERS)
def test_every_model_is_saved_and_read_back_bit_by_bit(name, tmp_path):
    model = liblstm.load(str(ROOT / name))
    kept = 0
    for form in FORMATS:
        made = saved(model, form)
        assert made == saved(model, form), form
        if isinstance(made, str):
            # A refusal names the layer, optimiser or name at fault.
            assert "‘" in made, made
            continue
        if form in WHOLE:
            again = liblstm.load_bytes(made)
            assert same_weights(model, again), form
            assert saved(again, form) == made, form
        elif form in WEIGHTS:
            path = tmp_path / ("weights" + WEIGHTS[form])
            path.write_bytes(made)
            # The weights are those of a model of that generation, in which layers of cuDNN are plain ones.
            cudnn = any("CuDNN" in layer.type or "CuDNN" in str(layer.options) for layer in model.layers)
            again = liblstm.load_bytes(model.to_bytes("keras")) if cudnn else liblstm.load(str(ROOT / name))
            cleared(again)
            again.load_weights(path)
            assert same_weights(model, again), form
        kept += 1
    # At least the generation that it is of, and the two kinds of weights.
    assert kept >= 3


@pytest.mark.parametrize("arch", ["text_lstm", "encoder_decoder", "nested_sequential", "attention_mha", "masking_gru_td", "bi_stacked_masked",
                                  "rnn_stacked_cells", "mask_merge", "shared_submodel", "lstm_hard_sigmoid", "cudnn_bilstm"])
def test_what_is_read_back_predicts_the_same_bits(arch):
    model = liblstm.load(model_path(arch))
    inputs = one(expected(arch)[0][0])
    before = listed(model.predict(inputs))
    count = 0
    for form in WHOLE:
        made = saved(model, form)
        if isinstance(made, bytes):
            after = listed(liblstm.load_bytes(made).predict(inputs))
            assert all(np.array_equal(a, b, equal_nan=True) for a, b in zip(before, after)), form
            count += 1
    assert count >= 1


def test_the_name_of_a_file_tells_its_format(basic, tmp_path):
    for name, form in (("a.h5", "keras-h5"), ("b.HDF5", "keras-h5"), ("c.weights.h5", "keras3-weights"), ("d.keras", "keras"),
                       ("e.safetensors", "safetensors")):
        basic.save(tmp_path / name)
        assert (tmp_path / name).read_bytes() == basic.to_bytes(form)
    with pytest.raises(liblstm.ArgumentError, match="model.bin.*safetensors"):
        basic.save(tmp_path / "model.bin")
    with pytest.raises(liblstm.ArgumentError, match="keras2-h5"):
        basic.save(tmp_path / "a.h5", "hdf5")
    with pytest.raises(liblstm.ArgumentError, match="file name"):
        basic.to_bytes(None)
    assert sorted(os.listdir(tmp_path)) == ["a.h5", "b.HDF5", "c.weights.h5", "d.keras", "e.safetensors"]


def test_an_h5_that_cannot_serve_both_serves_the_models_own_generation(tmp_path):
    for writer, form in (("k2", "keras2-h5"), ("k3", "keras3-h5")):
        model = liblstm.load(model_path("encoder_decoder", writer))
        model.save(tmp_path / "model.h5")
        assert (tmp_path / "model.h5").read_bytes() == model.to_bytes(form)
        with pytest.raises(liblstm.UnsupportedError, match="decoder.*initial state.*both Keras 2 and Keras 3"):
            model.save(tmp_path / "model.h5", "keras-h5")


@pytest.mark.parametrize("arch, writer, form, words", [
    ("lstm_hard_sigmoid", "k2", "keras-h5", "lstm.*Keras 3.*hard_sigmoid"),
    ("lstm_hard_sigmoid", "k3", "keras2-h5", "lstm.*Keras 2.*hard_sigmoid"),
    ("mask_merge", "k2", "keras", "join the masks"),
    ("mask_initial_state", "k2", "keras", "masks beside initial states"),
    ("lstm_time_major", "k2", "keras", "time_major"),
    ("gru_classic", "k2", "safetensors", "reset_after"),
    ("lstm_backwards_seq", "k2", "safetensors", "backwards"),
    ("lstm_relu_seq", "k2", "torch-h5", "activations"),
    ("bi_custom_backward", "k2", "torch-h5", "differ"),
    ("attention_dot", "k2", "torch-h5", "att"),
    ("opt_adamw_amsgrad", "k2", "keras-h5", "AdamW.*without its training state"),
])
def test_what_a_format_cannot_express_is_refused_by_name(arch, writer, form, words):
    with pytest.raises(liblstm.UnsupportedError, match=words):
        liblstm.load(model_path(arch, writer)).to_bytes(form)


def test_hard_sigmoid_of_keras_2_is_spelled_out_for_keras_3():
    model = liblstm.load(model_path("lstm_hard_sigmoid", "k2"))
    archive = zipfile.ZipFile(io.BytesIO(model.to_bytes("keras")))
    lstm = json.loads(archive.read("config.json"))["config"]["layers"][1]["config"]
    assert [part["class_name"] for part in lstm["recurrent_activation"]["config"]["layers"]] == ["Rescaling", "ReLU"]


def test_a_keras_archive_has_stored_members_of_one_date(basic):
    archive = zipfile.ZipFile(io.BytesIO(basic.to_bytes("keras")))
    assert archive.testzip() is None
    assert [info.filename for info in archive.infolist()] == ["metadata.json", "config.json", "model.weights.h5"]
    assert all(info.compress_type == zipfile.ZIP_STORED and info.date_time == (1980, 1, 1, 0, 0, 0) for info in archive.infolist())
    assert json.loads(archive.read("metadata.json"))["keras_version"].startswith("3.")


def test_an_hdf5_model_is_written_as_keras_does(basic):
    with h5py.File(io.BytesIO(basic.to_bytes("keras-h5")), "r") as file:
        assert json.loads(file.attrs["model_config"])["class_name"] == "Sequential"
        group = file["model_weights"]
        assert [name.decode() for name in group.attrs["layer_names"]] == ["lstm"]
        names = [name.decode() for name in group["lstm"].attrs["weight_names"]]
        assert np.array_equal(group["lstm"][names[0]][()], basic.weights["lstm/kernel"])
        assert list(group["top_level_model_weights"].attrs["weight_names"]) == []


def test_names_of_every_script_survive():
    model = liblstm.load(model_path("unicode_names", "k3"))
    for form in ("keras-h5", "keras3-h5", "keras"):
        again = liblstm.load_bytes(model.to_bytes(form))
        assert [layer.name for layer in again.layers] == [layer.name for layer in model.layers]


def test_long_lists_of_names_are_split_as_keras_splits_them():
    model = liblstm.load(model_path("split_attributes"))
    with h5py.File(io.BytesIO(model.to_bytes("keras2-h5")), "r") as file:
        inner = file["model_weights/inner"]
        assert "weight_names0" in inner.attrs and "weight_names1" in inner.attrs and "weight_names" not in inner.attrs


def torch_state(content):
    """A safetensors file as arrays, read by its description."""
    size, = struct.unpack("<Q", content[:8])
    header = json.loads(content[8:8 + size])
    said = header.pop("__metadata__")
    types = {"F32": "<f4", "F64": "<f8", "I64": "<i8"}
    assert size % 8 == 0 and max(entry["data_offsets"][1] for entry in header.values()) == len(content) - 8 - size
    arrays = {name: np.frombuffer(content, types[entry["dtype"]], int(np.prod(entry["shape"])), 8 + size + entry["data_offsets"][0])
              .reshape(entry["shape"]) for name, entry in header.items()}
    return arrays, said


def test_pytorch_gets_its_names_orientation_and_order_of_gates():
    model = liblstm.load(model_path("gru_reset_after"))
    arrays, said = torch_state(model.to_bytes("safetensors"))
    assert said["format"] == "pt" and json.loads(said["architecture"])["gru"]["type"] == "nn.GRU"
    kernel, bias, units = model.weights["gru/kernel"], model.weights["gru/bias"], 7
    z, r, n = (kernel[:, k * units:(k + 1) * units].T for k in range(3))
    assert np.array_equal(arrays["gru.weight_ih_l0"], np.concatenate([r, z, n]))
    assert np.array_equal(arrays["gru.bias_hh_l0"], np.concatenate([bias[1, units:2 * units], bias[1, :units], bias[1, 2 * units:]]))
    model = liblstm.load(model_path("bilstm_concat"))
    arrays, _ = torch_state(model.to_bytes("safetensors"))
    name = next(iter(model.weights)).split("/")[0]
    back = next(key for key in model.weights if "backward" in key and key.endswith("/recurrent_kernel"))
    assert np.array_equal(arrays[name + ".weight_hh_l0_reverse"], model.weights[back].T)
    assert not arrays[name + ".bias_hh_l0"].any()
    with h5py.File(io.BytesIO(model.to_bytes("torch-h5")), "r") as file:
        assert sorted(file) == sorted(arrays) and all(np.array_equal(file[key][()], arrays[key]) for key in arrays)


def test_the_optimizers_state_is_kept_or_left_out():
    path = model_path("opt_sgd_nesterov")
    model = liblstm.load(path)
    with h5py.File(path, "r") as old, h5py.File(io.BytesIO(model.to_bytes("keras2-h5")), "r") as new:
        names = list(old["optimizer_weights"].attrs["weight_names"])
        assert [name.decode() for name in new["optimizer_weights"].attrs["weight_names"]] == names
        for name in names:
            assert new["optimizer_weights"][name].dtype == old["optimizer_weights"][name].dtype
            assert np.array_equal(new["optimizer_weights"][name][()], old["optimizer_weights"][name][()])
        assert json.loads(new.attrs["training_config"]) == json.loads(old.attrs["training_config"])
    with h5py.File(io.BytesIO(model.to_bytes("keras2-h5", training=False)), "r") as bare:
        assert "optimizer_weights" not in bare and "training_config" not in bare.attrs
    with zipfile.ZipFile(io.BytesIO(model.to_bytes("keras"))) as archive:
        compiled = json.loads(archive.read("config.json"))["compile_config"]
        assert compiled["optimizer"]["class_name"] == "SGD" and compiled["loss"] == "mean_squared_error"
        with h5py.File(io.BytesIO(archive.read("model.weights.h5")), "r") as new:
            # Keras 3 has the learning rate among the arrays, after the step.
            assert len(new["optimizer/vars"]) == len(names) + 1 and new["optimizer/vars/1"][()] == np.float32(0.05)
    copied = liblstm.load_bytes(model.to_bytes("keras"))
    assert copied.to_bytes("keras") == model.to_bytes("keras")


def test_weights_that_were_set_are_saved(basic, tmp_path):
    basic.weights["lstm/bias"] = np.arange(32)
    basic.save(tmp_path / "a.keras")
    assert np.array_equal(liblstm.load(tmp_path / "a.keras").weights["lstm/bias"], np.arange(32))
    double = basic.weights["lstm/kernel"].astype(np.float64) + 1e-12
    basic.weights["lstm/kernel"] = double
    assert np.array_equal(liblstm.load_bytes(basic.to_bytes("keras-h5")).weights["lstm/kernel"], double)


def test_a_save_that_fails_leaves_the_old_file(basic, tmp_path):
    path = tmp_path / "model.h5"
    path.write_bytes(b"what was there")
    with pytest.raises(liblstm.UnsupportedError):
        liblstm.load(model_path("gru_classic")).save(path, "torch-h5")
    with pytest.raises(liblstm.FileError, match="folder"):
        basic.save(tmp_path, "keras-h5")
    with pytest.raises(liblstm.FileError, match="no such"):
        basic.save(tmp_path / "nowhere" / "model.h5")
    assert path.read_bytes() == b"what was there" and os.listdir(tmp_path) == ["model.h5"]
    basic.save(str(path))
    assert path.read_bytes() == basic.to_bytes("keras-h5") and os.listdir(tmp_path) == ["model.h5"]


def test_a_closed_model_is_not_saved(basic, tmp_path):
    basic.close()
    with pytest.raises(liblstm.HandleError):
        basic.save(tmp_path / "model.h5")
    with pytest.raises(liblstm.HandleError):
        basic.to_bytes("keras")


def test_another_process_makes_the_same_bytes(environment):
    program = "import hashlib, liblstm, sys; m = liblstm.load(sys.argv[1]); " \
              "print([hashlib.sha256(m.to_bytes(f)).hexdigest() for f in ('keras-h5', 'keras', 'keras3-weights', 'safetensors')])"
    runs = {subprocess.run([sys.executable, "-c", program, model_path("text_lstm", "k3")], env=environment, capture_output=True, check=True,
                           text=True).stdout for _ in range(2)}
    assert len(runs) == 1
