"""Traces: the gates of a layer over a sequence obey the layer's equations."""
import gc
import sys

import liblstm
import numpy as np
import pytest
from conftest import model_path, series

LSTM = ["input", "forget", "candidate", "output_gate", "cell", "output"]


@pytest.mark.parametrize("precision, limit", [("float32", 1e-6), ("float64", 1e-14)])
def test_cell_and_output_follow_from_the_gates(basic, precision, limit):
    trace = basic.trace(series(3, 6, 4), precision=precision)
    assert list(trace) == LSTM and len(trace) == 6 and all(s.shape == (3, 6, 8) and s.dtype == precision for s in trace.values())
    before = np.concatenate([np.zeros((3, 1, 8)), trace.cell[:, :-1]], axis=1)
    np.testing.assert_allclose(trace.cell, trace.forget * before + trace.input * trace.candidate, atol=limit)
    np.testing.assert_allclose(trace.output, trace.output_gate * np.tanh(trace.cell), atol=limit)


def test_the_gates_follow_from_the_weights(basic):
    x = series(2, 6, 4).astype(np.float64)
    kernel, recurrent, bias = (basic.weights["lstm/" + name].astype(np.float64) for name in ("kernel", "recurrent_kernel", "bias"))
    trace = basic.trace(x, precision="float64")
    before = np.concatenate([np.zeros((2, 1, 8)), trace.output[:, :-1]], axis=1)
    i, f, c, o = np.split(x @ kernel + before @ recurrent + bias, 4, axis=-1)
    for found, wanted in ((trace.input, 1 / (1 + np.exp(-i))), (trace.forget, 1 / (1 + np.exp(-f))), (trace.candidate, np.tanh(c)),
                          (trace.output_gate, 1 / (1 + np.exp(-o)))):
        np.testing.assert_allclose(found, wanted, atol=1e-12)


def test_the_last_output_is_the_models(basic):
    x = series(3, 6, 4)
    assert np.array_equal(basic.trace(x).output[:, -1], basic.predict(x))


def test_the_layer_may_be_named_and_is_the_first_recurrent_one_otherwise(whole):
    x = series(2, 5, 4)
    named = whole.trace(x, layer="lstm")
    assert whole.trace(x).layer == named.layer == "lstm"
    with pytest.raises(liblstm.ArgumentError, match="lstm"):
        whole.trace(x, layer="nonsense")
    with pytest.raises(liblstm.ArgumentError):
        whole.trace(x, layer=3)


def test_both_directions_have_their_series():
    trace = liblstm.load(model_path("bilstm_concat")).trace(series(2, 6, 4))
    assert sorted(trace) == sorted("%s/%s" % (d, s) for d in ("forward", "backward") for s in LSTM)
    model = liblstm.load(model_path("bilstm_concat"))
    both = np.concatenate([trace["forward/output"], trace["backward/output"]], axis=-1)
    assert np.array_equal(model.predict(series(2, 6, 4)), both)


def test_a_trace_leaves_the_state_of_a_stateful_model_alone(stateful):
    x = series(3, 4, 2)
    stateful.predict(x)
    first = stateful.trace(x)
    second = stateful.predict(x)
    stateful.reset_states()
    stateful.predict(x)
    assert np.array_equal(stateful.predict(x), second)
    assert np.array_equal(stateful.trace(x).cell, first.cell)


def test_series_outlive_the_trace_and_the_model_and_are_read_only():
    trace = liblstm.load(model_path("lstm_basic")).trace(series(50, 6, 4))
    cell = trace["cell"]
    kept = cell.copy()
    del trace
    gc.collect()
    liblstm.load(model_path("lstm_basic")).trace(series(50, 6, 4, seed=9))
    assert np.array_equal(cell, kept)
    with pytest.raises(ValueError):
        cell[0] = 0


def test_an_unknown_series_is_refused_with_the_known_ones(basic):
    trace = basic.trace(series(1, 6, 4))
    with pytest.raises(liblstm.UnknownNameError, match="forget"):
        trace["gate"]
    with pytest.raises(AttributeError, match="forget"):
        trace.gate
    assert trace.get("gate") is None and "forget" in dir(trace) and "'lstm'" in repr(trace)


def test_wrong_shapes_are_refused(basic):
    with pytest.raises(liblstm.ShapeError):
        basic.trace(series(3, 6, 5))


def test_plot_draws_one_panel_for_each_series_in_the_right_scale(basic, tmp_path):
    pytest.importorskip("matplotlib")
    path = tmp_path / "gates.png"
    figure = basic.trace(series(2, 6, 4)).plot(path, row=1, units=[5, 0, 7], title="Gates of a test")
    assert path.read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"
    panels = [axis for axis in figure.axes if axis.images]
    assert [axis.get_title(loc="left") for axis in panels] == ["input gate", "forget gate", "candidate", "output gate", "cell",
                                                               "output"]
    assert all(axis.images[0].get_array().shape == (3, 6) for axis in panels)
    scales = [axis.images[0].get_clim() for axis in panels]
    assert scales[0] == scales[1] == scales[3] == (0, 1) and scales[2] == (-1, 1) and scales[4][0] == -scales[4][1]
    assert len(figure.axes) == 12 and panels[-1].get_xlabel() == "step"


@pytest.mark.parametrize("options, word", [({"row": 2}, "row"), ({"row": "a"}, "row"), ({"units": [8]}, "units"), ({"units": 0}, "units")])
def test_plot_refuses_rows_and_units_that_are_not_there(basic, options, word):
    pytest.importorskip("matplotlib")
    with pytest.raises(liblstm.ArgumentError, match=word):
        basic.trace(series(2, 6, 4)).plot(**options)


def test_plot_reports_a_picture_that_cannot_be_written(basic, tmp_path):
    pytest.importorskip("matplotlib")
    trace = basic.trace(series(2, 6, 4))
    with pytest.raises(liblstm.FileError, match="picture"):
        trace.plot(tmp_path / "no folder" / "x.png")
    with pytest.raises(liblstm.ArgumentError, match="picture"):
        trace.plot(tmp_path / "x.docx")


def test_plot_without_matplotlib_says_what_to_install(basic, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(liblstm.MissingPackageError, match="pip install matplotlib"):
        basic.trace(series(2, 6, 4)).plot()
