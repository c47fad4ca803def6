"""The examples run as their first lines say, and come to what they promise."""
import subprocess
import sys

import pytest
from conftest import BINDING

DEMO = BINDING.parent / "demo"


def run(environment, name, *arguments):
    done = subprocess.run([sys.executable, str(BINDING / "examples" / name), *map(str, arguments)], env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_gated_cells_remember_what_a_plain_network_forgets(environment, tmp_path):
    pytest.importorskip("matplotlib")  # make test installs it
    said = run(environment, "compare_cells.py", tmp_path / "gates.png")
    share = {line.split()[0]: int(line.split()[1]) for line in said.splitlines() if " % of 500 new texts" in line}
    assert share["LSTM"] == share["GRU"] == 100 and share["SimpleRNN"] < 50
    assert (tmp_path / "gates.png").read_bytes()[:4] == b"\x89PNG"


def test_a_keras_model_is_adapted_and_saved(environment, tmp_path):
    said = run(environment, "finetune.py", DEMO / "sunspots.h5", DEMO / "sunspots.csv", tmp_path / "adapted.keras")
    before, after = [float(word) for line in said.splitlines() if line.startswith("1976") for word in (line.split()[4], line.split()[7])]
    assert after < before and "gives the same bits" in said


def test_a_run_that_was_cut_short_goes_on_with_the_same_bits(environment, tmp_path):
    assert "the same bits" in run(environment, "long_series.py", tmp_path)


def test_processes_that_share_gradients_stay_equal(environment):
    assert "their weights are equal" in run(environment, "share_gradients.py")
