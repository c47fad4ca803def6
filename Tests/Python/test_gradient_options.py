"""Gradients of every layer, option and mask against central differences in double precision: relative error at most 1e-7, sign included."""
from __future__ import annotations

import json

import numpy as np
import pytest

import liblstm

LIMIT = 1e-7
STEPS, SIZE = 5, 3
RECURRENT = [("LSTM", {}), ("GRU", {"reset_after": True}), ("GRU", {"reset_after": False}), ("SimpleRNN", {})]
KINDS = ["%s%s" % (kind, "" if config.get("reset_after", True) else "-before") for kind, config in RECURRENT]


def stack(*layers, shape=(None, SIZE), masked=False, keras=3, first=True):
    """A Sequential: perhaps Masking, a Dense (so that the gradient by the input of what follows is looked at), then the layers."""
    front = [("Masking", {"mask_value": 9.0})] if masked else []
    front += [("Dense", {"units": 4, "activation": "tanh"})] if first else []
    entries = [{"class_name": "InputLayer", "config": {"batch_shape": [None, *shape], "name": "x", "dtype": "float32"}}]
    for index, (kind, config) in enumerate([*front, *layers]):
        entries.append({"class_name": kind, "config": {"name": "%s_%d" % (kind.lower(), index), **config}})
    if keras == 2:
        entries[0]["config"]["batch_input_shape"] = entries[0]["config"].pop("batch_shape")
    document = {"class_name": "Sequential", "config": {"name": "net", "layers": entries}}
    if keras == 3:
        document["module"] = "keras"
    else:
        document["keras_version"] = "2.15.0"
    return liblstm.Model.from_json(document, seed=3)


def scatter(model, seed=5):
    """Weights away from zeros and ones, so that no part of an equation is lost."""
    random = np.random.RandomState(seed)
    for name in list(model.weights):
        value = np.asarray(model.weights[name])
        if value.size and not name.endswith("moving_variance"):
            model.weights[name] = value + 0.3 * random.randn(*value.shape)


def series(rows=4, shape=(STEPS, SIZE), masked=False, seed=1):
    x = np.random.RandomState(seed).randn(rows, *shape)
    if masked:
        x[0, 3:] = 9  # padding behind
        x[1, :2] = 9  # before
        x[2, 1] = 9  # a hole
    return x


def worst(model, x, loss="mse", samples=40, **options):
    scatter(model)
    made = model.predict(x, precision="float64")
    random = np.random.RandomState(7)
    targets = [random.randn(*np.shape(y)) for y in (made if isinstance(made, list) else [made])]
    trainer = liblstm.Trainer(model, loss=loss, optimizer="sgd", **options)
    report = trainer.check_gradients(x, targets if len(targets) > 1 else targets[0], samples=samples)
    assert report.checked > 0
    return report


@pytest.mark.parametrize("masked", [False, True], ids=["whole", "masked"])
@pytest.mark.parametrize("options", [
    {}, {"return_sequences": True}, {"go_backwards": True}, {"go_backwards": True, "return_sequences": True}, {"stateful": True},
    {"use_bias": False}, {"zero_output_for_mask": True, "return_sequences": True}, {"zero_output_for_mask": True},
    {"dropout": 0.3, "recurrent_dropout": 0.4, "return_sequences": True}, {"activation": "softsign"}, {"recurrent_activation": "softsign"},
    {"zoneout_h": 0.3}, {"zoneout_h": 0.4, "return_sequences": True, "recurrent_dropout": 0.2, "dropout": 0.2}, {"clip": 0.5},
    {"stored_initial_state": True}, {"stored_initial_state": True, "return_sequences": True, "go_backwards": True},
    {"activity_regularizer": {"class_name": "L1L2", "config": {"l1": 0.02, "l2": 0.1}}, "return_sequences": True},
    {"kernel_regularizer": "l2", "recurrent_regularizer": "l1", "bias_regularizer": "l1_l2"},
], ids=lambda options: "+".join(options) or "plain")
@pytest.mark.parametrize("kind,base", RECURRENT, ids=KINDS)
def test_recurrent_layers(kind, base, options, masked):
    if kind == "SimpleRNN" and "recurrent_activation" in options:
        options = {"activation": "elu"}
    shape = (None, SIZE)
    model = stack((kind, {"units": 3, **base, **options}), shape=shape, masked=masked)
    assert worst(model, series(masked=masked)).worst <= LIMIT


