"""Gradients of layers that work in whole vectors, at sizes around those: against central differences, in float32, and on several threads."""
import liblstm
import numpy as np
import pytest
from liblstm import Input, Model, Trainer, layers

LIMIT = 1e-7
# Queries, steps of values, numbers of each.
SIZES = [(1, 1, 1), (2, 16, 15), (5, 17, 16), (13, 33, 20), (6, 70, 33)]


def attention(make, queries, steps, size):
    """A model whose attention has weights before all of its inputs."""
    inputs = [Input((queries, size)), Input((steps, size))]
    query, value, key = (layers.Dense(size)(inputs[place]) for place in (0, 1, 1))
    return Model(inputs, make(query, value, key), seed=2)


ATTENTION = {
    "dot": lambda q, v, k: layers.Attention()([q, v, k]),
    "scaled, causal": lambda q, v, k: layers.Attention(use_scale=True)([q, v, k], use_causal_mask=True),
    "value as key": lambda q, v, k: layers.Attention()([q, v]),
    "several heads": lambda q, v, k: layers.MultiHeadAttention(2, 7, value_dim=5)(q, v, k),
    "several heads, causal": lambda q, v, k: layers.MultiHeadAttention(2, 16, use_bias=False)(q, v, use_causal_mask=True),
    "dropped weights": lambda q, v, k: layers.MultiHeadAttention(2, 3, dropout=0.4)(q, v),
}

ROWWISE = {
    "layer normalization": lambda: layers.LayerNormalization(),
    "layer normalization without scale": lambda: layers.LayerNormalization(scale=False, center=False),
    "layer normalization of two axes": lambda: layers.LayerNormalization(axis=[1, 2]),
    "layer normalization of steps": lambda: layers.LayerNormalization(axis=1),
    "gelu": lambda: layers.Dense(19, activation="gelu"),
    "swish": lambda: layers.Dense(16, activation="swish"),
    "elu": lambda: layers.Dense(33, activation="elu"),
    "selu": lambda: layers.Activation("selu"),
    "tanh": lambda: layers.Dense(64, activation="tanh"),
    "convolution": lambda: layers.Conv1D(16, 3, padding="same", activation="swish"),
    **{"convolution in groups of %d" % size: lambda size=size: layers.Conv1D(2 * size, 2, groups=2, padding="causal", activation="tanh")
       for size in (2, 3, 4, 8)},
    "convolution of whole vectors": lambda: layers.Conv1D(64, 2, strides=2, dilation_rate=1),
    "average": lambda: layers.GlobalAveragePooling1D(),
    "pooling": lambda: layers.MaxPooling1D(3, strides=2),
    "average pooling": lambda: layers.AveragePooling1D(3, strides=2, padding="same"),
    "batch normalization": lambda: layers.BatchNormalization(),
    "batch normalization of steps": lambda: layers.BatchNormalization(axis=1),
    "batch normalization without scale": lambda: layers.BatchNormalization(scale=False, center=False),
}
WEIGHTLESS = {"selu", "average", "pooling", "average pooling", "layer normalization without scale", "batch normalization without scale"}


def data(model, rows=3, seed=1):
    random = np.random.default_rng(seed)
    for name in model.weights:
        value = np.asarray(model.weights[name])
        model.weights[name] = (value + 0.2 * random.standard_normal(value.shape)).astype(np.float32)
    x = [random.standard_normal((rows, *info.shape[1:])).astype(np.float32) for info in model.inputs]
    y = model.predict(x, precision="float64")
    return x, random.standard_normal(y.shape).astype(np.float32)


def check(model, samples=15):
    x, y = data(model)
    report = Trainer(model, loss="mse", optimizer="sgd").check_gradients(x, y, samples=samples)
    assert report.checked > 0 and report.worst <= LIMIT, report
    exact, found = (Trainer(model, loss="mse", optimizer="sgd", precision=precision).gradients(x, y) for precision in ("float64", "float32"))
    np.testing.assert_allclose(found, exact, rtol=1e-4, atol=2e-5 * max(np.abs(exact).max(), 1e-3))


