#!/usr/bin/env python3
"""Completes the manifest where the generator left a case without what it needs to be checked. Run it after generate.py.

Weights-only storage variants get the architecture that they belong to. `fill_value` gets a reference of its own, which the independent
NumPy reader (gen/verify.py) computes, because its weights differ from those of the model that it was made from: the generator's entry
says "no reference", and Keras 2 itself differs from the base model's output by the same 0.054.
"""
import json
import os
import sys

import h5py

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
from gen import verify  # noqa: E402



def completed(entry):
    """A storage entry of the manifest with what it lacks."""
    if entry["base_kind"] in ("k2.w.h5", "k3.weights.h5"):
        kind = "k2.h5" if entry["base_kind"].startswith("k2") else "k3.keras"
        entry["architecture_from"] = "keras/%s/%s.%s" % (entry["base"], entry["base"], kind)
    if entry["variant"] == "fill_value":
        entry["expected"] = "storage/s_fill_value.expected.h5"
        base = os.path.join(HERE, "keras", entry["base"], entry["base"] + ".expected.h5")
        model = verify.load_model(os.path.join(HERE, entry["file"]))
        inputs = next(iter(verify.expected_calls(base)))[0]
        outputs = [t.a for t in model([verify.T(x.astype("f8")) for x in inputs], {})]
        with h5py.File(os.path.join(HERE, entry["expected"]), "w") as file:
            file.attrs["calls"], file.attrs["multi_call"] = 1, 0
            file["input"], file["output"], file["float64/output"] = inputs[0], outputs[0].astype("f4"), outputs[0]
    return entry


path = os.path.join(HERE, "manifest.json")
lines = open(path).read().split("\n")
for number, line in enumerate(lines):
    if line.startswith('  {"file": "storage/'):
        comma = "," if line.endswith(",") else ""
        lines[number] = "  " + json.dumps(completed(json.loads(line.strip().rstrip(","))), ensure_ascii=False) + comma
open(path, "w").write("\n".join(lines))
