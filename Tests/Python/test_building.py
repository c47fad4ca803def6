"""Networks described in Python by the names that Keras has."""
import pickle

import liblstm
import numpy as np
import pytest
from liblstm import Input, Model, Sequential, layers


def ones(*shape):
    return np.ones(shape, np.float32)


def test_a_sequential_network_is_built_from_its_layers():
    model = Sequential([layers.Embedding(20, 6, mask_zero=True), layers.LSTM(8, return_sequences=True), layers.Dense(1)], seed=3)
    assert [layer.type for layer in model.layers] == ["Embedding", "LSTM", "Dense"]
    assert [layer.name for layer in model.layers] == ["embedding", "lstm", "dense"]
    assert model.parameters == 20 * 6 + 4 * 8 * (6 + 8 + 1) + 9
    assert model.predict([[1, 2, 0]]).shape == (1, 3, 1) and "Keras 3" in model.writer
    same = Sequential([layers.Embedding(20, 6, mask_zero=True), layers.LSTM(8, return_sequences=True), layers.Dense(1)], seed=3)
    assert all(np.array_equal(model.weights[name], same.weights[name]) for name in model.weights)
    assert np.array_equal(pickle.loads(pickle.dumps(model)).predict([[1, 2, 0]]), model.predict([[1, 2, 0]]))


def test_the_input_may_be_stated_in_three_ways():
    for chain in ([Input((5, 3)), layers.LSTM(4)], [layers.InputLayer([None, 5, 3]), layers.LSTM(4)], [layers.LSTM(4, input_shape=(5, 3))]):
        assert Sequential(chain).inputs[0].shape == (None, 5, 3)


def test_names_are_given_and_counted_as_in_Keras():
    model = Sequential([Input((None, 2)), layers.SimpleRNN(3, return_sequences=True), layers.SimpleRNN(3, return_sequences=True),
                        layers.GRU(2, name="last")])
    assert [layer.name for layer in model.layers] == ["simple_rnn", "simple_rnn_1", "last"]


def test_a_graph_with_states_passed_on():
    source, target = Input((None, 2), name="source"), Input((None, 3), name="target")
    _, h, c = layers.LSTM(4, return_state=True)(source)
    y = layers.LSTM(4, return_sequences=True)(target, initial_state=[h, c])
    model = Model([source, target], layers.TimeDistributed(layers.Dense(2, activation="softmax"))(y), seed=1)
    assert [info.name for info in model.inputs] == ["source", "target"]
    assert np.allclose(model.predict([ones(1, 4, 2), ones(1, 5, 3)]).sum(-1), 1)
    assert not np.array_equal(model.predict([ones(1, 4, 2), ones(1, 5, 3)]), model.predict([2 * ones(1, 4, 2), ones(1, 5, 3)]))


def test_a_shared_layer_several_outputs_and_merges():
    a, b = Input((3,)), Input((3,))
    shared = layers.Dense(4, "tanh")
    p, q = shared(a), shared(b)
    model = Model(inputs=[a, b], outputs=[layers.Concatenate()([p, q]), layers.Dot(axes=1)([p, q]), layers.Add()([p, q])])
    out = model.predict([ones(2, 3), ones(2, 3)])
    assert model.parameters == 16 and [one.shape for one in out] == [(2, 8), (2, 1), (2, 4)]
    assert np.array_equal(out[0][:, :4], out[0][:, 4:]) and np.allclose(out[2], 2 * out[0][:, :4])


def test_wrappers_and_cells():
    model = Sequential([
        Input((6, 2)),
        layers.Bidirectional(layers.LSTM(3, return_sequences=True), merge_mode="sum"),
        layers.RNN([layers.LSTMCell(4), layers.GRUCell(5)], return_sequences=True),
        layers.Bidirectional(layers.GRU(2)),
    ])
    assert model.predict(ones(1, 6, 2)).shape == (1, 4)


