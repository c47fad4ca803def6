"""Attention of sizes around those of vectors, beside the formula in numpy."""
import numpy as np
import pytest

import liblstm
from liblstm import layers

PENALTY = 1e9


def softmax(scores):
    e = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def attend(query, key, value, hidden, precision):
    """Weighted sums of one row: query [queries, size], key [steps, size], value [steps, width]; hidden [queries, steps].

    Beside the penalty little is left of a score in float32: that shows where a query sees no step at all.
    """
    return softmax((query @ key.T - PENALTY * hidden).astype(precision).astype(np.float64)) @ value


def hidden(queries, steps, causal, mask):
    unseen = np.zeros((queries, steps), bool) | ~mask
    return unseen | (np.arange(steps) > np.arange(queries)[:, None]) if causal else unseen


def series(queries, steps, size, masked):
    generator = np.random.default_rng(queries + 7 * steps)
    query, value = generator.uniform(-1, 1, (3, queries, size)), generator.uniform(-1, 1, (3, steps, size))
    if masked:
        value[0, ::2] = 9
        value[1, 0] = 9
    return query.astype(np.float32), value.astype(np.float32)


SIZES = [(1, 1, 1), (1, 40, 5), (13, 41, 17), (30, 57, 33), (70, 16, 100), (64, 128, 64), (20, 200, 128)]


@pytest.mark.parametrize("precision, limit", [("float32", 2e-5), ("float64", 1e-12)])
@pytest.mark.parametrize("masked", [False, True], ids=["whole", "masked"])
@pytest.mark.parametrize("causal", [False, True], ids=["all", "causal"])
@pytest.mark.parametrize("queries, steps, size", SIZES)
class TestProducts:
    def inputs(self, queries, steps, size, masked):
        query, value = liblstm.Input((queries, size)), liblstm.Input((steps, size))
        return query, value, layers.Masking(9.0)(value) if masked else value

    def check(self, model, x, wanted, precision, limit):
        found = model.predict(list(x), precision=precision)
        np.testing.assert_allclose(found, wanted, rtol=limit, atol=limit)
        # A row depends on nothing but itself.
        for row in range(3):
            alone = model.predict([part[row:row + 1] for part in x], precision=precision)
            assert np.array_equal(alone[0], found[row])

    def test_one(self, queries, steps, size, causal, masked, precision, limit):
        query, value, front = self.inputs(queries, steps, size, masked)
        model = liblstm.Model([query, value], layers.Attention()([query, front], use_causal_mask=causal))
        x = series(queries, steps, size, masked)
        wanted = []
        for q, v in zip(*(part.astype(np.float64) for part in x)):
            seen = (v != 9).any(axis=-1) if masked else np.ones(steps, bool)
            v = v * seen[:, None]
            wanted.append(attend(q, v, v, hidden(queries, steps, causal, seen), precision))
        self.check(model, x, wanted, precision, limit)

    def test_several_heads(self, queries, steps, size, causal, masked, precision, limit):
        query, value, front = self.inputs(queries, steps, size, masked)
        layer = layers.MultiHeadAttention(3, 7, value_dim=5, use_bias=False)
        model = liblstm.Model([query, value], layer(query, front, use_causal_mask=causal), seed=1)
        kernels = [np.float64(model.weights[name]) for name in model.weights]
        x = series(queries, steps, size, masked)
        wanted = []
        for q, v in zip(*(part.astype(np.float64) for part in x)):
            seen = (v != 9).any(axis=-1) if masked else np.ones(steps, bool)
            v = v * seen[:, None]
            unseen = hidden(queries, steps, causal, seen)
            wq, wk, wv, wo = kernels
            wanted.append(sum(
                attend(q @ wq[:, head] / 7 ** 0.5, v @ wk[:, head], v @ wv[:, head], unseen, precision) @ wo[head] for head in range(3)))
        self.check(model, x, wanted, precision, limit)
