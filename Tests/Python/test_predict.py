"""Whole sequences: the numbers are Keras', however the arrays come."""
import sys
import threading

import liblstm
import numpy as np
import pytest
from conftest import TOLERANCE, expected, listed, model_path, one, series
from liblstm import Input, Sequential, batches, layers

ARCHITECTURES = ["lstm_basic", "lstm_relu_seq", "text_lstm", "lstm_stateful", "functional_two_inputs", "bilstm_concat",
                 "lstm_return_state_seq", "simple_rnn", "gru_reset_after", "masking_gru_td", "lstm_time_major"]


@pytest.mark.parametrize("arch", ARCHITECTURES)
@pytest.mark.parametrize("precision", ["float32", "float64"])
def test_the_outputs_are_those_of_Keras(arch, precision):
    model = liblstm.load(model_path(arch))
    calls = expected(arch)
    for number, (inputs, single, double) in enumerate(calls):
        if model.stateful and number == len(calls) - 1:
            model.reset_states()
        found = listed(model.predict(one(inputs), precision=precision))
        wanted, limit = (single, TOLERANCE[arch]) if precision == "float32" else (double, min(TOLERANCE[arch], 1e-9))
        assert [y.shape for y in found] == [y.shape for y in wanted]
        for y, right in zip(found, wanted):
            assert y.dtype == precision
            np.testing.assert_allclose(y, right, rtol=0, atol=limit * max(1, np.abs(right).max()))


def test_one_output_is_an_array_and_several_are_a_list(basic):
    assert isinstance(basic.predict(series(2, 6, 4)), np.ndarray)
    several = liblstm.load(model_path("lstm_return_state_seq")).predict(series(2, 5, 3))
    assert isinstance(several, list) and len(several) == 3


def test_nested_lists_and_a_list_of_one_array_mean_the_same_as_the_array(basic):
    x = series(2, 6, 4).astype(np.float64)
    y = basic.predict(x)
    for form in (x.tolist(), [x], (x,), [list(row) for row in x]):
        assert np.array_equal(basic.predict(form), y)


def test_a_list_of_one_sequence_is_a_batch_of_one(basic):
    x = series(1, 6, 4)
    assert np.array_equal(basic.predict([x[0]]), basic.predict(x))


def test_several_inputs_come_as_a_list_or_by_name():
    model = liblstm.load(model_path("functional_two_inputs"))
    left, right = series(3, 5, 2), series(3, 6, 3)
    names = [info.name for info in model.inputs]
    assert np.array_equal(model.predict({names[1]: right, names[0]: left}), model.predict([left, right]))
    for wrong, word in (([left], "found 1"), (left, names[0]), ({"nonsense": left}, "nonsense"), ({names[0]: left}, names[1])):
        with pytest.raises(liblstm.ArgumentError, match=word):
            model.predict(wrong)


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", "longdouble", "int8", "uint8", "int16", "int32", "int64", "uint32",
                                   "uint64", "bool", ">f4", ">i8"])
def test_every_real_element_type_is_taken(basic, dtype):
    x = (np.abs(series(2, 6, 4)) * 2).astype(dtype)
    # float64 first: the library rounds what it is given to float32 itself
    assert np.array_equal(basic.predict(x), basic.predict(x.astype(np.float64)))


@pytest.mark.parametrize("x", [np.zeros((1, 6, 4), complex), np.full((1, 6, 4), "a"), np.full((1, 6, 4), None),
                               np.zeros((1, 6, 4), "M8[s]"), np.ma.masked_all((1, 6, 4))])
def test_other_element_types_are_refused(basic, x):
    with pytest.raises(liblstm.DTypeError) as caught:
        basic.predict(x)
    assert isinstance(caught.value, TypeError) and "the input" in str(caught.value)


def test_ragged_lists_and_objects_without_numbers_are_refused(basic):
    for x in ([[1, 2], [3]], object(), None, "text", {1, 2}):
        with pytest.raises(liblstm.ArgumentError):
            basic.predict(x)


def test_the_numbers_do_not_depend_on_the_memory_order(basic):
    x = series(4, 6, 4)
    y = basic.predict(x)
    wide = np.zeros((4, 6, 8), np.float32)
    wide[..., ::2] = x
    backwards = x[::-1].copy()[::-1]
    for form in (np.asfortranarray(x), wide[..., ::2], backwards):
        assert not form.flags.c_contiguous and np.array_equal(basic.predict(form), y)


def test_contiguous_arrays_are_read_in_place():
    from liblstm._arrays import numbers
    for dtype in (np.float32, np.float64, np.int32, np.int64):
        x = np.zeros((2, 3), dtype)
        assert numbers(x, "x") is x or numbers(x, "x").__array_interface__ == x.__array_interface__


def test_arrays_of_other_libraries_are_taken_by_their_protocols(basic):
    x = series(2, 6, 4)

    class ByArray:
        def __array__(self, dtype=None, copy=None):
            return x

    class ByDLPack:
        def __dlpack__(self, **options):
            return x.__dlpack__(**options)

        def __dlpack_device__(self):
            return x.__dlpack_device__()

    for form in (ByArray(), ByDLPack()):
        assert np.array_equal(basic.predict(form), basic.predict(x))


