"""python -m liblstm inspect, on every file of the fixtures: writer, format, layers, what is assumed, or why it does not load."""
import re
import zipfile
from pathlib import Path

import h5py
import liblstm
import numpy as np
import pytest
from conftest import FIXTURES, MANIFEST, ROOT
from liblstm.__main__ import main

LAYERS = sorted(p for p in (ROOT / "Tests" / "Layers").iterdir() if p.suffix in (".h5", ".keras"))
AUDIO = {"lstm.nam": "NAM", "wide.nam": "NAM", "mono.aidax": "AIDA-X", "knobs.json": "AIDA-X", "rtneural.json": "RTNeural", "gru.json": "GuitarML",
         "rnn.json": "GuitarML", "proteus.json": "GuitarML"}


@pytest.fixture
def inspect(capsys):
    def run(path):
        assert main(["inspect", str(path)]) == 0
        said = capsys.readouterr().out
        # One verdict, and the loader is of the same opinion.
        assert said.count("The file loads.") + said.count("The file does not load: ") == 1, path
        return said
    return run


def layers_of(said):
    """The types in the table of layers."""
    rule = re.compile("^─+$", re.MULTILINE)
    return [line.split()[-2 if line.endswith("]") else 1] for line in rule.split(said)[2].strip().splitlines()] if rule.search(said) else []


def test_every_model_of_keras(inspect):
    for file in MANIFEST["keras_files"]:
        if not file.get("file") or "weights" in file["format"]:
            continue
        said = inspect(FIXTURES / file["file"])
        assert "The file loads." in said and "Format      Keras" in said, file["file"]
        assert "Writer      Keras %s" % file["format"].split("keras")[1][0] in said, file["file"]
        assert layers_of(said), file["file"]


def test_every_file_of_weights_says_what_it_holds_and_what_to_do(inspect):
    guessed = 0
    for file in MANIFEST["keras_files"]:
        if not file.get("file") or "weights" not in file["format"]:
            continue
        said = inspect(FIXTURES / file["file"])
        assert "Format      Keras" in said and "Writer      Keras" in said and "without a configuration" in said, file["file"]
        assert re.search(r"^  .+  \[\d+(, \d+)*\]$", said, re.MULTILINE), file["file"]
        assert "load them into a model of that architecture" in said and "infer=True" in said, file["file"]
        try:
            liblstm.load(FIXTURES / file["file"], infer=True)
        except liblstm.LSTMError as reason:
            assert "No model can be inferred from the weights: " in said and str(reason).split(": ")[-1] in said, file["file"]
        else:
            assert "If asked to infer a model from the weights, this is it:" in said and "Assumed     layer" in said, file["file"]
            guessed += 1
    assert guessed >= 15


def test_every_way_of_storage(inspect):
    for entry in MANIFEST["storage"]:
        said = inspect(FIXTURES / entry["file"])
        if "The file loads." in said:
            assert "Writer      Keras" in said and layers_of(said), entry["file"]
        else:
            assert entry["must"] == "load-or-refuse" or entry.get("architecture_from") or "weights.json" in entry["file"], said


def test_every_layer_of_its_own(inspect):
    for path in LAYERS:
        said = inspect(path)
        assert "The file loads." in said and "Writer      Keras %s" % path.name.split(".")[1][1] in said and layers_of(said), path


def test_every_model_of_pytorch(inspect):
    files = [p for p in sorted((FIXTURES / "torch").rglob("*.*")) if ".state_dict" in p.name or p.suffix == ".safetensors"]
    assert len(files) >= 30
    for path in files:
        said = inspect(path)
        assert "The file loads." in said and "Format      PyTorch state_dict" in said and "Writer      PyTorch" in said and layers_of(said), path


@pytest.mark.parametrize("name", AUDIO)
def test_every_audio_model(name, inspect):
    said = inspect(ROOT / "Tests" / "Exchange" / "audio" / name)
    assert "The file loads." in said and AUDIO[name] in said.split("Format")[1].splitlines()[0] and layers_of(said)


def test_every_malformed_file_gets_a_sentence(inspect, tmp_path):
    entries = MANIFEST["malformed"]
    with zipfile.ZipFile(FIXTURES / entries["archive"]) as archive:
        archive.extractall(tmp_path)
    for entry in entries["files"]:
        said = inspect(tmp_path / entry["file"])
        if "The file loads." not in said:
            sentence = said.split("The file does not load: ")[1]
            assert sentence.strip().endswith(".") and len(sentence.split()) >= 4, (entry["file"], sentence)


def test_a_cudnn_layer_is_inferred_with_the_gates_that_it_has():
    for arch in ("cudnn_lstm",):
        folder = FIXTURES / "keras" / arch
        for writer in ("k2", "k224"):
            guess, whole = liblstm.load(folder / ("%s.%s.w.h5" % (arch, writer)), infer=True), liblstm.load(folder / ("%s.%s.h5" % (arch, writer)))
            assert "cuDNN's layout" in guess.summary()
            x = np.random.default_rng(3).standard_normal((2, 6, 4)).astype(np.float32)
            np.testing.assert_array_equal(guess.predict(x), whole.predict(x)[:, -1])


def test_bidirectional_weights_of_keras_1_are_inferred(inspect):
    folder = FIXTURES / "keras" / "k1_text_bilstm"
    guess, whole = liblstm.load(folder / "k1_text_bilstm.k122.w.h5", infer=True), liblstm.load(folder / "k1_text_bilstm.k122.h5")
    assert [layer.type for layer in guess.layers] == ["Embedding", "Bidirectional", "Dense"]
    for mine, theirs in zip(guess.weights.values(), whole.weights.values()):
        np.testing.assert_array_equal(mine, theirs)
    assert "with tanh and hard_sigmoid" in guess.summary()
    assert "Writer      Keras 1, as the names of the weights tell" in inspect(folder / "k1_text_bilstm.k122.w.h5")


def test_pickled_weights_are_refused_and_the_way_out_is_told(inspect):
    """What Keras 3 writes with an internal option: Python objects in an .npz."""
    path = FIXTURES / "storage" / "k3_npz_weights.keras"
    with pytest.raises(liblstm.UnsupportedError, match="model.weights.npz.*pickled.*save it again"):
        liblstm.load(path)
    assert "pickled" in inspect(path)


def test_an_index_of_shards_and_a_shard_say_what_they_are(inspect):
    assert "index of weights that Keras 3 split" in inspect(FIXTURES / "storage" / "k3_sharded.weights.json")
    said = inspect(FIXTURES / "storage" / "k3_sharded_00000.weights.h5")
    assert "layers/" in said and "holds weights only" in said


def test_a_configuration_alone_says_what_it_lacks(inspect, tmp_path):
    path = tmp_path / "model.json"
    with h5py.File(FIXTURES / "keras" / "lstm_basic" / "lstm_basic.k3.h5", "r") as file:
        path.write_text(file.attrs["model_config"])
    assert "a Keras configuration without weights" in inspect(path)


def test_files_of_others_say_how_they_are_converted(inspect, tmp_path):
    with zipfile.ZipFile(tmp_path / "model.pt", "w") as archive:
        archive.writestr("model/data.pkl", b"\x80\x02}.")
    assert "file of PyTorch (torch.save); `python -m liblstm convert`" in inspect(tmp_path / "model.pt")
    (tmp_path / "model.onnx").write_bytes(b"\x08\x08\x12\x07pytorch\x1a\x05" + bytes(40))
    assert "an ONNX model; `python -m liblstm convert`" in inspect(tmp_path / "model.onnx")
