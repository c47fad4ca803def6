"""Learns from a series that never fits in memory, stops in the middle, and goes on from a checkpoint with the same bits.

    python long_series.py [FOLDER]

Windows of a long signal come from a generator; back-propagation is truncated to 25 steps with the state carried on. The run is cut
short by a callback, as a power failure would, and resumed by another trainer. A third one is never interrupted: the weights are equal,
bit for bit.
"""
# %% The data: pieces of a signal, made (or read from a disk) as they are needed
import sys
import tempfile
from pathlib import Path
from typing import Any, Iterator

import numpy as np

import liblstm
from liblstm import Input, Sequential, Trainer, layers

folder = Path(sys.argv[1] if len(sys.argv) > 1 else tempfile.mkdtemp())


def pieces(epoch: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """20 batches [16, 200, 1]: a chirp with noise, and its next value."""
    random = np.random.default_rng(epoch)
    for _ in range(20):
        time = np.arange(201) + random.uniform(0, 500, (16, 1))
        signal = np.sin(time / 7 + np.square(time / 300)) + 0.05 * random.standard_normal(time.shape)
        yield signal[:, :-1, None].astype(np.float32), signal[:, 1:, None].astype(np.float32)


def trainer() -> Trainer:
    """A new network with its trainer, always the same."""
    model = Sequential([Input((None, 1)), layers.LSTM(16, return_sequences=True), layers.Dense(1)], seed=1)
    schedule = liblstm.schedules.CosineDecay(0.01, decay_steps=1000)
    return Trainer(model, loss="mse", optimizer=liblstm.optimizers.Adam(schedule), tbptt_steps=25, seed=2)


# %% A run that is cut short after its second epoch
checkpoint = folder / "checkpoint.h5"
cut = trainer()


def until_two(epoch: int, values: dict[str, float]) -> Any:
    """Saves after each epoch; ends after the second."""
    print("epoch %d: loss %.4f" % (epoch + 1, values["loss"]))
    cut.save(checkpoint)
    return epoch < 1


cut.fit(batches=pieces, epochs=5, callbacks=[until_two], verbose=False)

# %% Another process would go on here
resumed = trainer()
resumed.restore(checkpoint)
resumed.fit(batches=pieces, epochs=5, resume=True, verbose=False)

# %% The same without an interruption
whole = trainer()
whole.fit(batches=pieces, epochs=5, verbose=False)
same = all(np.array_equal(resumed.model.weights[name], whole.model.weights[name]) for name in whole.model.weights)
print("resumed and never interrupted: the same bits" if same else "the weights differ")
sys.exit(0 if same else 1)
