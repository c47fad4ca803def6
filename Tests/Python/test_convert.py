"""The converter: files of torch.save without PyTorch, none of whose code runs; ONNX' recurrent nodes without ONNX."""
from __future__ import annotations

import collections
import io
import os
import pickle
import subprocess
import sys
import types
import zipfile

import h5py
import numpy as np
import pytest

import liblstm
from conftest import FIXTURES, MANIFEST, ROOT, listed, series
from liblstm.convert import convert
from liblstm.convert.graph import Graph
from liblstm.convert.onnx_recurrent import LSTM_ORDER, PEEPHOLE_ORDER, Node
from liblstm.convert.writing import Converted, write

sys.path.insert(0, str(ROOT / "Tests" / "Exchange"))
import reference  # noqa: E402

CASES = {case["case"]: case for case in MANIFEST["torch"]}


class Storage:
    """What stands for a tensor's numbers in a pickle of torch.save."""

    def __init__(self, key, array, kind):
        self.key, self.array, self.kind = key, array, kind


class Tensor:
    """A tensor as torch.save pickles it."""

    def __init__(self, key, array, kind="FloatStorage", offset=0, size=None, stride=None):
        self.storage = Storage(key, array, kind)
        self.offset, self.size = offset, tuple(array.shape) if size is None else size
        self.stride = tuple(n // array.itemsize for n in array.strides) if stride is None else stride

    def __reduce__(self):
        return sys.modules["torch._utils"]._rebuild_tensor_v2, (self.storage, self.offset, self.size, self.stride, False, collections.OrderedDict())


@pytest.fixture
def torch(monkeypatch):
    """Names of PyTorch that a pickle refers to, without PyTorch."""
    module, utils = types.ModuleType("torch"), types.ModuleType("torch._utils")
    for name in ("FloatStorage", "DoubleStorage", "HalfStorage", "BFloat16Storage", "LongStorage"):
        kind = type(name, (), {"__module__": "torch", "__qualname__": name})
        setattr(module, name, kind)

    def rebuild(*_):
        raise AssertionError("the converter ran PyTorch")
    rebuild.__module__, rebuild.__qualname__, rebuild.__name__ = "torch._utils", "_rebuild_tensor_v2", "_rebuild_tensor_v2"
    utils._rebuild_tensor_v2 = rebuild
    monkeypatch.setitem(sys.modules, "torch", module)
    monkeypatch.setitem(sys.modules, "torch._utils", utils)
    return module


def save(torch, path, value, **changes):
    """Writes what torch.save writes since 1.6."""
    storages = {}

    class Pickler(pickle.Pickler):
        def persistent_id(self, it):
            if isinstance(it, Storage):
                storages[it.key] = it.array
                return "storage", getattr(torch, it.kind), it.key, "cpu", it.array.size
            return None
    file = io.BytesIO()
    Pickler(file, 2).dump(value)
    with zipfile.ZipFile(path, "w", changes.get("compression", zipfile.ZIP_STORED)) as archive:
        archive.writestr("model/data.pkl", changes.get("pickle", file.getvalue()))
        archive.writestr("model/byteorder", changes.get("byteorder", "little"))
        for key, array in storages.items():
            if key not in changes.get("without", ()):
                archive.writestr("model/data/%s" % key, array.tobytes()[:changes.get("cut")])
        archive.writestr("model/version", "3\n")
    return str(path)


def state_dict(name):
    case = CASES[name]
    with h5py.File(FIXTURES / case["files"][0]["file"], "r") as file:
        arrays = {key: file[key][()] for key in case["parameters"]}
    kinds = {"f4": "FloatStorage", "f2": "HalfStorage", "u2": "BFloat16Storage", "i8": "LongStorage"}
    state = collections.OrderedDict()
    for n, (key, array) in enumerate(arrays.items()):
        state[key] = Tensor(str(n), np.ascontiguousarray(array).reshape(array.shape), kinds[array.dtype.str[1:]])
    return case, state


def wanted(case):
    with h5py.File(FIXTURES / case["expected"], "r") as file:
        x = file["input"][()] if "input" in file else file["input_0"][()]
        y = file["float64"]["output"][()] if "output" in file["float64"] else file["float64"]["output_0"][()]
    return x, y


@pytest.mark.parametrize("ending", [".safetensors", ".h5"])
@pytest.mark.parametrize("name", ["t_lstm_2layer", "t_lstm_nobias", "t_gru_bi2", "t_rnn_tanh", "t_lstm_half", "t_gru_bfloat16", "t_lstm_bi_proj2"])
def test_a_state_dict_converts_and_gives_what_torch_computed(name, ending, torch, tmp_path):
    case, state = state_dict(name)
    model = convert(save(torch, tmp_path / "model.pt", state), tmp_path / ("model" + ending))
    x, y = wanted(case)
    major = not case["architecture"]["rnn"].get("batch_first")
    found = model.predict(x.swapaxes(0, 1) if major else x, precision="float64")
    assert np.abs((found.swapaxes(0, 1) if major else found) - y).max() < 1e-9
    assert "Assumed" in model.summary() and "torch.save" in model.writer


@pytest.mark.parametrize("wrap", [lambda s: {"state_dict": s, "epoch": 3}, lambda s: {"epoch": 1, "nested": {"model": s}},
                                  lambda s: {"optimizer": {"state": [1, 2]}, "net": s}])
def test_the_state_dict_of_a_checkpoint_is_found(wrap, torch, tmp_path):
    _, state = state_dict("t_lstm_nobias")
    assert convert(save(torch, tmp_path / "model.pth", wrap(state)), tmp_path / "model.safetensors").weights


def test_an_architecture_may_be_given(torch, tmp_path):
    import json
    case, state = state_dict("t_rnn_relu_bi2")
    source = save(torch, tmp_path / "model.pt", state)
    model = convert(source, tmp_path / "model.safetensors", json.dumps(case["architecture"]))
    x, y = wanted(case)
    assert np.abs(listed(model.predict(x, precision="float64"))[0] - y).max() < 1e-9
    with pytest.raises(liblstm.ArgumentError, match="JSON"):
        convert(source, tmp_path / "model.safetensors", "{")


def test_views_of_one_storage_are_their_own_tensors(torch, tmp_path):
    storage = np.arange(40, dtype="f4")
    state = {"fc.weight": Tensor("0", storage, size=(2, 3), stride=(1, 2), offset=5), "fc.bias": Tensor("1", storage, size=(2,), stride=(1,), offset=0)}
    model = convert(save(torch, tmp_path / "model.pt", state), tmp_path / "model.safetensors")
    np.testing.assert_array_equal(model.weights["fc/kernel"], np.array([[5, 7, 9], [6, 8, 10]], "f4").T)


class Evil:
    """Runs code when an ordinary unpickler meets it."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.system, ("touch '%s'" % self.path,)


@pytest.mark.parametrize("wrap", [lambda e: e, lambda e: {"a": e}, lambda e: [e], lambda e: {"state_dict": {"x": e}}])
def test_no_code_of_a_pickle_runs(wrap, torch, tmp_path):
    path = save(torch, tmp_path / "model.pt", wrap(Evil(tmp_path / "ran")))
    with pytest.raises(liblstm.UnsupportedError, match="system"):
        convert(path, tmp_path / "model.safetensors")
    assert not (tmp_path / "ran").exists() and not (tmp_path / "model.safetensors").exists()


@pytest.mark.parametrize("code", [b"cbuiltins\neval\n.", b"cos\nsystem\n.", b"c__builtin__\nexec\n.", b"cnumpy\nload\n.", b"ctorch\nload\n.",
                                  b"ctorch._utils\n_rebuild_device_tensor_from_numpy\n.", b"c__main__\nNet\n."])
def test_names_of_programs_are_refused(code, torch, tmp_path):
    path = save(torch, tmp_path / "model.pt", {}, pickle=code)
    with pytest.raises(liblstm.UnsupportedError, match="state_dict"):
        convert(path, tmp_path / "model.safetensors")


@pytest.mark.parametrize("change", [{"cut": 5}, {"without": ["0"]}, {"compression": zipfile.ZIP_DEFLATED}, {"byteorder": "big"}, {"pickle": b""},
                                    {"pickle": b"\x80\x02."}, {"pickle": b"\x80\x02}."}], ids=str)
def test_damaged_archives_are_refused(change, torch, tmp_path):
    _, state = state_dict("t_lstm")
    with pytest.raises(liblstm.LSTMError):
        convert(save(torch, tmp_path / "model.pt", state, **change), tmp_path / "model.safetensors")
    assert os.listdir(tmp_path) == ["model.pt"]


@pytest.mark.parametrize("tensor", [dict(size=(1 << 40, 1 << 20), stride=(0, 0)), dict(size=(4,), stride=(100,)), dict(size=(4,), stride=(-1,)),
                                    dict(size=(4,), stride=()), dict(offset=39, size=(2,), stride=(1,)), dict(offset=-1, size=(2,), stride=(1,)),
                                    dict(size=(1 << 62, 4), stride=(0, 0))], ids=str)
def test_tensors_beyond_their_storage_are_refused(tensor, torch, tmp_path):
    state = {"fc.weight": Tensor("0", np.zeros(40, "f4"), **tensor)}
    with pytest.raises(liblstm.FormatError):
        convert(save(torch, tmp_path / "model.pt", state), tmp_path / "model.safetensors")


@pytest.mark.parametrize("content, words", [(b"", "neither"), (b"hello world", "neither"), (b"\x80\x02}q\x00.", "1.6"), (b"PK\x03\x04broken", "damaged"),
                                            (b"{}", "needs no conversion")])
def test_other_files_are_refused(content, words, tmp_path):
    (tmp_path / "model.pt").write_bytes(content)
    with pytest.raises(liblstm.LSTMError, match=words):
        convert(tmp_path / "model.pt", tmp_path / "model.safetensors")


def test_targets_and_missing_files_are_named(tmp_path):
    with pytest.raises(liblstm.ArgumentError, match="safetensors or .h5"):
        convert(tmp_path / "a.pt", tmp_path / "b.xyz")
    with pytest.raises(liblstm.FileError, match="a.pt"):
        convert(tmp_path / "a.pt", tmp_path / "b.h5")


def test_the_command_converts(torch, tmp_path, environment):
    _, state = state_dict("t_lstm_nobias")
    source = save(torch, tmp_path / "model.pt", state)
    command = [sys.executable, "-m", "liblstm", "convert", source, str(tmp_path / "model.safetensors")]
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "Assumed" in done.stdout and (tmp_path / "model.safetensors").exists()
    done = subprocess.run(command[:4] + [str(tmp_path / "none.pt"), command[-1]], env=environment, capture_output=True, text=True)
    assert done.returncode == 1 and "none.pt" in done.stderr


def test_without_the_package_onnx_a_sentence_says_so(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "onnx", None)
    (tmp_path / "model.onnx").write_bytes(b"\x08\x08\x12\x04test")
    with pytest.raises(liblstm.MissingPackageError, match="pip install onnx"):
        convert(tmp_path / "model.onnx", tmp_path / "model.safetensors")


I, H, N, T = 3, 5, 4, 6


def onnx_arrays(kind, directions, bias=True, peepholes=False, seed=4):
    random = np.random.default_rng(seed)
    wide = {"RNN": 1, "GRU": 3, "LSTM": 4}[kind] * H

    def made(*shape):
        return random.uniform(-0.8, 0.8, (directions,) + shape).astype("f4")
    return [made(wide, I), made(wide, H), made(2 * wide) if bias else None, made(3 * H) if peepholes else None]


@pytest.mark.parametrize("kind, attributes, bias, peepholes", [
    ("LSTM", {}, True, False), ("LSTM", {}, False, False), ("LSTM", {"clip": 0.3}, True, True), ("LSTM", {"input_forget": 1}, True, True),
    ("LSTM", {"activations": ["Sigmoid", "Relu", "Softsign"]}, True, False), ("GRU", {"linear_before_reset": 1}, True, False),
    ("GRU", {"linear_before_reset": 0, "clip": 0.25}, True, False), ("GRU", {}, False, False), ("RNN", {"activations": ["Relu"]}, True, False),
    ("RNN", {"clip": 0.4}, True, False)], ids=str)
@pytest.mark.parametrize("direction", ["forward", "reverse", "bidirectional"])
def test_recurrent_nodes_give_what_onnx_says(kind, attributes, bias, peepholes, direction, tmp_path):
    """The equations of ONNX' operators, gate by gate in ONNX' own order."""
    directions = 2 if direction == "bidirectional" else 1
    arrays = onnx_arrays(kind, directions, bias, peepholes)
    attributes = dict(attributes, direction=direction, hidden_size=H)
    if "activations" in attributes:
        attributes["activations"] = attributes["activations"] * directions
    node = Node("node", kind, attributes, arrays)
    graph = Graph()
    x = graph.input("x", [None, None, I], "float32")
    output, h, c = node.add(graph, x, None, [], [])
    import json
    write(Converted(graph.arrays, {"architecture": json.dumps(graph.model([x], [output] + h + c))}), str(tmp_path / "m.safetensors"))
    model = liblstm.load(str(tmp_path / "m.safetensors"))
    batch = series(N, T, I)
    found = model.predict(batch, precision="float64")
    sequences, states = [], []
    for n in range(directions):
        backwards = n == 1 or direction == "reverse"
        y, last = by_onnx(kind, attributes, [None if a is None else a[n].astype("f8") for a in arrays], batch[:, ::-1] if backwards else batch)
        sequences.append(y[:, ::-1] if backwards else y)
        states.append(last)
    assert np.abs(found[0] - np.concatenate(sequences, -1)).max() < 1e-12
    for place, wanted_state in enumerate([s[0] for s in states] + [s[1] for s in states if kind == "LSTM"]):
        assert np.abs(found[1 + place] - wanted_state).max() < 1e-12


def by_onnx(kind, attributes, arrays, x):
    w, r, b, p = arrays
    functions = {"Sigmoid": "sigmoid", "Tanh": "tanh", "Relu": "relu", "Softsign": "softsign"}
    usual = {"RNN": ["Tanh"], "GRU": ["Sigmoid", "Tanh"], "LSTM": ["Sigmoid", "Tanh", "Tanh"]}[kind]
    f = [reference.FUNCTIONS[functions[name]] for name in (attributes.get("activations") or usual)[:len(usual)]]
    limit = attributes.get("clip") or np.inf

    def clip(a):
        return np.clip(a, -limit, limit)
    wide = w.shape[0]
    wb, rb = (np.zeros(wide), np.zeros(wide)) if b is None else np.split(b, 2)
    h, c, ys = np.zeros((x.shape[0], H)), np.zeros((x.shape[0], H)), []
    for t in range(x.shape[1]):
        gx, gh = x[:, t].astype("f8") @ w.T + wb, h @ r.T + rb
        if kind == "RNN":
            h = f[0](clip(gx + gh))
        elif kind == "GRU":  # z, r, h
            z = f[0](clip(gx[:, :H] + gh[:, :H]))
            reset = f[0](clip(gx[:, H:2 * H] + gh[:, H:2 * H]))
            inner = reset * gh[:, 2 * H:] if attributes.get("linear_before_reset") else (reset * h) @ r[2 * H:].T + rb[2 * H:]
            h = (1 - z) * f[1](clip(gx[:, 2 * H:] + inner)) + z * h
        else:  # i, o, f, c; peepholes i, o, f
            i, o, forget, g = np.split(gx + gh, 4, -1)
            pi, po, pf = np.split(p, 3) if p is not None else (0, 0, 0)
            i = f[0](clip(i + pi * c))
            forget = 1 - i if attributes.get("input_forget") else f[0](clip(forget + pf * c))
            c = forget * c + i * f[1](clip(g))
            h = f[0](clip(o + po * c)) * f[2](c)
        ys.append(h)
    return np.stack(ys, 1), (h, c)


def test_the_orders_of_gates_are_permutations():
    assert sorted(LSTM_ORDER) == [0, 1, 2, 3] and sorted(PEEPHOLE_ORDER) == [0, 1, 2]


@pytest.mark.parametrize("attributes, words", [({"direction": "sideways"}, "sideways"), ({"activations": ["ScaledTanh"] * 3}, "ScaledTanh"),
                                               ({"activations": ["Tanh"]}, "activations"), ({"hidden_size": 9}, "shape"), ({"odd": 1}, "odd")])
def test_nodes_that_make_no_sense_are_refused(attributes, words):
    with pytest.raises(liblstm.LSTMError, match=words):
        Node("node", "LSTM", dict({"hidden_size": H}, **attributes), onnx_arrays("LSTM", 1))
