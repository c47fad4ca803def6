"""Every cell with code of its own for a step: the same bits as a stream, as a row, in a batch and on threads, with each set of kernels."""
import os
import subprocess
import sys

import liblstm
import numpy as np
import pytest
from conftest import series
from liblstm import Input, Sequential, layers

CELLS = {
    "LSTM": lambda units: layers.LSTM(units, return_sequences=True),
    "GRU": lambda units: layers.GRU(units, return_sequences=True),
    "GRU that resets before": lambda units: layers.GRU(units, return_sequences=True, reset_after=False),
    "SimpleRNN": lambda units: layers.SimpleRNN(units, return_sequences=True),
    "SimpleRNN relu": lambda units: layers.SimpleRNN(units, activation="relu", return_sequences=True),
    "SimpleRNN softsign": lambda units: layers.SimpleRNN(units, activation="softsign", return_sequences=True),
}
# Around the edges of vectors and of groups of them, and enough for threads to share a step.
SIZES = [1, 7, 16, 17, 33, 48, 70, 130, 260]


def check(cell, precision):
    for units in SIZES:
        model = Sequential([Input((None, 5)), CELLS[cell](units)], seed=units)
        x = series(7, 9, 5)
        y = model.predict(x, precision=precision)
        assert np.isfinite(y).all()
        for threads in (1, 2, 3):
            for row in (0, 6):
                assert np.array_equal(model.predict(x[row:row + 1], precision=precision, threads=threads)[0], y[row]), (units, threads)
            stream = model.stream(precision, threads=threads)
            found = [stream.step(step) for step in x[2, :3]]
            # After an odd number of steps the state lies elsewhere than before.
            other = model.stream(precision, threads=threads)
            other.state = stream.state
            assert np.array_equal(np.concatenate([found, stream.steps(x[2, 3:])]), y[2]), (units, threads)
            assert np.array_equal(other.steps(x[2, 3:]), y[2, 3:]), (units, threads)
            twin = other.copy()
            assert np.array_equal(twin.step(x[1, 0]), other.step(x[1, 0])), (units, threads)


@pytest.mark.parametrize("precision", ["float32", "float64"])
@pytest.mark.parametrize("cell", CELLS)
def test_a_step_has_the_bits_of_a_batch(cell, precision):
    check(cell, precision)


@pytest.mark.parametrize("kernels", ["v3", "baseline"])
def test_with_each_set_of_kernels(kernels):
    code = "import test_stream_cells as t; [t.check(cell, p) for cell in t.CELLS for p in ('float32', 'float64')]"
    path = os.pathsep.join([os.path.dirname(os.path.abspath(__file__)), os.path.dirname(os.path.dirname(liblstm.__file__))])
    environment = dict(os.environ, LSTM_CPU=kernels, PYTHONPATH=path + os.pathsep + os.environ.get("PYTHONPATH", ""))
    subprocess.run([sys.executable, "-c", code], check=True, env=environment)