CELLS = [
    {"recurrent_bias": True}, {"peepholes": True}, {"projection": 2}, {"projection": 6}, {"input_forget": True}, {"clip": 0.4},
    {"output_activation": "softsign"}, {"layer_normalization": "gates"}, {"layer_normalization": "products"}, {"stored_initial_state": True},
    {"layer_normalization": "gates", "projection": 2, "use_bias": False}, {"layer_normalization": "products", "use_bias": False},
    {"zoneout_h": 0.3, "zoneout_c": 0.2}, {"zoneout_c": 0.4, "peepholes": True, "projection": 2},
    {"peepholes": True, "projection": 2, "input_forget": True, "clip": 0.6, "recurrent_bias": True, "stored_initial_state": True,
     "activation": "elu", "output_activation": "tanh", "recurrent_dropout": 0.3, "dropout": 0.2},
]


@pytest.mark.parametrize("masked", [False, True], ids=["whole", "masked"])
@pytest.mark.parametrize("options", CELLS, ids=lambda options: "+".join(options))
@pytest.mark.parametrize("sequences", [False, True], ids=["last", "all"])
def test_cells_of_other_formats(options, sequences, masked):
    model = stack(("LSTM", {"units": 3, "return_sequences": sequences, **options}), masked=masked)
    assert worst(model, series(masked=masked)).worst <= LIMIT


@pytest.mark.parametrize("options", [{"recurrent_bias": True}, {"clip": 0.3, "recurrent_bias": True}, {"stored_initial_state": True, "clip": 0.5}])
@pytest.mark.parametrize("kind,base", RECURRENT, ids=KINDS)
def test_two_biases(kind, base, options):
    assert worst(stack((kind, {"units": 3, **base, **options})), series()).worst <= LIMIT


@pytest.mark.parametrize("masked", [False, True], ids=["whole", "masked"])
@pytest.mark.parametrize("mode", ["concat", "sum", "mul", "ave"])
@pytest.mark.parametrize("sequences", [False, True], ids=["last", "all"])
@pytest.mark.parametrize("kind,base", RECURRENT, ids=KINDS)
def test_bidirectional_layers(kind, base, mode, sequences, masked):
    inner = {"class_name": kind, "config": {"name": "part", "units": 3, "return_sequences": sequences, **base}}
    model = stack(("Bidirectional", {"merge_mode": mode, "layer": inner}), masked=masked)
    assert worst(model, series(masked=masked)).worst <= LIMIT


def test_stacked_cells():
    cells = [{"class_name": kind + "Cell", "config": {"name": "c%d" % n, "units": 3, **base}} for n, (kind, base) in enumerate(RECURRENT)]
    stacked = {"class_name": "StackedRNNCells", "config": {"name": "cells", "cells": cells}}
    for back in (False, True):
        assert worst(stack(("RNN", {"cell": stacked, "return_sequences": back, "go_backwards": back}), masked=True), series(masked=True)).worst <= LIMIT


