"""Layers that work on whole rows, at widths around the sixteen numbers that their loops take at once."""
import numpy as np
import pytest

from liblstm import Input, Model, Sequential, layers

WIDTHS = (1, 7, 15, 16, 17, 32, 50)
ROWS, STEPS = 3, 10


def windows(x, size, stride, function):
    return np.stack([function(x[:, s : s + size], axis=1) for s in range(0, x.shape[1] - size + 1, stride)], axis=1)


def normal(x):
    return (x - x.mean(-1, keepdims=True)) / np.sqrt(x.var(-1, keepdims=True) + 1e-3)


CASES = {
    "layer normalization": (lambda: layers.LayerNormalization(epsilon=1e-3), normal),
    "maximum pooling": (lambda: layers.MaxPooling1D(3, strides=2), lambda x: windows(x, 3, 2, np.max)),
    "average pooling": (lambda: layers.AveragePooling1D(3, strides=2), lambda x: windows(x, 3, 2, np.mean)),
    "maximum of all": (lambda: layers.GlobalMaxPooling1D(), lambda x: x.max(1)),
    "average of all": (lambda: layers.GlobalAveragePooling1D(), lambda x: x.mean(1)),
    "permute": (lambda: layers.Permute((2, 1)), lambda x: x.transpose(0, 2, 1)),
}
MERGES = {"Add": np.add, "Multiply": np.multiply, "Maximum": np.maximum, "Minimum": np.minimum, "Average": lambda x, y: (x + y) / 2}


def numbers(*shape):
    return np.random.default_rng(3).uniform(-1, 1, shape).astype(np.float32)


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("case", CASES)
def test_every_width_and_each_row_alone(case, width):
    layer, reference = CASES[case]
    model = Sequential([Input((STEPS, width)), layer()], seed=1)
    x = numbers(ROWS, STEPS, width)
    found = model.predict(x)
    np.testing.assert_allclose(found, reference(x.astype(np.float64)), rtol=1e-5, atol=1e-5)
    for row in range(ROWS):
        assert np.array_equal(model.predict(x[row : row + 1])[0], found[row])


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("axis", (1, 2))
def test_batch_normalization_along_either_axis(axis, width):
    layer = layers.BatchNormalization(axis=axis, epsilon=1e-3, moving_mean_initializer="ones", gamma_initializer="ones")
    model = Sequential([Input((STEPS, width)), layer], seed=1)
    x = numbers(ROWS, STEPS, width)
    np.testing.assert_allclose(model.predict(x), (x - 1) / np.sqrt(1 + 1e-3), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("merge", MERGES)
def test_merges_of_equal_and_of_repeated_shapes(merge, width):
    x = numbers(ROWS, STEPS, width)
    for shape in ((STEPS, width), (STEPS, 1), (1, width)):
        y = numbers(ROWS, *shape)[..., ::-1].copy()
        a, b = Input((STEPS, width)), Input(shape)
        model = Model([a, b], getattr(layers, merge)()([a, b]))
        np.testing.assert_allclose(model.predict([x, y]), MERGES[merge](x, y), rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("width", WIDTHS)
def test_masked_average_leaves_masked_steps_out(width):
    model = Sequential([Input((STEPS, width)), layers.Masking(0.0), layers.GlobalAveragePooling1D()], seed=1)
    x = numbers(ROWS, STEPS, width)
    x[:, 6:] = 0
    np.testing.assert_allclose(model.predict(x), x[:, :6].mean(1), rtol=1e-5, atol=1e-6)


def test_maximum_passes_over_nan():
    x = numbers(ROWS, STEPS, 20)
    x[:, 4] = np.nan
    for layer in (layers.GlobalMaxPooling1D(), layers.MaxPooling1D(STEPS)):
        found = Sequential([Input((STEPS, 20)), layer], seed=1).predict(x)
        assert np.array_equal(found.reshape(ROWS, 20), np.nanmax(x, axis=1))


@pytest.mark.parametrize("inputs, units", [(5, 17), (128, 64), (40, 128), (300, 130)])
def test_dense_takes_some_rows_at_a_time(inputs, units):
    """More rows than are taken at once with few weights, and numbers behind the layer that are padded or not."""
    model = Sequential([Input((STEPS, inputs)), layers.Dense(units, activation="relu"), layers.Dense(units, activation="softmax")], seed=1)
    x = numbers(12, STEPS, inputs)
    found = model.predict(x, batch_size=12)
    first, second = (np.float64(model.weights[name]) for name in model.weights if name.endswith("kernel"))
    scores = np.maximum(x @ first, 0) @ second
    e = np.exp(scores - scores.max(-1, keepdims=True))
    np.testing.assert_allclose(found, e / e.sum(-1, keepdims=True), rtol=1e-4, atol=1e-6)
    for row in (0, 5, 11):
        assert np.array_equal(model.predict(x[row : row + 1])[0], found[row])
