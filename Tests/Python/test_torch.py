"""PyTorch state_dicts, in HDF5 and in safetensors, give what PyTorch computed."""
from __future__ import annotations

import json
import shutil
import struct
import zipfile

import h5py
import numpy as np
import pytest

import liblstm
from conftest import FIXTURES, MANIFEST, arrays, listed

CASES = {case["case"]: case for case in MANIFEST["torch"]}
FILES = [(name, entry["file"]) for name, case in CASES.items() for entry in case["files"]]


def expected(case):
    with h5py.File(FIXTURES / case["expected"], "r") as file:
        lengths = file["lengths"][()] if "lengths" in file else None
        return arrays(file, "input"), arrays(file, "output"), arrays(file["float64"], "output"), lengths


def with_architecture(path, target, change):
    """A copy of a fixture whose architecture says more."""
    if path.endswith(".h5"):
        shutil.copy(path, target)
        with h5py.File(target, "r+") as file:
            file.attrs["architecture"] = json.dumps(change(json.loads(file.attrs["architecture"])))
        return str(target)
    data = open(path, "rb").read()
    (length,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8:8 + length])
    header["__metadata__"]["architecture"] = json.dumps(change(json.loads(header["__metadata__"]["architecture"])))
    text = json.dumps(header).encode()
    open(target, "wb").write(struct.pack("<Q", len(text)) + text + data[8 + length:])
    return str(target)


def agree(found, wanted, limit):
    assert len(found) == len(wanted)
    for one, other in zip(found, wanted):
        assert one.shape == other.shape
        assert np.abs(one.astype("f8") - other.astype("f8")).max() <= limit * max(1.0, np.abs(other).max())


@pytest.mark.parametrize("name, file", FILES, ids=[file for _, file in FILES])
def test_every_case_gives_what_torch_computed(name, file, tmp_path):
    case = CASES[name]
    inputs, wanted, exact, _ = expected(case)
    path = str(FIXTURES / file)
    if len(inputs) > 1:
        # The file does not say that the states are given, so its copy says it.
        states = ["h_0", "c_0"][:len(inputs) - 1]
        path = with_architecture(path, tmp_path / "model", lambda it: dict(it, inputs=["x"] + states)) if file.endswith(".safetensors") else \
            with_architecture(path, tmp_path / "model.h5", lambda it: dict(it, inputs=["x"] + states))
    model = liblstm.load(path)
    given = inputs if len(inputs) > 1 else inputs[0]
    agree(listed(model.predict(given)), wanted, case["tolerance"]["suggested_abs"])
    agree(listed(model.predict(given, precision="float64")), exact, 1e-9)


@pytest.mark.parametrize("name", ["t_lstm", "t_lstm_bi2", "t_gru", "t_lstm_proj"])
def test_without_initial_states_zeros_are_meant(name, tmp_path):
    case = CASES[name]
    inputs, _, _, _ = expected(case)
    path = str(FIXTURES / case["files"][0]["file"])
    states = ["h_0", "c_0"][:len(inputs) - 1]
    zeros = [inputs[0]] + [np.zeros_like(state) for state in inputs[1:]]
    given = liblstm.load(with_architecture(path, tmp_path / "model.h5", lambda it: dict(it, inputs=["x"] + states))).predict(zeros)
    agree(listed(liblstm.load(path).predict(inputs[0])), listed(given), 0)


def test_lengths_may_be_an_input(tmp_path):
    case = CASES["t_text_lstm_bi"]
    inputs, _, exact, lengths = expected(case)
    path = with_architecture(str(FIXTURES / case["files"][0]["file"]), tmp_path / "model.h5", lambda it: dict(it, inputs=["x", "lengths"]))
    found = liblstm.load(path).predict([inputs[0], lengths.reshape(-1, 1)], precision="float64")
    agree(found, exact, 1e-9)
    # What stands beyond the lengths no longer matters.
    tokens = inputs[0].copy()
    for row, length in enumerate(lengths):
        tokens[row, length:] = 3
    agree(liblstm.load(path).predict([tokens, lengths.reshape(-1, 1)], precision="float64"), exact, 1e-9)


@pytest.mark.parametrize("name", [name for name in CASES if name not in ("t_norms",)])
def test_without_an_architecture_the_chain_is_inferred_and_reported(name, tmp_path):
    case = CASES[name]
    inputs, _, exact, _ = expected(case)
    for number, entry in enumerate(case["files"]):
        path = tmp_path / ("model%d" % number)
        source = str(FIXTURES / entry["file"])
        if source.endswith(".h5"):
            shutil.copy(source, path)
            with h5py.File(path, "r+") as file:
                del file.attrs["architecture"]
        else:
            data = open(source, "rb").read()
            (length,) = struct.unpack("<Q", data[:8])
            header = json.loads(data[8:8 + length])
            del header["__metadata__"]
            text = json.dumps(header).encode()
            path.write_bytes(struct.pack("<Q", len(text)) + text + data[8 + length:])
        model = liblstm.load(str(path))
        assert "Assumed" in model.summary()
        x = inputs[0]
        spec = case["architecture"].get("rnn", {})
        if spec and not spec.get("batch_first"):
            x = x.swapaxes(0, 1)
        found = listed(model.predict(x, precision="float64"))[0]
        if not any(word in name for word in ("text", "relu")) and len(inputs) == 1:
            wanted = exact[0].swapaxes(0, 1) if spec and not spec.get("batch_first") else exact[0]
            agree([found], [wanted], 1e-9)