ONE_EACH = [
    layers.Masking(0.0), layers.Dropout(0.5), layers.SpatialDropout1D(0.2), layers.GaussianNoise(0.1), layers.GaussianDropout(0.1),
    layers.AlphaDropout(0.1), layers.Activation("relu"), layers.ReLU(), layers.LeakyReLU(), layers.PReLU(), layers.ELU(), layers.Softmax(),
    layers.BatchNormalization(), layers.LayerNormalization(), layers.Conv1D(4, 3, padding="causal"), layers.MaxPooling1D(),
    layers.AveragePooling1D(), layers.GlobalMaxPooling1D(), layers.GlobalAveragePooling1D(), layers.Cropping1D(), layers.ZeroPadding1D(),
    layers.UpSampling1D(), layers.Flatten(), layers.Reshape((4, 6)), layers.Permute((2, 1)), layers.LSTM(2), layers.GRU(2),
    layers.SimpleRNN(2), layers.Dense(2), layers.TimeDistributed(layers.Dense(2)),
]


@pytest.mark.parametrize("layer", ONE_EACH, ids=lambda layer: type(layer).__name__)
def test_each_layer_with_its_defaults_is_understood(layer):
    assert np.isfinite(Sequential([Input((8, 3)), layer]).predict(ones(2, 8, 3))).all()


def test_attention_layers():
    query, value = Input((4, 6)), Input((5, 6))
    outputs = [layers.Attention()([query, value]), layers.AdditiveAttention()([query, value]),
               layers.MultiHeadAttention(2, 3)(query, value)]
    assert [one.shape for one in Model([query, value], outputs).predict([ones(1, 4, 6), ones(1, 5, 6)])] == [(1, 4, 6)] * 3


def test_options_may_be_objects():
    model = Sequential([Input((None, 2)), layers.LSTM(
        3, kernel_initializer=liblstm.initializers.Constant(0.5), kernel_regularizer=liblstm.regularizers.L2(1e-3),
        recurrent_constraint=liblstm.constraints.MaxNorm(2))])
    assert (model.weights["lstm/kernel"] == 0.5).all()
    assert liblstm.optimizers.Adam(1e-3, beta_1=0.8) == {"class_name": "Adam", "config": {"learning_rate": 1e-3, "beta_1": 0.8}}
    schedule = liblstm.schedules.CosineDecay(0.1, 100)
    assert liblstm.optimizers.SGD(schedule)["config"]["learning_rate"] == schedule


@pytest.mark.parametrize("make, words", [
    (lambda: layers.LSTM(), "units"),
    (lambda: layers.LSTM(3, speed="fast"), "speed"),
    (lambda: layers.LSTM(3)(4), "Input"),
    (lambda: Sequential([]), "no layers"),
    (lambda: Sequential([layers.LSTM(3)]), "input shape"),
    (lambda: Sequential([Input((2, 3)), 7]), "7"),
    (lambda: Input(), "shape"),
    (lambda: Input(("x",)), "shape"),
    (lambda: Model(Input((2,)), layers.Dense(1)(Input((2,)))), "not among the inputs"),
    (lambda: Model(layers.Dense(1)(Input((2,))), Input((2,))), "inputs"),
    (lambda: Sequential([Input((2, 3)), layers.Dense(3, activation=np.tanh)]), "activation"),
    (lambda: np.asarray(Input((2,))), "no numbers"),
])
def test_what_is_wrong_is_said(make, words):
    with pytest.raises(liblstm.ArgumentError, match=words):
        make()


def test_the_library_names_what_it_does_not_support():
    with pytest.raises(liblstm.UnsupportedError, match="kernel_initializer ‘Magic’"):
        Sequential([Input((2, 3)), layers.Dense(3, kernel_initializer=liblstm.initializers.Magic())])
    with pytest.raises(liblstm.UnsupportedError, match="swash"):
        Sequential([Input((2, 3)), layers.Dense(3, activation="swash")])
