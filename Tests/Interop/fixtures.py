"""The models that are converted: every fixture that holds a whole model, with the inputs of its calls."""
import json
import sys
from pathlib import Path

import h5py
import numpy as np

ROOT = Path(__file__).resolve().parents[2]
FIXTURES = ROOT / "Tests" / "Fixtures"
sys.path.insert(0, str(ROOT / "bindings" / "python"))

MANIFEST = json.loads((FIXTURES / "manifest.json").read_text())
TOLERANCE = {a["arch"]: a["tolerance"].get("suggested_abs", 1e-5) for a in MANIFEST["architectures"]}


def model_files(only=""):
    """Paths of whole-model files, one after the other, with a tolerance and the file of their inputs."""
    for entry in MANIFEST["keras_files"]:
        name = entry.get("file") or ""
        if not name or entry.get("architecture_from") or only not in name:
            continue
        if name.endswith(".w.h5") or name.endswith(".weights.h5") or not name.startswith("keras/"):
            continue
        yield FIXTURES / name, TOLERANCE[entry["arch"]], FIXTURES / entry["expected"]
    for path in sorted((ROOT / "Tests" / "Layers").glob("*.*")):
        if path.suffix in (".h5", ".keras") and only in str(path):
            yield path, 2e-6, path.with_suffix(".npz")


def inputs_of(path):
    """The inputs of the first call."""
    if path.suffix == ".npz":
        with np.load(path) as arrays:
            return [arrays[name] for name in sorted(arrays.files) if name.startswith("x")]
    with h5py.File(path, "r") as file:
        group = file["call_0"] if file.attrs.get("multi_call") else file
        if "input" in group:
            return [group["input"][()]]
        return [group["input_%d" % n][()] for n in range(sum(name.startswith("input_") for name in group))]


def optimizer_of(path):
    """The arrays of the optimiser of a whole-model HDF5 file that Keras 2.12 or newer wrote."""
    if not h5py.is_hdf5(path):
        return []
    with h5py.File(path, "r") as file:
        if "optimizer_weights" not in file or "is_legacy_optimizer" not in file.attrs["training_config"] and ".k2" in path.name:
            return []
        group = file["optimizer_weights"]
        return [group[name][()] for name in group.attrs["weight_names"]]
