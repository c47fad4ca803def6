"""Next-word prediction: does the network still know at the end which country it read of at the beginning?"""
from __future__ import annotations

import numpy as np
from tasks import words as words_task

from liblstm import Input, Sequential, initializers, layers

from .networks import Outcome, keep_long, trainer


def words(seed: int, cell: str, distance: int, most: int = 20_000, batch: int = 20) -> Outcome:
    """The share of 500 new texts in which the word that the country decides is the likeliest, `distance` words after the country. Chance is
    1 of 12.

    `most` texts are taught, each once; in each batch another number of words, 0 … `distance`, stands between. All words are taught. The one
    in question counts as much as the rest of its text together: taught alike, it is lost among so many that chance decides.
    """
    names = words_task.vocabulary()
    model = Sequential([Input((None,), dtype="int32"),
                        layers.Embedding(len(names), 24, mask_zero=True, embeddings_initializer=initializers.RandomNormal(stddev=0.5)),
                        getattr(layers, cell)(64, return_sequences=True), layers.Dense(len(names), "softmax")], seed=seed)
    keep_long(model, distance + 20, seed)
    rate = 0.003 if cell == "SimpleRNN" else 0.01
    teacher = trainer(model, "sparse_categorical_crossentropy", rate, seed)
    random = np.random.default_rng(seed)
    for step in range(most // batch):
        x, y, places = words_task.corpus(seed * 1_000_003 + step, batch, int(random.integers(0, distance + 1)))
        weights = (y > 0).astype(np.float32)
        weights[np.arange(batch), places] = weights.sum(1)
        teacher.learning_rate = rate * max(0.05, 1 - step * batch / most)
        teacher.train_batch(x, y, weights)
    teacher.update_model()
    x, y, places = words_task.corpus(10_000 + seed, 500, distance)
    rows = np.arange(len(places))
    share = float((model.predict(x)[rows, places].argmax(1) == y[rows, places]).mean())
    return Outcome(share >= 0.99, share)


__all__ = ["words"]
