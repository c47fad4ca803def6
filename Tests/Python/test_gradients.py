"""Gradients of every layer, option and mask of the corpus against central differences in double precision."""
import json

import h5py
import liblstm
import numpy as np
import pytest
from conftest import ROOT

FIXTURES = ROOT / "Tests" / "Fixtures"
MANIFEST = json.loads((FIXTURES / "manifest.json").read_text())


def networks():
    """The first whole-model HDF5 file of each architecture and generation."""
    seen = set()
    for entry in MANIFEST["keras_files"]:
        file, key = entry.get("file"), (entry["arch"], entry["written_by"].split()[1][:1])
        if file and file.endswith(".h5") and not file.endswith((".w.h5", ".weights.h5")) and key not in seen:
            seen.add(key)
            yield pytest.param(entry, id=entry["case"])


@pytest.mark.parametrize("entry", list(networks()))
def test_gradients_agree_with_central_differences_sign_included(entry):
    model = liblstm.load(FIXTURES / entry["file"])
    with h5py.File(FIXTURES / entry["expected"], "r") as file:
        group = file["call_0"] if "call_0" in file else file
        inputs = [group[key][()] for key in sorted(group) if key.startswith("input")]
        shapes = [group[key].shape for key in sorted(group) if key.startswith("output")]
    random = np.random.RandomState(0)
    targets = [random.randn(*shape) for shape in shapes]
    trainer = liblstm.Trainer(model, loss="mse", optimizer="sgd")
    report = trainer.check_gradients(inputs, targets if len(targets) > 1 else targets[0], samples=25)
    assert report.worst <= 1e-7, report