LAYERS = [
    ("Activation", {"activation": "softmax"}), ("Softmax", {"axis": 1}), ("ELU", {}), ("PReLU", {"shared_axes": [1]}), ("LeakyReLU", {}),
    ("BatchNormalization", {}), ("BatchNormalization", {"center": False}), ("BatchNormalization", {"scale": False}),
    ("LayerNormalization", {}), ("LayerNormalization", {"axis": [1, 2]}), ("GroupNormalization", {"groups": 2}), ("UnitNormalization", {}),
    ("RMSNormalization", {}),
    ("Conv1D", {"filters": 4, "kernel_size": 3}), ("Conv1D", {"filters": 4, "kernel_size": 2, "padding": "same", "strides": 2}),
    ("Conv1D", {"filters": 4, "kernel_size": 3, "padding": "causal", "dilation_rate": 2, "activation": "tanh"}),
    ("Conv1D", {"filters": 4, "kernel_size": 2, "groups": 2, "activation": "softplus", "use_bias": False}),
    ("SeparableConv1D", {"filters": 3, "kernel_size": 2, "depth_multiplier": 2, "activation": "tanh"}),
    ("SeparableConv1D", {"filters": 3, "kernel_size": 3, "padding": "same", "strides": 2}),
    ("SeparableConv1D", {"filters": 3, "kernel_size": 2, "padding": "causal", "dilation_rate": 2}),
    ("MaxPooling1D", {"pool_size": 2}), ("AveragePooling1D", {"pool_size": 2, "strides": 1, "padding": "same"}),
    ("GlobalMaxPooling1D", {}), ("GlobalAveragePooling1D", {}), ("UpSampling1D", {"size": 2}), ("Cropping1D", {"cropping": [1, 1]}),
    ("ZeroPadding1D", {"padding": [1, 2]}), ("Flatten", {}), ("Permute", {"dims": [2, 1]}),
    ("Dropout", {"rate": 0.4}), ("Dropout", {"rate": 0.4, "noise_shape": [None, 1, 4]}), ("SpatialDropout1D", {"rate": 0.4}),
    ("GaussianNoise", {"stddev": 0.3}), ("GaussianDropout", {"rate": 0.3}), ("AlphaDropout", {"rate": 0.3}),
    ("ActivityRegularization", {"l1": 0.05, "l2": 0.1}),
    ("Dense", {"units": 3, "activation": "softmax", "activity_regularizer": {"class_name": "L2", "config": {"l2": 0.3}}}),
    ("TimeDistributed", {"layer": {"class_name": "Dense", "config": {"name": "d", "units": 3, "activation": "gelu"}}}),
    ("TimeDistributed", {"layer": {"class_name": "Dense", "config": {
        "name": "d", "units": 3, "activity_regularizer": {"class_name": "L1L2", "config": {"l1": 0.1, "l2": 0.2}}}}}),
    ("Bidirectional", {"layer": {"class_name": "LSTM", "config": {
        "name": "part", "units": 3, "return_sequences": True, "activity_regularizer": {"class_name": "L2", "config": {"l2": 0.3}}}}}),
]


# Keras 2 has no RMSNormalization.
BY_GENERATION = [(kind, options, keras) for kind, options in LAYERS for keras in (2, 3) if (kind, keras) != ("RMSNormalization", 2)]


@pytest.mark.parametrize("kind,options,keras", BY_GENERATION, ids=[
    "%s-%s-Keras%d" % (kind, "+".join(map(str, options.values()))[:30], keras) for kind, options, keras in BY_GENERATION])
def test_other_layers(kind, options, keras):
    model = stack((kind, options), shape=(STEPS, SIZE), keras=keras)
    assert worst(model, series()).worst <= LIMIT


@pytest.mark.parametrize("kind,options", [
    ("BatchNormalization", {}), ("LayerNormalization", {}), ("GlobalAveragePooling1D", {}), ("Softmax", {}),
    ("TimeDistributed", {"layer": {"class_name": "Dense", "config": {"name": "d", "units": 3}}}), ("Dropout", {"rate": 0.3}),
], ids=lambda value: value if isinstance(value, str) else "")
def test_layers_with_a_mask(kind, options):
    after = [] if kind == "GlobalAveragePooling1D" else [("LSTM", {"units": 3})]
    assert worst(stack((kind, options), *after, masked=True), series(masked=True)).worst <= LIMIT


SPATIAL = [
    ((5, 4, 2), ("Conv2D", {"filters": 3, "kernel_size": [2, 3], "activation": "tanh"})),
    ((5, 4, 2), ("Conv2D", {"filters": 4, "kernel_size": 3, "padding": "same", "strides": 2, "groups": 2, "activation": "softplus"})),
    ((6, 6, 2), ("Conv2D", {"filters": 2, "kernel_size": 2, "dilation_rate": 2, "use_bias": False})),
    ((3, 4, 3, 2), ("Conv3D", {"filters": 2, "kernel_size": 2, "padding": "same"})),
    ((5, 4, 2), ("MaxPooling2D", {"pool_size": 2})), ((5, 4, 2), ("AveragePooling2D", {"pool_size": [2, 3], "strides": 1, "padding": "same"})),
    ((3, 4, 3, 2), ("MaxPooling3D", {"pool_size": 2, "padding": "same"})), ((4, 4, 4, 2), ("AveragePooling3D", {"pool_size": 2})),
    ((5, 4, 2), ("GlobalMaxPooling2D", {})), ((5, 4, 2), ("GlobalAveragePooling2D", {"keepdims": True})),
    ((3, 2, 3, 2), ("GlobalAveragePooling3D", {})), ((5, 4, 2), ("Cropping2D", {"cropping": [[1, 1], [0, 2]]})),
    ((5, 4, 2), ("ZeroPadding2D", {"padding": [[1, 0], [2, 1]]})), ((3, 2, 2), ("UpSampling2D", {"size": [2, 3]})),
    ((3, 5, 2), ("ConvLSTM1D", {"filters": 2, "kernel_size": 3})),
    ((3, 5, 2), ("ConvLSTM1D", {"filters": 2, "kernel_size": 2, "padding": "same", "return_sequences": True, "go_backwards": True,
                                "recurrent_activation": "sigmoid"})),
    ((3, 4, 3, 2), ("ConvLSTM2D", {"filters": 2, "kernel_size": 2, "padding": "same", "strides": 2, "recurrent_activation": "sigmoid",
                                   "return_sequences": True})),
    ((3, 4, 4, 2), ("ConvLSTM2D", {"filters": 2, "kernel_size": [2, 1], "activation": "softsign", "recurrent_activation": "sigmoid",
                                   "dilation_rate": 2, "use_bias": False, "stateful": False})),
    ((2, 3, 2, 3, 1), ("ConvLSTM3D", {"filters": 2, "kernel_size": 2, "padding": "same", "recurrent_activation": "sigmoid"})),
]