@pytest.mark.parametrize("queries, steps, size", SIZES)
@pytest.mark.parametrize("case", ATTENTION)
def test_attention(case, queries, steps, size):
    check(attention(ATTENTION[case], queries, steps, size))


@pytest.mark.parametrize("queries, steps, size", SIZES)
def test_heads_that_share_keys_and_values(queries, steps, size):
    def layer(kind, name, inputs, **config):
        call = {"args": [{"class_name": "__keras_tensor__", "config": {"shape": shape, "dtype": "float32", "keras_history": [at, 0, 0]}}
                         for at, shape in inputs], "kwargs": {}}
        return {"class_name": kind, "name": name, "config": {"name": name, **config}, "inbound_nodes": [call] if inputs else []}

    shapes = [None, queries, size], [None, steps, size]
    entries = [layer("InputLayer", name, [], batch_shape=shape, dtype="float32") for name, shape in zip("ab", shapes)]
    entries += [layer("Dense", "dense_" + name, [(name, shape)], units=size) for name, shape in zip("ab", shapes)]
    entries.append(layer("GroupQueryAttention", "heads", [("dense_a", shapes[0]), ("dense_b", shapes[1])], head_dim=5, num_query_heads=4, num_key_value_heads=2))
    model = liblstm.Model.from_json({"module": "keras", "class_name": "Functional", "config": {
        "name": "net", "layers": entries, "input_layers": [["a", 0, 0], ["b", 0, 0]], "output_layers": [["heads", 0, 0]]}}, seed=2)
    check(model)


@pytest.mark.parametrize("width", [1, 15, 18, 32])
@pytest.mark.parametrize("case", ROWWISE)
def test_rows(case, width):
    if "groups" in case:
        width *= 2
    inputs = Input((5, width))
    check(Model(inputs, ROWWISE[case]()(layers.Dense(width)(inputs)), seed=2))
    # Nobody asks for the gradient of what comes first.
    if case not in WEIGHTLESS:
        check(Model(inputs, ROWWISE[case]()(inputs), seed=2))


@pytest.mark.parametrize("units", [8, 520])
def test_threads_and_rows_do_not_change_a_step(units):
    inputs = Input((6, 16))
    attended = layers.MultiHeadAttention(2, 8)(inputs, inputs)
    model = Model(inputs, layers.Dense(2)(layers.Dense(units, activation="gelu")(layers.Flatten()(layers.LayerNormalization()(attended)))), seed=2)
    x, y = data(model, rows=200)
    made = []
    for threads in (1, 2, 3):
        trainer = Trainer(model, loss="mse", optimizer="adam", threads=threads)
        losses = [trainer.train_batch(x, y)["loss"] for _ in range(3)]
        made.append((losses, trainer.gradients(x, y)))
    for losses, gradients in made[1:]:
        assert losses == made[0][0] and np.array_equal(gradients, made[0][1])


@pytest.mark.parametrize("amsgrad", [False, True])
def test_adam_is_its_formula_at_any_length(amsgrad):
    for size in (1, 7, 16, 33):
        inputs = Input((size,))
        model = Model(inputs, layers.Dense(1, use_bias=False)(inputs), seed=3)
        x, y = data(model, rows=4)
        w = np.float64(model.weights[list(model.weights)[0]]).ravel()
        trainer = Trainer(model, loss="mse", optimizer=liblstm.optimizers.Adam(0.01, amsgrad=amsgrad), precision="float64")
        m, v, largest = np.zeros(size), np.zeros(size), np.zeros(size)
        for step in range(1, 6):
            g = trainer.gradients(x, y)
            trainer.train_batch(x, y)
            m, v = m + (g - m) * (1 - 0.9), v + (g * g - v) * (1 - 0.999)
            largest = np.maximum(largest, v)
            w = w - 0.01 * np.sqrt(1 - np.float64(np.float32(0.999)) ** step) / (1 - np.float64(np.float32(0.9)) ** step) * m / (
                np.sqrt(largest if amsgrad else v) + 1e-7)
        trainer.update_model()
        np.testing.assert_allclose(np.ravel(model.weights[list(model.weights)[0]]), w, rtol=1e-6)
