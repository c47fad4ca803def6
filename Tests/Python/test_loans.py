"""Sessions read and write the caller's arrays in place where they can: the same bits wherever those lie, and nothing written on error."""
import threading
import time

import numpy as np
import pytest

import liblstm
from liblstm import Input, Model, Sequential, layers

# Arrays of 2,048 numbers and more are worked on in place, also those of a thread that has one row.
ROWS, STEPS, WIDTH = 3, 130, 17


def unaligned(x, offset):
    """The same numbers, `offset` bytes behind a multiple of 64."""
    memory = np.empty(x.nbytes + 128, np.uint8)
    start = -memory.ctypes.data % 64 + offset
    copy = memory[start : start + x.nbytes].view(x.dtype).reshape(x.shape)
    copy[...] = x
    return copy


def series(*shape):
    return np.random.default_rng(1).uniform(-1, 1, shape).astype(np.float32)


LAYERS = {
    "copy": lambda: layers.Reshape((STEPS, WIDTH)),
    "gelu": lambda: layers.Activation("gelu"),
    "softmax": lambda: layers.Softmax(),
    "softmax of steps": lambda: layers.Softmax(axis=1),
    "PReLU": lambda: layers.PReLU(),
    "masking": lambda: layers.Masking(0.5),
    "dense": lambda: layers.Dense(WIDTH, activation="relu"),
    "dense of whole vectors": lambda: layers.Dense(64),
    "batch normalization": lambda: layers.BatchNormalization(),
    "layer normalization": lambda: layers.LayerNormalization(),
    "convolution": lambda: layers.Conv1D(16, 3, padding="causal", activation="swish"),
    "pooling": lambda: layers.MaxPooling1D(2),
    "average": lambda: layers.GlobalAveragePooling1D(),
    "permute": lambda: layers.Permute((2, 1)),
    "padding": lambda: layers.ZeroPadding1D(2),
    "LSTM": lambda: layers.LSTM(5, return_sequences=True),
    "LSTM of whole vectors, backwards": lambda: layers.LSTM(32, return_sequences=True, go_backwards=True),
    "GRU": lambda: layers.GRU(17),
    "GRU that resets before": lambda: layers.GRU(17, return_sequences=True, reset_after=False),
    "SimpleRNN": lambda: layers.SimpleRNN(9, return_sequences=True),
    "both directions": lambda: layers.Bidirectional(layers.LSTM(6, return_sequences=True)),
    "LSTM with relu": lambda: layers.LSTM(16, return_sequences=True, activation="relu"),
}


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("case", LAYERS)
def test_places_do_not_matter(case, threads):
    model = Sequential([Input((STEPS, WIDTH)), LAYERS[case]()], seed=1)
    x = series(ROWS, STEPS, WIDTH)
    double = model.predict(np.float64(x), threads=threads)  # another type is copied
    for offset in (0, 4, 16, 20):
        given, out = unaligned(x, offset), unaligned(np.full_like(double, 7), offset)
        kept = given.copy()
        made = model.predict(given, threads=threads, out=out)
        assert made is out and np.array_equal(out, double)
        assert np.array_equal(given, kept)
    wide = np.full(double.shape, 7, np.float64)
    assert np.array_equal(model.predict(x, threads=threads, out=wide), double)
    assert np.array_equal(model.predict(x, threads=threads), double)


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int32, np.int64])
def test_numbers_between_their_places_are_copied(dtype):
    model = Sequential([Input((STEPS, WIDTH)), layers.Dense(3), layers.LSTM(3, return_sequences=True)], seed=1)
    x = (9 * series(ROWS, STEPS, WIDTH)).astype(dtype)
    wanted = model.predict(x)
    trainer = liblstm.Trainer(model, loss="mse", optimizer="sgd")
    for offset in (1, 2, 3):
        given = unaligned(x, offset)
        assert not given.flags.aligned and np.array_equal(model.predict(given), wanted)
        assert np.array_equal(model.stream().steps(given[0]), wanted[0])
        assert np.array_equal(trainer.gradients(given, unaligned(wanted, offset)), trainer.gradients(x, wanted))
        with pytest.raises(liblstm.ArgumentError, match="aligned"):
            model.predict(x, out=unaligned(wanted, offset))