@pytest.mark.parametrize("shape,layer", SPATIAL, ids=["%s-%d" % (layer[0], n) for n, (_, layer) in enumerate(SPATIAL)])
def test_spatial_layers(shape, layer):
    before = ("Conv%dD" % (len(shape) - 1), {"filters": 2, "kernel_size": 1, "activation": "tanh"})
    front = [before] if len(shape) in (3, 4) and not layer[0].startswith("ConvLSTM") else [("Dense", {"units": 2, "activation": "tanh"})]
    assert worst(stack(*front, layer, shape=shape, first=False), series(3, shape)).worst <= LIMIT


@pytest.mark.parametrize("sequences", [False, True], ids=["last", "all"])
def test_convolutional_lstm_with_a_mask(sequences):
    x = series(3, (4, 3, 2))
    x[0, 2:], x[1, 0], x[2, 1] = 9, 9, 9
    model = stack(("Masking", {"mask_value": 9.0}), ("ConvLSTM1D", {"filters": 2, "kernel_size": 2, "padding": "same", "return_sequences": sequences,
                                                                   "recurrent_activation": "sigmoid"}), shape=(4, 3, 2), first=False)
    try:
        assert worst(model, x).worst <= LIMIT
    except liblstm.LSTMError as refusal:  # a mask for each place of a frame is no mask of steps
        assert "mask" in str(refusal)