def test_groups_in_groups_are_names_with_dots(tmp_path):
    case = CASES["t_lstm_2layer"]
    inputs, _, exact, _ = expected(case)
    with h5py.File(FIXTURES / case["files"][0]["file"], "r") as source, h5py.File(tmp_path / "nested.h5", "w") as target:
        for name in source:
            target.create_dataset("module/" + name.replace(".", "/"), data=source[name][()])
        target.attrs["architecture"] = source.attrs["architecture"]
    agree(liblstm.load(str(tmp_path / "nested.h5")).predict(inputs[0], precision="float64"), exact, 1e-9)


def test_a_sequence_step_by_step_is_the_same_bits():
    case = CASES["t_lstm_proj"]
    inputs, _, _, _ = expected(case)
    model = liblstm.load(str(FIXTURES / case["files"][0]["file"]))
    whole = model.predict(inputs[0][:1])[0][0]
    with model.stream() as stream:
        for step, wanted in zip(inputs[0][0], whole):
            found = stream.step(step)
            np.testing.assert_array_equal(np.asarray(found).ravel()[:3], wanted)  # h_n and c_n follow


def test_a_network_with_steps_first_runs_step_by_step_too():
    case = CASES["t_lstm_2layer"]
    inputs, _, _, _ = expected(case)
    model = liblstm.load(str(FIXTURES / case["files"][0]["file"]))
    assert model.can_stream
    whole = model.predict(inputs[0][:, :1])[0][:, 0]
    with model.stream() as stream:
        for step, wanted in zip(inputs[0][:, 0], whole):
            np.testing.assert_array_equal(np.asarray(stream.step(step)).ravel()[:5], wanted)


def test_the_trace_of_a_projection_shows_gates_and_the_shorter_output():
    case = CASES["t_lstm_proj"]
    inputs, _, _, _ = expected(case)
    trace = liblstm.load(str(FIXTURES / case["files"][0]["file"])).trace(inputs[0])
    assert trace["input"].shape == (2, 5, 6) and trace["cell"].shape == (2, 5, 6) and trace["output"].shape == (2, 5, 3)


def test_both_biases_are_kept():
    model = liblstm.load(str(FIXTURES / CASES["t_lstm"]["files"][0]["file"]))
    with h5py.File(FIXTURES / CASES["t_lstm"]["files"][0]["file"], "r") as file:
        np.testing.assert_array_equal(model.weights["rnn/bias"], [file["rnn.bias_ih_l0"][()], file["rnn.bias_hh_l0"][()]])


@pytest.mark.parametrize("change, words", [
    (lambda it: dict(it, rnn=dict(it["rnn"], hidden_size=9)), "hidden_size"),
    (lambda it: dict(it, rnn=dict(it["rnn"], type="nn.GRU")), "stated as an GRU"),
    (lambda it: dict(it, rnn=dict(it["rnn"], bidirectional=True)), "bidirectional"),
    (lambda it: dict(it, extra={"type": "nn.Conv1d"}), "Conv1d"),
    (lambda it: {"rnn": it["rnn"]}, "fc."),
    (lambda it: dict(it, outputs=["fc(something else)"]), "something else"),
    (lambda it: dict(it, inputs=["x", "h_0"]), "c_0"),
    (lambda it: dict(it, inputs=["x", "y_0"]), "y_0"),
    (lambda it: [1], "architecture"),
    (lambda it: {"rnn": it["rnn"], "fc": {"type": "nn.LSTM"}}, "fc"),
])
def test_an_architecture_that_does_not_fit_is_refused_by_name(change, words, tmp_path):
    path = with_architecture(str(FIXTURES / CASES["t_lstm"]["files"][0]["file"]), tmp_path / "model.h5", change)
    with pytest.raises(liblstm.LSTMError, match=words):
        liblstm.load(path)


def test_damaged_safetensors_are_refused_and_say_why(tmp_path):
    cases = [one for one in MANIFEST["malformed"]["files"] if one["file"].startswith("st_")]
    assert len(cases) > 10
    with zipfile.ZipFile(FIXTURES / MANIFEST["malformed"]["archive"]) as archive:
        for case in cases:
            path = archive.extract(case["file"], tmp_path)
            with pytest.raises(liblstm.LSTMError) as caught:
                liblstm.load(path)
            if case["expect"] == "error":
                assert any(word.lower() in str(caught.value).lower() for word in case["message_should_mention"]), (case["file"], caught.value)
            if case["expect"] == "load":
                assert "‘w’" in str(caught.value) or "module" in str(caught.value)  # one tensor is no network


def test_a_cut_or_changed_file_never_harms(tmp_path):
    data = bytearray((FIXTURES / CASES["t_lstm"]["files"][1]["file"]).read_bytes())
    random = np.random.default_rng(5)
    for trial in range(300):
        changed = bytearray(data)
        for _ in range(random.integers(1, 4)):
            changed[random.integers(0, 700)] = random.integers(0, 256)
        if trial % 3 == 0:
            del changed[random.integers(0, len(changed)):]
        path = tmp_path / "model.safetensors"
        path.write_bytes(changed)
        try:
            liblstm.load(str(path))
        except liblstm.LSTMError as error:
            assert len(str(error)) > 12
