"""What the tests share: the fixtures that real Keras wrote, and what Keras computed from them."""
from __future__ import annotations

import json
import os
import signal
import sys
from pathlib import Path

import h5py
import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[2]
FIXTURES = ROOT / "Tests" / "Fixtures"
BINDING = ROOT / "bindings" / "python"

sys.path.insert(0, str(BINDING))

import liblstm  # noqa: E402

MANIFEST = json.loads((FIXTURES / "manifest.json").read_text())
TOLERANCE = {a["arch"]: a["tolerance"].get("suggested_abs", 1e-5) for a in MANIFEST["architectures"]}


def model_path(arch, writer="k2"):
    return str(FIXTURES / "keras" / arch / ("%s.%s.h5" % (arch, writer)))


def expected(arch):
    """Keras' calls, one after the other: inputs, outputs, and the outputs in double precision."""
    calls = []
    with h5py.File(FIXTURES / "keras" / arch / ("%s.expected.h5" % arch), "r") as file:
        groups = [file["call_%d" % n] for n in range(int(file.attrs["calls"]))] if file.attrs["multi_call"] else [file]
        for group in groups:
            calls.append((arrays(group, "input"), arrays(group, "output"), arrays(group["float64"], "output")))
    return calls


def arrays(group, base):
    if base in group:
        return [group[base][()]]
    return [group["%s_%d" % (base, n)][()] for n in range(sum(name.startswith(base + "_") for name in group))]


def one(values):
    return values[0] if len(values) == 1 else values


def listed(value):
    return value if isinstance(value, list) else [value]


def series(*shape, seed=1):
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)


@pytest.fixture
def basic():
    """LSTM(8) on [?, 6, 4]; only the last output."""
    return liblstm.load(model_path("lstm_basic"))


@pytest.fixture
def whole():
    """LSTM(7) with all outputs and Dense(2) on [?, 5, 4]."""
    return liblstm.load(model_path("lstm_relu_seq"))


@pytest.fixture
def stateful():
    """Two stateful LSTMs on [3, 4, 2]."""
    return liblstm.load(model_path("lstm_stateful"))


@pytest.fixture
def environment():
    """The environment for a child process that uses this binding and this library."""
    return dict(os.environ, PYTHONPATH=str(BINDING), LIBLSTM_PATH=liblstm.library_path(), MPLBACKEND="Agg")


@pytest.fixture
def heeds_interrupts():
    """Ctrl-C works as at a terminal: a shell that runs the tests in the background lets them ignore it."""
    kept = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, kept)