@pytest.mark.parametrize("shape", [(6, 4), (2, 6, 5), (2, 5, 4), (2, 6, 4, 1), (), (1,) * 9])
def test_a_wrong_shape_is_refused_by_a_sentence(basic, shape):
    with pytest.raises(liblstm.ShapeError) as caught:
        basic.predict(np.zeros(shape, np.float32))
    assert isinstance(caught.value, ValueError) and len(str(caught.value)) > 12


def test_a_batch_without_rows_gives_no_rows(basic):
    assert basic.predict(np.zeros((0, 6, 4), np.float32)).shape == (0, 8)


def test_a_token_outside_the_embedding_is_refused():
    with pytest.raises(liblstm.ArgumentError):
        liblstm.load(model_path("text_lstm")).predict(np.full((1, 9), 1000, np.int32))


@pytest.mark.parametrize("options", [{"batch_size": 1}, {"batch_size": 7}, {"batch_size": 1000}, {"threads": 2},
                                     {"threads": 3, "batch_size": 64}, {"progress": False}])
def test_batches_and_threads_do_not_change_a_bit(basic, options):
    x = series(100, 6, 4)
    assert np.array_equal(basic.predict(x, **options), np.concatenate([basic.predict(row[None]) for row in x]))


def test_large_inputs_run_in_growing_batches(monkeypatch):
    sizes = []
    x, y = series(1000, 2), np.empty((1000, 2), np.float32)

    def run(inputs, outputs):
        sizes.append(len(inputs[0]))
        outputs[0][...] = inputs[0]

    batches.run_in_batches(run, [x], [y], None, 1, False)
    assert np.array_equal(x, y) and sizes == [64, 128, 256, 512, 40]
    sizes.clear()
    batches.run_in_batches(run, [x], [y], 300, 1, False)
    assert sizes == [300, 300, 300, 100]
    sizes.clear()
    monkeypatch.setattr(batches, "LARGE", 4 * 100)
    batches.run_in_batches(run, [x], [y], None, 1, False)
    assert max(sizes) == 100


def test_rows_stay_together_where_the_first_axis_is_time():
    model = liblstm.load(model_path("lstm_time_major"))
    shape = [d or 9 for d in model.inputs[0].shape]
    x = series(*shape)
    assert model.predict(x).shape[0] == shape[0] or model.predict(x).shape[0] == shape[1]
    with pytest.raises(liblstm.ArgumentError, match="together"):
        model.predict(x, batch_size=2)


def test_out_is_written_to_and_returned(basic):
    x = series(3, 6, 4)
    y = basic.predict(x)
    for dtype in (np.float32, np.float64):
        out = np.full((3, 8), np.nan, dtype)
        assert basic.predict(x, out=out) is out and np.array_equal(out.astype(np.float32), y)
    out = np.empty((3, 8), np.float32)
    assert basic.predict(x, out=[out]) is out


def test_out_may_lie_on_the_input():
    model = liblstm.load(model_path("lstm_basic"))
    x = series(2, 6, 4)
    y = model.predict(x)
    assert np.array_equal(model.predict(x, out=x.reshape(-1)[:16].reshape(2, 8)), y)


@pytest.mark.parametrize("out, kind", [
    (np.empty((3, 7), np.float32), liblstm.ShapeError), (np.empty((3, 8), np.int32), liblstm.DTypeError),
    (np.empty((8, 3), np.float32).T, liblstm.ArgumentError), (np.broadcast_to(np.float32(0), (3, 8)), liblstm.ArgumentError),
    ([[0.0] * 8] * 3, liblstm.ArgumentError), ([], liblstm.ArgumentError), (np.empty((3, 8), ">f4"), liblstm.DTypeError)])
def test_an_out_that_does_not_fit_is_refused(basic, out, kind):
    with pytest.raises(kind):
        basic.predict(series(3, 6, 4), out=out)


def test_two_outputs_may_not_share_memory():
    model = liblstm.load(model_path("lstm_return_state_seq"))
    same = np.empty((2, 6), np.float32)
    with pytest.raises(liblstm.ArgumentError, match="shares memory"):
        model.predict(series(2, 5, 3), out=[np.empty((2, 5, 6), np.float32), same, same])


@pytest.mark.parametrize("options", [{"precision": "float16"}, {"precision": None}, {"precision": 3.5}, {"threads": 0}, {"threads": 257},
                                     {"threads": "2"}, {"threads": True}, {"batch_size": 0}, {"batch_size": 2.5}])
def test_options_that_make_no_sense_are_refused(basic, options):
    with pytest.raises(liblstm.ArgumentError, match=next(iter(options))):
        basic.predict(series(2, 6, 4), **options)


def test_numpys_own_names_of_the_precisions_are_taken(basic):
    assert basic.predict(series(2, 6, 4), precision=np.float64).dtype == np.float64


def test_progress_is_shown_when_asked_for_and_not_otherwise(basic, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "tqdm", None)  # as if it were not installed
    basic.predict(series(300, 6, 4))
    assert capsys.readouterr().err == ""
    basic.predict(series(300, 6, 4), progress=True)
    assert "300 of 300 rows, 100 %" in capsys.readouterr().err


