"""Models: what they say of themselves, their weights, their end, their copies."""
import copy
import gc
import multiprocessing
import os
import pickle
import shutil
import weakref

import liblstm
import numpy as np
import pytest
from conftest import FIXTURES, expected, model_path, one, series


def test_a_model_says_what_it_is(basic):
    assert basic.parameters == 4 * 8 * (4 + 8 + 1) and not basic.stateful and basic.can_stream
    assert [(info.shape, info.dtype) for info in basic.inputs] == [((None, 6, 4), "float32")]
    assert [info.shape for info in basic.outputs] == [(None, 8)]
    assert "Keras" in basic.writer and "HDF5" in basic.format and basic.name
    assert "[?, 6, 4] → [?, 8]" in repr(basic) and "416 parameters" in repr(basic)


def test_layers_have_names_options_shapes_and_weights():
    model = liblstm.load(model_path("text_lstm"))
    layers = {layer.name: layer for layer in model.layers}
    rnn = layers["rnn"]
    assert rnn.type == "LSTM" and rnn.output_shape == (None, 8) and rnn.parameters == 4 * 8 * (6 + 8 + 1) and rnn.trainable
    assert rnn.options["units"] == 8 and rnn.options["recurrent_activation"] == "sigmoid"
    assert [name for name, layer in layers.items() if layer.traceable] == ["rnn"]
    assert list(rnn.weights) == ["rnn/kernel", "rnn/recurrent_kernel", "rnn/bias"] and rnn.weights["rnn/bias"].shape == (32,)
    assert sum(layer.parameters for layer in model.layers) == model.parameters
    with pytest.raises(liblstm.UnknownNameError, match="rnn/bias"):
        rnn.weights["head/kernel"]


def test_the_summary_is_a_table_of_the_layers():
    text = liblstm.load(model_path("text_lstm")).summary()
    assert all(name in text for name in ("embedding", "rnn", "head")) and len(text.splitlines()) >= 4


def test_weights_are_the_files_and_read_only(basic):
    h5py = pytest.importorskip("h5py")
    with h5py.File(model_path("lstm_basic"), "r") as file:
        kernel = file["model_weights/lstm/lstm/lstm_cell/kernel:0"][()]
    found = basic.weights["lstm/kernel"]
    assert found.dtype == kernel.dtype and np.array_equal(found, kernel)
    assert list(basic.weights) == ["lstm/kernel", "lstm/recurrent_kernel", "lstm/bias"] and len(basic.weights) == 3
    assert basic.weights.shape("lstm/kernel") == (4, 32) and "lstm/kernel" in repr(basic.weights)
    with pytest.raises(ValueError):
        found[0] = 0


def test_a_weight_that_is_set_is_used_from_then_on(basic):
    x = series(2, 6, 4)
    before = basic.predict(x)
    kernel = basic.weights["lstm/kernel"]
    basic.weights["lstm/kernel"] = np.asfortranarray(2 * kernel.astype(np.float64))
    assert np.array_equal(basic.weights["lstm/kernel"], 2 * kernel) and not np.array_equal(basic.predict(x), before)
    basic.weights["lstm/kernel"] = kernel
    assert np.array_equal(basic.predict(x), before)
    basic.weights["lstm/bias"] = [0] * 32
    assert not basic.weights["lstm/bias"].any()


def test_a_weight_of_another_shape_or_name_is_refused(basic):
    with pytest.raises(liblstm.ShapeError, match=r"lstm/kernel is \[4, 32\]; found \[32, 4\]"):
        basic.weights["lstm/kernel"] = np.zeros((32, 4))
    with pytest.raises(liblstm.UnknownNameError, match="lstm/kernel") as caught:
        basic.weights["lstm/kernels"]
    assert isinstance(caught.value, KeyError) and not str(caught.value).startswith("'")
    with pytest.raises(liblstm.DTypeError):
        basic.weights["lstm/bias"] = np.zeros(32, complex)
    assert basic.weights.get("nothing") is None and "nothing" not in basic.weights


def test_weights_are_read_from_a_file_of_weights(basic):
    (inputs, outputs, _), = expected("lstm_basic")
    for name in basic.weights:
        basic.weights[name] = np.zeros(basic.weights.shape(name))
    assert not basic.predict(one(inputs)).any()
    basic.load_weights(FIXTURES / "keras" / "lstm_basic" / "lstm_basic.k2.w.h5")
    np.testing.assert_allclose(basic.predict(one(inputs)), one(outputs), atol=1e-6)


def test_weights_of_another_architecture_are_refused_and_nothing_changes(basic):
    x = series(2, 6, 4)
    before = basic.predict(x)
    with pytest.raises(liblstm.LSTMError):
        basic.load_weights(FIXTURES / "keras" / "text_lstm" / "text_lstm.k2.w.h5")
    assert np.array_equal(basic.predict(x), before)


def test_the_same_model_comes_from_bytes(basic):
    content = open(model_path("lstm_basic"), "rb").read()
    x = series(2, 6, 4)
    for form in (content, bytearray(content), memoryview(content)):
        assert np.array_equal(liblstm.load_bytes(form).predict(x), basic.predict(x))
    with pytest.raises(liblstm.FormatError):
        liblstm.load_bytes(b"not a model")
    with pytest.raises(liblstm.LSTMError):
        liblstm.load_bytes(b"")
    with pytest.raises(liblstm.ArgumentError):
        liblstm.load_bytes("text")


