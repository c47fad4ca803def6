"""Layers that the fixtures have none of, as real Keras 2 and 3 computed them (Tests/Layers/generate.py)."""
import glob
import os

import numpy as np
import pytest

import liblstm

HERE = os.path.join(os.path.dirname(__file__), "..", "Layers")
FILES = sorted(glob.glob(os.path.join(HERE, "*.keras")) + glob.glob(os.path.join(HERE, "*.h5")))


def test_there_are_files():
    assert len(FILES) >= 50


@pytest.mark.parametrize("path", FILES, ids=os.path.basename)
def test_outputs_are_those_of_keras(path):
    known = np.load(path.rsplit(".", 1)[0] + ".npz")
    inputs = [known[k] for k in sorted(known.files) if k.startswith("x")]
    wanted = [known[k] for k in sorted(known.files) if k.startswith("y")]
    model = liblstm.load(path)
    for precision in ("float32", "float64"):
        found = model.predict(inputs if len(inputs) > 1 else inputs[0], precision=precision)
        found = found if isinstance(found, (list, tuple)) else [found]
        assert len(found) == len(wanted)
        for y, expected in zip(found, wanted):
            # Keras computed in float32: a few roundings of numbers of this size.
            np.testing.assert_allclose(y, expected, rtol=2e-6, atol=2e-6 * max(1.0, np.abs(expected).max()))