def test_attention_to_its_own_input():
    given = Input((STEPS, WIDTH))
    model = Model(given, layers.MultiHeadAttention(2, 3)(layers.Attention()([given, given]), given), seed=1)
    x = series(ROWS, STEPS, WIDTH)
    wanted = model.predict(np.float64(x))
    assert np.array_equal(model.predict(unaligned(x, 4), out=unaligned(np.empty_like(wanted), 4)), wanted)


def test_values_that_are_several_things_at_once():
    given = Input((STEPS, WIDTH))
    first = layers.Activation("tanh")(given)
    second = layers.Dense(4)(first)
    model = Model(given, [first, second, layers.Add()([first, given])], seed=1)
    x = series(ROWS, STEPS, WIDTH)
    outs = [unaligned(np.empty(shape, np.float32), 4) for shape in ((ROWS, STEPS, WIDTH), (ROWS, STEPS, 4), (ROWS, STEPS, WIDTH))]
    for made, wanted in zip(model.predict(x, out=outs), model.predict(np.float64(x))):
        assert np.array_equal(made, wanted)
    twice = Model(given, [first, first], seed=1)
    assert all(np.array_equal(made, outs[0]) for made in twice.predict(x))
    through = Model(given, [given, first], seed=1)
    assert np.array_equal(through.predict(x)[0], x)


def test_masks_made_of_a_lent_input():
    tokens = np.repeat(np.array([[1, 2, 0, 0], [3, 0, 0, 0]], np.float32), 600, axis=1)
    model = Sequential([Input((2400,)), layers.Embedding(5, 6, mask_zero=True), layers.GlobalAveragePooling1D()], seed=1)
    assert np.array_equal(model.predict(unaligned(tokens, 4)), model.predict(np.int32(tokens)))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("threads", [1, 2, 3])
@pytest.mark.parametrize("behind", [[], [layers.Activation("relu")], [layers.LSTM(6, return_sequences=True)]], ids=["last", "lent", "copied"])
def test_outputs_are_untouched_on_error(behind, threads, dtype):
    model = Sequential([Input((400,)), layers.Embedding(5, 6), *behind], seed=1)
    out = np.full((3, 400, 6), 7, dtype)
    tokens = np.resize(np.array([1, 2, 3, 4, 0], dtype), (3, 400))
    for row in range(3):
        wrong = tokens.copy()
        wrong[row, 1] = 9
        with pytest.raises(liblstm.ArgumentError, match="the input holds 9"):
            model.predict(wrong, out=out, threads=threads)
        assert (out == 7).all()
    # The rows of all threads are written once nobody refuses.
    assert np.array_equal(model.predict(tokens, out=out, threads=threads), model.predict(tokens))


def test_an_output_before_one_that_refuses():
    given = Input((2400,))
    model = Model(given, [layers.Activation("relu")(given), layers.Embedding(5, 6)(given)], seed=1)
    outs = [np.full((1, 2400), 7, np.float32), np.full((1, 2400, 6), 7, np.float32)]
    tokens = np.resize(np.array([1, 4], np.float32), (1, 2400))
    wrong = tokens.copy()
    wrong[0, -1] = 9
    with pytest.raises(liblstm.ArgumentError):
        model.predict(wrong, out=outs)
    assert all((out == 7).all() for out in outs)
    assert np.array_equal(model.predict(tokens, out=outs)[0], tokens)


def test_shapes_may_change_from_call_to_call():
    model = Sequential([Input((None, WIDTH)), layers.Dense(3)], seed=1)
    for rows, steps in ((2, 500), (1, 3), (2, 500), (1, 300), (4, 1)):
        x = series(rows, steps, WIDTH)
        assert np.array_equal(model.predict(x), model.predict(np.float64(x)))


def test_an_input_that_another_thread_changes_does_no_harm():
    # What comes out is anything or an error, but the process lives: tokens are looked at twice, and may be none the second time.
    model = Sequential([Input((20000,)), layers.Embedding(5, 8)], seed=1)
    x = np.ones((1, 20000), np.float32)
    out = model.predict(x)
    end = time.monotonic() + 0.5

    def change():
        while time.monotonic() < end:
            x[...] = 1
            x[...] = 1e30

    other = threading.Thread(target=change)
    other.start()
    while time.monotonic() < end:
        try:
            model.predict(x, out=out)
        except liblstm.ArgumentError:
            pass
    other.join()
    assert np.array_equal(model.predict(np.ones_like(x)), model.predict(np.ones_like(x, np.int32)))