def test_errors_are_ours_and_Pythons_own_kind(tmp_path):
    (tmp_path / "text.h5").write_text("not a model")
    for path, ours, pythons in ((tmp_path / "none.h5", liblstm.FileError, OSError), (tmp_path, liblstm.FileError, OSError),
                                (tmp_path / "text.h5", liblstm.FormatError, ValueError), (None, liblstm.ArgumentError, ValueError),
                                (3.5, liblstm.ArgumentError, ValueError), ("a\0b", liblstm.ArgumentError, ValueError)):
        with pytest.raises(ours) as caught:
            liblstm.load(path)
        assert isinstance(caught.value, pythons) and isinstance(caught.value, liblstm.LSTMError)
        assert caught.value.status < 0 and len(str(caught.value)) > 12


def test_each_status_has_its_class():
    from liblstm._errors import error_of
    kinds = [liblstm.ArgumentError, liblstm.HandleError, liblstm.LSTMMemoryError, liblstm.FileError, liblstm.FormatError,
             liblstm.UnsupportedError, liblstm.ShapeError, liblstm.StateError, liblstm.SmallBufferError, liblstm.InternalError]
    for number, kind in enumerate(kinds, 1):
        error = error_of(-number, "a sentence")
        assert type(error) is kind and error.status == -number and str(error) == "a sentence"
        again = pickle.loads(pickle.dumps(error))
        assert type(again) is kind and again.status == -number and str(again) == "a sentence"
    assert type(error_of(-99, "new")) is liblstm.LSTMError and error_of(-99, "new").status == -99


def test_a_path_may_be_bytes_or_a_path_and_have_any_letters(tmp_path):
    name = tmp_path / "modèle 模型.h5"
    shutil.copy(model_path("lstm_basic"), name)
    for form in (name, str(name), os.fsencode(name)):
        assert liblstm.load(form).parameters == 416


def test_check_file_says_whether_a_file_would_load(tmp_path):
    report = liblstm.check_file(model_path("lstm_basic"))
    assert report.loads and str(report) == report.text and len(report.text) > 12
    (tmp_path / "text.h5").write_text("not a model")
    assert not liblstm.check_file(tmp_path / "text.h5").loads
    with pytest.raises(liblstm.FileError):
        liblstm.check_file(tmp_path / "none.h5")


def test_a_closed_model_says_so():
    with liblstm.load(model_path("lstm_basic")) as model:
        x = series(1, 6, 4)
        model.predict(x)
    for call in (lambda: model.predict(x), lambda: model.trace(x), model.stream, model.summary, model.reset_states,
                 lambda: model.weights["lstm/bias"], lambda: model.load_weights("x"), lambda: pickle.dumps(model)):
        with pytest.raises(liblstm.HandleError, match="closed"):
            call()
    model.close()
    assert model.closed and "closed" in repr(model) and model.parameters == 416


def test_what_is_no_longer_used_is_freed(monkeypatch):
    model = liblstm.load(model_path("lstm_basic"))
    model.predict(series(1, 6, 4))
    handle = weakref.ref(model._handle)
    del model
    gc.collect()
    assert handle() is None


@pytest.mark.parametrize("make", [copy.deepcopy, copy.copy, lambda model: pickle.loads(pickle.dumps(model))])
def test_a_copy_has_the_weights_of_the_moment_and_its_own_life(basic, make):
    x = series(2, 6, 4)
    assert np.array_equal(make(basic).predict(x), basic.predict(x))
    basic.weights["lstm/bias"] = np.ones(32)
    twin = make(make(basic))
    y = basic.predict(x)
    assert np.array_equal(twin.predict(x), y)
    basic.weights["lstm/bias"] = np.zeros(32)
    assert np.array_equal(twin.predict(x), y)


def test_a_model_whose_file_changed_is_not_copied_from_it(tmp_path):
    path = shutil.copy(model_path("lstm_basic"), tmp_path / "model.h5")
    model = liblstm.load(path)
    pickle.dumps(model)
    os.utime(path, (1, 1))
    with pytest.raises(liblstm.StateError, match="changed"):
        pickle.dumps(model)


def predict(model, x):
    return model.predict(x, threads=2)


@pytest.mark.parametrize("method", ["fork", "spawn"])
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_models_work_in_child_processes(basic, method, monkeypatch):
    from conftest import BINDING
    monkeypatch.setenv("PYTHONPATH", str(BINDING))
    monkeypatch.setenv("LIBLSTM_PATH", liblstm.library_path())
    x = series(9, 6, 4)
    with multiprocessing.get_context(method).Pool(2) as pool:
        for y in pool.starmap(predict, [(basic, x)] * 3):
            assert np.array_equal(y, basic.predict(x))


def test_a_handle_made_before_a_fork_works_in_the_child(basic, stateful):
    x, z = series(9, 6, 4), series(3, 4, 2)
    y = basic.predict(x, threads=2)
    stream = basic.stream()
    first = stateful.predict(z)
    child = os.fork()
    if child == 0:
        fine = False
        try:
            stateful.reset_states()
            stream.step(x[0, 0])
            fine = np.array_equal(basic.predict(x, threads=2), y) and np.array_equal(stateful.predict(z), first)
        finally:
            os._exit(0 if fine else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
