"""python -m liblstm: one command, one sentence when something is wrong."""
import os
import subprocess
import sys

import h5py
import liblstm
import numpy as np
import pytest
from conftest import arrays, model_path, series
from liblstm.__main__ import main

BASIC, SEVERAL, TWO = model_path("lstm_basic"), model_path("lstm_return_state_seq"), model_path("functional_two_inputs")


def write(path, **datasets):
    with h5py.File(path, "w") as file:
        for name, array in datasets.items():
            file[name] = array
    return str(path)


def test_inspect_shows_layers_and_weights(capsys):
    assert main(["inspect", BASIC]) == 0
    said = capsys.readouterr().out
    assert "[?, 6, 4]" in said and "[?, 8]" in said and "LSTM" in said and "lstm/kernel" not in said
    assert main(["inspect", BASIC, "--weights"]) == 0
    assert "lstm/kernel" in capsys.readouterr().out


@pytest.mark.parametrize("precision", ["float32", "float64"])
def test_predict_reads_and_writes_HDF5(tmp_path, precision):
    x = series(5, 6, 4)
    given, written = write(tmp_path / "in.h5", input=x), str(tmp_path / "out.h5")
    assert main(["predict", BASIC, given, written, "--precision", precision, "--batch-size", "2", "--threads", "2"]) == 0
    with h5py.File(written, "r") as file:
        assert list(file) == ["output"] and file["output"].dtype == precision
        assert np.array_equal(file["output"], liblstm.load(BASIC).predict(x, precision=precision))
    assert sorted(p.name for p in tmp_path.iterdir()) == ["in.h5", "out.h5"]


def test_several_inputs_and_outputs_are_numbered(tmp_path):
    x, written = series(4, 5, 3), str(tmp_path / "out.h5")
    assert main(["predict", SEVERAL, write(tmp_path / "in.h5", input_0=x), written]) == 0
    with h5py.File(written, "r") as file:
        assert all(np.array_equal(a, b) for a, b in zip(arrays(file, "output"), liblstm.load(SEVERAL).predict(x)))
    left, right = series(3, 5, 2), series(3, 6, 3)
    assert main(["predict", TWO, write(tmp_path / "in.h5", input_0=left, input_1=right), written]) == 0
    with h5py.File(written, "r") as file:
        assert np.array_equal(file["output"], liblstm.load(TWO).predict([left, right]))


def test_predict_reads_and_writes_npy_npz_and_csv(tmp_path):
    x = series(1, 6, 4)
    y = liblstm.load(BASIC).predict(x)
    np.save(tmp_path / "in.npy", x)
    np.savez(tmp_path / "in.npz", input=x)
    np.savetxt(tmp_path / "in.csv", x[0], delimiter=",", header="a,b,c,d", comments="", fmt="%.9g")
    for ending, read in ((".npy", np.load), (".npz", lambda p: np.load(p)["output"]),
                         (".csv", lambda p: np.loadtxt(p, delimiter=",", ndmin=2).astype(np.float32))):
        written = tmp_path / ("out" + ending)
        assert main(["predict", BASIC, str(tmp_path / ("in" + ending)), str(written)]) == 0
        assert np.array_equal(read(written), y)


def test_trace_draws_a_picture(tmp_path):
    pytest.importorskip("matplotlib")
    picture = tmp_path / "gates.png"
    assert main(["trace", BASIC, write(tmp_path / "in.h5", input=series(2, 6, 4)), str(picture), "--layer", "lstm", "--units", "3"]) == 0
    assert picture.read_bytes()[:4] == b"\x89PNG"


def test_check_says_whether_a_file_would_load(tmp_path, capsys):
    (tmp_path / "text.h5").write_text("not a model")
    assert main(["check", BASIC]) == 0 and main(["check", str(tmp_path / "text.h5")]) == 1
    assert capsys.readouterr().out


@pytest.mark.parametrize("arguments, word", [
    (["inspect", "{}/none.h5"], "none.h5"), (["check", "{}/none.h5"], "none.h5"), (["predict", BASIC, "{}/none.h5", "{}/o.h5"], "none.h5"),
    (["predict", BASIC, "{}/none.npy", "{}/o.h5"], "none.npy"), (["predict", BASIC, "{}/other.h5", "{}/o.h5"], "input"),
    (["predict", BASIC, "{}/wrong.h5", "{}/o.h5"], "input"), (["predict", TWO, "{}/wrong.h5", "{}/o.h5"], "2"),
    (["predict", BASIC, "{}/right.h5", "{}/no/o.h5"], "o.h5"), (["predict", SEVERAL, "{}/states.h5", "{}/o.npy"], "3 outputs"),
    (["predict", BASIC, "{}/words.csv", "{}/o.h5"], "words.csv"), (["predict", BASIC, "{}/right.h5", "{}/o.h5", "--threads", "0"], "threads"),
    (["trace", BASIC, "{}/right.h5", "{}/o.png", "--layer", "none"], "none")])
def test_an_error_is_one_sentence_and_status_1(tmp_path, capsys, arguments, word):
    write(tmp_path / "other.h5", something=series(2, 2))
    write(tmp_path / "wrong.h5", input=series(2, 2))
    write(tmp_path / "right.h5", input=series(2, 6, 4))
    write(tmp_path / "states.h5", input=series(2, 5, 3))
    (tmp_path / "words.csv").write_text("a,b\nc,d\n")
    assert main([a.replace("{}", str(tmp_path)) for a in arguments]) == 1
    said = capsys.readouterr()
    assert said.out == "" and said.err.startswith("liblstm: ") and word in said.err and said.err.count("\n") == 1
    assert not list(tmp_path.glob("o.*"))


def test_a_wrong_command_line_has_status_2(environment):
    for arguments in ([], ["nonsense"], ["predict", BASIC], ["inspect"]):
        done = subprocess.run([sys.executable, "-m", "liblstm", *arguments], env=environment, capture_output=True, text=True)
        assert done.returncode == 2 and "usage:" in done.stderr


def test_the_module_runs_as_a_program(environment):
    done = subprocess.run([sys.executable, "-m", "liblstm", "inspect", BASIC], env=environment, capture_output=True, text=True)
    assert done.returncode == 0 and "LSTM" in done.stdout and done.stderr == ""
    done = subprocess.run([sys.executable, "-m", "liblstm", "inspect", "none.h5"], env=environment, capture_output=True, text=True)
    assert done.returncode == 1 and "Traceback" not in done.stderr


def test_without_h5py_the_sentence_says_what_to_install(tmp_path, capsys, monkeypatch):
    given = write(tmp_path / "in.h5", input=series(2, 6, 4))
    monkeypatch.setitem(sys.modules, "h5py", None)
    assert main(["predict", BASIC, given, str(tmp_path / "o.h5")]) == 1
    assert "pip install h5py" in capsys.readouterr().err