def test_progress_is_tqdms_where_it_is_installed(basic, monkeypatch):
    shown = []

    class Bar:
        def __init__(self, **options):
            self.n, self.total = 0, options["total"]

        def update(self, more):
            self.n += more

        def close(self):
            shown.append((self.n, self.total))

    monkeypatch.setitem(sys.modules, "tqdm", type(sys)("tqdm"))
    sys.modules["tqdm"].tqdm = Bar
    basic.predict(series(300, 6, 4), progress=True)
    assert shown == [(300, 300)]


def test_ctrl_c_stops_between_batches_and_the_model_stays_usable(basic, monkeypatch):
    from liblstm.sessions import Session
    x, calls, run = series(300, 6, 4), [], Session.predict

    def interrupted(session, inputs, outputs):
        calls.append(run(session, inputs, outputs))
        if len(calls) == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr(Session, "predict", interrupted)
    with pytest.raises(KeyboardInterrupt):
        basic.predict(x, batch_size=10)
    assert len(calls) == 2 and basic.predict(x).shape == (300, 8)


def test_closing_a_model_while_another_thread_predicts_is_safe():
    model, x = liblstm.load(model_path("lstm_basic")), series(500, 6, 4)
    ends = []

    def work():
        try:
            while True:
                model.predict(x)
        except liblstm.LSTMError as error:
            ends.append(type(error))

    threads = [threading.Thread(target=work) for _ in range(3)]
    [t.start() for t in threads]
    model.close()
    [t.join() for t in threads]
    assert ends == [liblstm.HandleError] * 3


def test_progress_waits_for_two_seconds_and_a_terminal(capsys, monkeypatch):
    from liblstm import progress
    clock = [0.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: clock[0])
    monkeypatch.setitem(sys.modules, "tqdm", None)
    monkeypatch.setattr(progress, "_is_terminal", lambda: True)
    with progress.Progress(10, None) as display:
        clock[0] = 1.9
        display.update(5)
        assert capsys.readouterr().err == ""
        clock[0] = 2.1
        display.update(6)
    assert "6 of 10" in capsys.readouterr().err


def test_a_stateful_model_carries_its_state_on_until_it_is_reset(stateful):
    x = series(3, 4, 2)
    first, second = stateful.predict(x), stateful.predict(x)
    assert not np.array_equal(first, second)
    stateful.reset_states()
    assert np.array_equal(stateful.predict(x), first) and np.array_equal(stateful.predict(x), second)


def test_a_state_is_not_lost_in_silence_when_the_options_change(stateful):
    x = series(3, 4, 2)
    stateful.predict(x)
    for options in ({"precision": "float64"}, {"threads": 2}):
        with pytest.raises(liblstm.StateError, match="reset_states"):
            stateful.predict(x, **options)
    stateful.reset_states()
    assert stateful.predict(x, precision="float64").dtype == np.float64


def test_a_stateful_batch_cannot_be_split(stateful):
    with pytest.raises(liblstm.ArgumentError, match="batch_size"):
        stateful.predict(series(3, 4, 2), batch_size=2)


@pytest.mark.parametrize("threads", [1, 2, 4])
@pytest.mark.parametrize("units", [3, 520])
def test_a_kept_state_is_of_one_batch_however_many_threads_share_its_rows(threads, units):
    model = Sequential([Input((None, 2)), layers.LSTM(units, stateful=True)], seed=1)
    x = series(4, 2, 2)
    for first, second in ((1, 2), (1, 4), (2, 1), (3, 4), (4, 2)):
        before = model.predict(x[:first], threads=threads)
        with pytest.raises(liblstm.StateError, match="holds the state of a batch of %d; reset it before a batch of %d" % (first, second)):
            model.predict(x[:second], threads=threads)
        assert not np.array_equal(model.predict(x[:first], threads=threads), before)
        model.reset_states()
        assert np.array_equal(model.predict(x[:second], threads=threads)[:1], before[:1])
        model.reset_states()


def test_what_is_wrong_with_one_batch_is_forgotten_in_the_next():
    model = Sequential([Input((None,), dtype="int32"), layers.Embedding(5, 3), layers.LSTM(4)], seed=1)
    y = model.predict([[1, 2]], threads=2)
    with pytest.raises(liblstm.ArgumentError, match="tokens 0 to 4"):
        model.predict([[1, 2], [1, 9]], threads=2)
    # The second thread, whose row was wrong, has none now.
    assert np.array_equal(model.predict([[1, 2]], threads=2), y)


def test_threads_of_Python_may_predict_with_one_model_at_once(basic):
    inputs = [series(20, 6, 4, seed=n) for n in range(4)]
    wanted = [basic.predict(x) for x in inputs]
    wrong = []

    def work(n):
        for _ in range(50):
            if not np.array_equal(basic.predict(inputs[n]), wanted[n]):
                wrong.append(n)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(4)]
    [t.start() for t in threads]
    [t.join() for t in threads]
    assert not wrong