class TestGraphs:
    """Networks that are no chain."""

    def test_initial_states_are_learnt_through(self):
        inputs = liblstm.Input((None, SIZE))
        for kind in (liblstm.layers.LSTM, liblstm.layers.GRU, liblstm.layers.SimpleRNN):
            _, *states = kind(3, return_state=True)(inputs)
            y = kind(3, return_sequences=True)(liblstm.layers.Dense(2)(inputs), initial_state=states)
            assert worst(liblstm.Model(inputs, liblstm.layers.Dense(2)(y)), series()).worst <= LIMIT

    def test_states_are_outputs_too(self):
        inputs = liblstm.Input((None, SIZE))
        for options in ({}, {"zoneout_h": 0.2, "zoneout_c": 0.3}):
            y, h, c = liblstm.layers.LSTM(3, return_sequences=True, return_state=True, **options)(liblstm.layers.Masking(9.0)(inputs))
            assert worst(liblstm.Model(inputs, [y, h, c]), series(masked=True)).worst <= LIMIT

    def test_both_directions_apart(self):
        inputs = liblstm.Input((None, SIZE))
        first, second = liblstm.layers.Bidirectional(liblstm.layers.GRU(3, return_sequences=True), merge_mode=None)(inputs)
        assert worst(liblstm.Model(inputs, [first, liblstm.layers.Dense(2)(second)]), series()).worst <= LIMIT

    def test_a_shared_layer_adds_up(self):
        one, two = liblstm.Input((None, SIZE)), liblstm.Input((None, SIZE))
        shared = liblstm.layers.LSTM(3, activity_regularizer="l2") if "activity_regularizer" in liblstm.layers.LSTM.OPTIONS else liblstm.layers.LSTM(3)
        joined = liblstm.layers.Concatenate()([shared(one), shared(two)])
        model = liblstm.Model([one, two], [liblstm.layers.Dense(2)(joined), liblstm.layers.Dense(1)(joined)])
        assert worst(model, [series(), series(seed=2)]).worst <= LIMIT

    @pytest.mark.parametrize("name", ["Add", "Subtract", "Multiply", "Average", "Maximum", "Minimum", "Concatenate"])
    def test_merges(self, name):
        inputs = liblstm.Input((None, SIZE))
        parts = [liblstm.layers.Dense(3, activation="tanh")(inputs) for _ in range(2)]
        assert worst(liblstm.Model(inputs, getattr(liblstm.layers, name)()(parts)), series()).worst <= LIMIT

    @pytest.mark.parametrize("options", [{"axes": 2}, {"axes": [1, 1]}, {"axes": 2, "normalize": True}])
    def test_dot(self, options):
        inputs = liblstm.Input((STEPS, SIZE))
        parts = [liblstm.layers.Dense(3)(inputs) for _ in range(2)]
        assert worst(liblstm.Model(inputs, liblstm.layers.Dot(**options)(parts)), series()).worst <= LIMIT

    @pytest.mark.parametrize("masked", [False, True], ids=["whole", "masked"])
    @pytest.mark.parametrize("make", [
        lambda: liblstm.layers.Attention(), lambda: liblstm.layers.Attention(use_scale=True), lambda: liblstm.layers.Attention(score_mode="concat"),
        lambda: liblstm.layers.AdditiveAttention(), lambda: liblstm.layers.AdditiveAttention(use_scale=False),
        lambda: liblstm.layers.Attention(dropout=0.4), lambda: liblstm.layers.AdditiveAttention(dropout=0.3),
    ], ids=["dot", "scaled", "concat", "additive", "additive-unscaled", "dot-dropout", "additive-dropout"])
    def test_attention(self, make, masked):
        inputs = liblstm.Input((None, SIZE))
        front = liblstm.layers.Masking(9.0)(inputs) if masked else inputs
        query, value, key = (liblstm.layers.Dense(3)(front) for _ in range(3))
        assert worst(liblstm.Model(inputs, make()([query, value, key])), series(masked=masked)).worst <= LIMIT

    @pytest.mark.parametrize("causal", [False, True])
    @pytest.mark.parametrize("dropout", [0.0, 0.4])
    @pytest.mark.parametrize("masked", [False, True], ids=["whole", "masked"])
    def test_attention_of_several_heads(self, causal, masked, dropout):
        inputs = liblstm.Input((None, SIZE))
        front = liblstm.layers.Masking(9.0)(inputs) if masked else inputs
        query, value = (liblstm.layers.Dense(4)(front) for _ in range(2))
        made = liblstm.layers.MultiHeadAttention(2, 3, value_dim=2, dropout=dropout)(query, value, use_causal_mask=causal)
        assert worst(liblstm.Model(inputs, made), series(masked=masked)).worst <= LIMIT

    def test_embeddings_and_tokens(self):
        model = liblstm.Sequential([liblstm.Input((None,), dtype="int32"), liblstm.layers.Embedding(7, 4, mask_zero=True), liblstm.layers.LSTM(3)])
        tokens = np.array([[1, 2, 3, 0, 0], [4, 4, 5, 6, 1], [0, 0, 2, 2, 0]])
        assert worst(model, tokens).worst <= LIMIT

    def test_a_recurrent_layer_for_each_step(self):
        inner = {"class_name": "LSTM", "config": {"name": "inner", "units": 3}}
        assert worst(stack(("TimeDistributed", {"layer": inner}), ("GRU", {"units": 2}), shape=(3, 4, SIZE)), series(3, (3, 4, SIZE))).worst <= LIMIT

    def test_windows_of_a_long_series(self):
        for options in ({}, {"stored_initial_state": True}):
            model = stack(("LSTM", {"units": 3, "return_sequences": True, **options}))
            assert worst(model, series(), tbptt_steps=2).worst <= LIMIT


