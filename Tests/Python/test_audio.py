"""Models of audio programs: RTNeural, AIDA-X, GuitarML and NAM give what the plain reference gives, and nonsense is refused."""
from __future__ import annotations

import copy
import json

import numpy as np
import pytest

import liblstm
from conftest import ROOT

FOLDER = ROOT / "Tests" / "Exchange" / "audio"
EXPECTED = json.loads((FOLDER / "expected.json").read_text())
FORMATS = {"rtneural.json": "RTNeural", "mono.aidax": "AIDA-X", "knobs.json": "AIDA-X", "proteus.json": "GuitarML", "gru.json": "GuitarML",
           "rnn.json": "GuitarML", "lstm.nam": "NAM", "wide.nam": "NAM"}


@pytest.mark.parametrize("name", list(EXPECTED))
def test_the_numbers_are_those_of_the_reference(name):
    model = liblstm.load(str(FOLDER / name))
    assert FORMATS[name] in model.format
    x, y = np.asarray(EXPECTED[name]["x"], "f4"), np.asarray(EXPECTED[name]["y"])
    # AIDA-X' gains are single-precision numbers in every precision.
    assert np.abs(model.predict(x, precision="float64") - y).max() < 1e-9
    assert np.abs(model.predict(x) - y).max() < 1e-5


@pytest.mark.parametrize("name", list(EXPECTED))
def test_a_live_signal_gives_the_same_bits(name):
    model = liblstm.load(str(FOLDER / name))
    x = np.asarray(EXPECTED[name]["x"], "f4")
    whole = model.predict(x)[0]
    with model.stream() as stream:
        for _ in range(2):
            np.testing.assert_array_equal([np.asarray(stream.step(step)).ravel() for step in x[0]], whole)
            stream.reset()  # a NAM model goes back to its stored state, not to zeros


@pytest.mark.parametrize("name", list(EXPECTED))
def test_what_it_is_its_content_tells_and_the_report_says(name, tmp_path):
    (tmp_path / "model.bin").write_text("\n  " + (FOLDER / name).read_text())
    report = liblstm.check_file(str(tmp_path / "model.bin"))
    assert report.loads and FORMATS[name] in str(report)


def changed(name, tmp_path, *path, value=None, remove=False):
    model = json.loads((FOLDER / name).read_text())
    place = model
    for key in path[:-1]:
        place = place[key]
    if remove:
        del place[path[-1]]
    else:
        place[path[-1]] = value
    target = tmp_path / "model.json"
    target.write_text(json.dumps(model))
    return str(target)


@pytest.mark.parametrize("name, path, value, words", [
    ("lstm.nam", ["architecture"], "WaveNet", "WaveNet"), ("lstm.nam", ["config", "hidden_size"], 4, "weights"),
    ("lstm.nam", ["config", "hidden_size"], -1, "hidden_size"), ("lstm.nam", ["config", "num_layers"], 10 ** 9, "num_layers"),
    ("lstm.nam", ["weights"], [1, "x"], "number"), ("lstm.nam", ["weights"], {}, "weights"),
    ("proteus.json", ["model_data", "unit_type"], "TCN", "TCN"), ("proteus.json", ["model_data", "model"], "RecNet", "RecNet"),
    ("proteus.json", ["model_data", "hidden_size"], 40, "hidden_size"), ("proteus.json", ["model_data", "skip"], 2, "skip"),
    ("proteus.json", ["state_dict", "rec.bias_hh_l0"], [1.0], "bias_hh_l0"), ("proteus.json", ["state_dict", "conv.weight"], [1.0], "conv.weight"),
    ("proteus.json", ["state_dict", "lin.weight"], [[1, 2], [3]], "lin.weight"),
    ("rtneural.json", ["layers", 0, "type"], "conv2d", "conv2d"), ("rtneural.json", ["layers", 0, "activation"], "wavy", "wavy"),
    ("rtneural.json", ["layers", 4, "weights"], [[1.0]], "gru"), ("rtneural.json", ["layers", 5, "shape"], [None, None, 9], "lstm"),
    ("rtneural.json", ["in_shape"], [None, None, "x"], "in_shape"), ("rtneural.json", ["layers"], [], "layers"),
    ("mono.aidax", ["in_skip"], 2, "in_skip"), ("mono.aidax", ["out_gain"], "loud", "out_gain"), ("mono.aidax", ["out_gain"], 1e9, "out_gain"),
])
def test_what_does_not_fit_is_refused_by_name(name, path, value, words, tmp_path):
    with pytest.raises(liblstm.LSTMError, match=words):
        liblstm.load(changed(name, tmp_path, *path, value=value))


@pytest.mark.parametrize("text, words", [("{}", "keys"), ('{"a": 1}', "a"), ('{"layers": 1', "JSON"), ('{"class_name": "Sequential"}', "weights"),
                                         ("{" * 100000, "nested")])
def test_other_json_is_refused_and_named(text, words, tmp_path):
    (tmp_path / "model.json").write_text(text)
    with pytest.raises(liblstm.LSTMError, match=words):
        liblstm.load(str(tmp_path / "model.json"))


def leaves(value, path=()):
    if isinstance(value, dict):
        for key in value:
            yield from leaves(value[key], path + (key,))
    elif isinstance(value, list):
        for key in range(min(len(value), 3)):
            yield from leaves(value[key], path + (key,))
    yield path


@pytest.mark.parametrize("name", list(EXPECTED))
def test_any_part_replaced_by_nonsense_never_harms(name, tmp_path):
    model = json.loads((FOLDER / name).read_text())
    target = tmp_path / "model.json"
    for path in [path for path in leaves(model) if path]:
        for nonsense in (None, -1, 1 << 62, "x", [], {}, [[]], True, 1e300):
            other = copy.deepcopy(model)
            place = other
            for key in path[:-1]:
                place = place[key]
            place[path[-1]] = nonsense
            target.write_text(json.dumps(other))
            try:
                liblstm.load(str(target))
            except liblstm.LSTMError as error:
                assert len(str(error)) > 12