def test_zoneout_keeps_numbers_in_training_and_their_mean_in_use():
    x = series(1, (1, SIZE)).astype(np.float32)
    plain = stack(("LSTM", {"units": 400, "return_sequences": True}))
    zoned = stack(("LSTM", {"units": 400, "return_sequences": True, "zoneout_h": 0.25, "zoneout_c": 0.1}))
    for name in plain.weights:
        zoned.weights[name] = plain.weights[name]
    # The state before the first step is zero, so the mean is 1 − p of the new one.
    assert np.allclose(zoned.predict(x), 0.75 * plain.predict(x), atol=1e-6)
    trainer = liblstm.Trainer(zoned, loss={"class_name": "MeanAbsoluteError"}, optimizer="sgd", seed=4)
    # With a target of 0 the loss is the mean size of the outputs: three quarters of them pass, as many as chance says.
    size = np.abs(plain.predict(x)).mean()
    shares = [trainer.train_batch(x, np.zeros((1, 1, 400)))["loss"] / size for _ in range(1)]
    assert abs(shares[0] - 0.75) < 0.08 and trainer.evaluate(x, np.zeros((1, 1, 400)))["loss"] > 0


def test_zoneout_is_the_same_step_by_step_and_refused_for_keras(tmp_path):
    for kind in ("LSTM", "GRU", "SimpleRNN"):
        model = stack((kind, {"units": 4, "return_sequences": True, "zoneout_h": 0.3}))
        x = series().astype(np.float32)
        whole = model.predict(x)
        with model.stream() as stream:
            assert np.array_equal([np.asarray(stream.step(step)).ravel() for step in x[1]], whole[1])
        with pytest.raises(liblstm.UnsupportedError, match="zoneout_h"):
            model.save(tmp_path / "model.keras")
    off = stack(("LSTM", {"units": 4, "zoneout_h": 0.0}))
    off.save(tmp_path / "off.keras")
    assert "zoneout" not in json.dumps(liblstm.load(tmp_path / "off.keras").layers[-1].options)


def test_dropout_of_convolutional_lstms_is_refused_by_name():
    model = stack(("ConvLSTM1D", {"filters": 2, "kernel_size": 2, "dropout": 0.2}), shape=(3, 4, 2), first=False)
    with pytest.raises(liblstm.UnsupportedError, match="convlstm1d_0.*dropout"):
        liblstm.Trainer(model, loss="mse", optimizer="sgd")


def test_what_cannot_be_followed_is_refused_by_name():
    orthogonal = {"class_name": "OrthogonalRegularizer", "config": {}}
    model = stack(("Dense", {"units": 2, "activity_regularizer": orthogonal}))
    with pytest.raises(liblstm.UnsupportedError, match="activity_regularizer"):
        liblstm.Trainer(model, loss="mse", optimizer="sgd")
    assert model.predict(series().astype(np.float32)).shape == (4, STEPS, 2)  # in use it changes nothing


def test_the_same_bits_on_any_number_of_threads():
    x, y = series(70, (4, SIZE)).astype(np.float32), series(70, (2,), seed=9).astype(np.float32)
    found = []
    for threads in (1, 2, 5):
        model = stack(("LSTM", {"units": 5, "return_sequences": True, "zoneout_h": 0.2, "zoneout_c": 0.3, "peepholes": True, "projection": 3}),
                      ("GRU", {"units": 4, "zoneout_h": 0.1, "recurrent_dropout": 0.2, "stored_initial_state": True}), ("Dense", {"units": 2}))
        model.fit(x, y, loss="mse", optimizer="adam", epochs=2, batch_size=64, threads=threads, seed=7, verbose=False)
        found.append(np.concatenate([np.asarray(value).ravel() for value in model.weights.values()]))
    assert np.array_equal(found[0], found[1]) and np.array_equal(found[0], found[2])


def test_stored_initial_states_are_learnt():
    x, y = np.zeros((8, 3, 1), np.float32), np.full((8, 2), 0.5, np.float32)
    for kind in ("LSTM", "GRU", "SimpleRNN"):
        layer = getattr(liblstm.layers, kind)(2, stored_initial_state=True)
        model = liblstm.Sequential([liblstm.Input((3, 1)), layer], seed=1)
        names = [name for name in model.weights if "initial_" in name]
        assert names and all(not np.asarray(model.weights[name]).any() for name in names)
        history = model.fit(x, y, loss="mse", optimizer="adam", epochs=300, learning_rate=0.05, verbose=False)
        assert history["loss"][-1] < 0.05 * history["loss"][0]
        assert all(np.asarray(model.weights[name]).any() for name in names)
        states = model.predict(x)
        with model.stream() as stream:
            last = [np.asarray(stream.step(step)).ravel() for step in x[0]][-1]
        assert np.array_equal(last, states[0])
