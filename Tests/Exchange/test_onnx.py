"""ONNX models, converted, give what onnxruntime computes (`make test-exchange`; it needs onnx and onnxruntime)."""
from __future__ import annotations

import itertools
import sys
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "bindings" / "python"))

import onnx  # noqa: E402
import onnxruntime  # noqa: E402
from onnx import TensorProto, helper, numpy_helper  # noqa: E402

import liblstm  # noqa: E402
from liblstm.convert import convert  # noqa: E402

FLOAT, INT32, INT64 = TensorProto.FLOAT, TensorProto.INT32, TensorProto.INT64
I, H, N, T = 3, 5, 4, 6
GATES = {"RNN": 1, "GRU": 3, "LSTM": 4}


class Builder:
    """An ONNX graph, node by node."""

    def __init__(self, seed=3):
        self.random = np.random.default_rng(seed)
        self.nodes, self.tensors, self.inputs = [], [], []

    def constant(self, array, name=None):
        name = name or "c%d" % len(self.tensors)
        self.tensors.append(numpy_helper.from_array(np.asarray(array), name))
        return name

    def numbers(self, *shape):
        return self.constant(self.random.uniform(-0.8, 0.8, shape).astype("f4"))

    def input(self, name, shape, kind=FLOAT):
        self.inputs.append(helper.make_tensor_value_info(name, kind, shape))
        return name

    def add(self, kind, inputs, outputs=1, **attributes):
        names = ["v%d_%d" % (len(self.nodes), n) for n in range(outputs)]
        self.nodes.append(helper.make_node(kind, inputs, names, name="%s_%d" % (kind.lower(), len(self.nodes)), **attributes))
        return names if outputs > 1 else names[0]

    def recurrent(self, kind, x, inputs=I, bias=True, peepholes=False, lengths="", h="", c="", outputs=None, **attributes):
        d = 2 if attributes.get("direction") == "bidirectional" else 1
        g = GATES[kind] * H
        given = [x, self.numbers(d, g, inputs), self.numbers(d, g, H), self.numbers(d, 2 * g) if bias else "", lengths, h]
        if kind == "LSTM":
            given += [c, self.numbers(d, 3 * H) if peepholes else ""]
        while given and not given[-1]:
            given.pop()
        return self.add(kind, given, outputs or (3 if kind == "LSTM" else 2), hidden_size=H, **attributes)

    def check(self, tmp_path, outputs, feeds, steps_first=None, precise=3e-6, opset=17):
        """Converts, runs both, compares; feeds of lengths are given as onnxruntime takes them."""
        ports = [helper.make_tensor_value_info(name, FLOAT, None) for name in outputs]
        graph = helper.make_graph(self.nodes, "test", self.inputs, ports, self.tensors)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], producer_name="test", ir_version=8)
        onnx.save(model, str(tmp_path / "model.onnx"))
        session = onnxruntime.InferenceSession(str(tmp_path / "model.onnx"), providers=["CPUExecutionProvider"])
        wanted = session.run(outputs, feeds)
        given = [a.reshape(-1, 1) if a.ndim == 1 else a for a in feeds.values()]
        for ending in (".safetensors", ".h5"):
            ours = convert(tmp_path / "model.onnx", tmp_path / ("model" + ending))
            found = ours.predict(given if len(given) > 1 else given[0])
            found = found if isinstance(found, list) else [found]
            assert len(found) == len(wanted)
            for one, other in zip(found, wanted):
                assert one.shape == other.shape
                assert np.abs(one - other).max() < precise
        return ours


def series(*shape, seed=1):
    return np.random.default_rng(seed).standard_normal(shape).astype("f4")


# onnxruntime does not implement layout 1, which the test after this one holds against layout 0.
@pytest.mark.parametrize("kind, direction", list(itertools.product(GATES, ["forward", "reverse", "bidirectional"])))
def test_every_direction_and_output(kind, direction, tmp_path):
    b = Builder()
    outputs = b.recurrent(kind, b.input("x", [None, None, I]), direction=direction)
    b.check(tmp_path, outputs, {"x": series(T, N, I)})


@pytest.mark.parametrize("kind, direction", list(itertools.product(GATES, ["forward", "reverse", "bidirectional"])))
def test_layout_1_is_layout_0_turned(kind, direction, tmp_path):
    found = []
    for layout in (0, 1):
        b = Builder()
        outputs = b.recurrent(kind, b.input("x", [None, None, I]), direction=direction, layout=layout)
        ports = [helper.make_tensor_value_info(name, FLOAT, None) for name in outputs]
        graph = helper.make_graph(b.nodes, "test", b.inputs, ports, b.tensors)
        onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), str(tmp_path / "model.onnx"))
        model = convert(tmp_path / "model.onnx", tmp_path / "model.safetensors")
        x = series(T, N, I)
        found.append(model.predict(x if layout == 0 else x.swapaxes(0, 1)))
    np.testing.assert_array_equal(found[0][0].transpose(2, 0, 1, 3), found[1][0])
    for one, other in zip(found[0][1:], found[1][1:]):
        np.testing.assert_array_equal(one.transpose(1, 0, 2), other)


@pytest.mark.parametrize("options", [
    {"peepholes": True}, {"clip": 0.3}, {"input_forget": 1}, {"peepholes": True, "clip": 0.4, "input_forget": 1}, {"bias": False},
    {"activations": ["Sigmoid", "Relu", "Tanh"]}, {"activations": ["Sigmoid", "Tanh", "Softsign"]},
    {"activations": ["HardSigmoid", "Tanh", "Tanh"], "activation_alpha": [0.2], "activation_beta": [0.5]},
], ids=str)
@pytest.mark.parametrize("direction", ["forward", "bidirectional"])
def test_options_of_lstm(options, direction, tmp_path):
    b = Builder()
    options = dict(options)
    if direction == "bidirectional" and "activations" in options:
        options["activations"] = options["activations"] * 2
        for key in ("activation_alpha", "activation_beta"):
            if key in options:
                options[key] = options[key] * 2
    outputs = b.recurrent("LSTM", b.input("x", [None, None, I]), direction=direction, **options)
    b.check(tmp_path, outputs, {"x": series(T, N, I)})


@pytest.mark.parametrize("options", [{"linear_before_reset": 0}, {"linear_before_reset": 1}, {"linear_before_reset": 1, "clip": 0.3}, {"bias": False},
                                     {"activations": ["Sigmoid", "Relu"]}], ids=str)
@pytest.mark.parametrize("direction", ["forward", "reverse"])
def test_options_of_gru(options, direction, tmp_path):
    b = Builder()
    b.check(tmp_path, b.recurrent("GRU", b.input("x", [None, None, I]), direction=direction, **options), {"x": series(T, N, I)})


@pytest.mark.parametrize("options", [{"activations": ["Relu"]}, {"clip": 0.3}], ids=str)
def test_options_of_rnn(options, tmp_path):
    b = Builder()
    b.check(tmp_path, b.recurrent("RNN", b.input("x", [None, None, I]), **options), {"x": series(T, N, I)})


@pytest.mark.parametrize("kind, direction", list(itertools.product(GATES, ["forward", "reverse", "bidirectional"])))
def test_lengths(kind, direction, tmp_path):
    b = Builder()
    x, lengths = b.input("x", [None, None, I]), b.input("lengths", [None], INT32)
    outputs = b.recurrent(kind, x, lengths=lengths, direction=direction)
    b.check(tmp_path, outputs, {"x": series(T, N, I), "lengths": np.array([6, 3, 1, 4], "i4")})


@pytest.mark.parametrize("kind, direction", list(itertools.product(GATES, ["forward", "reverse", "bidirectional"])))
def test_initial_states_as_inputs(kind, direction, tmp_path):
    b = Builder()
    d = 2 if direction == "bidirectional" else 1
    x, h = b.input("x", [None, None, I]), b.input("h", [d, None, H])
    feeds = {"x": series(T, N, I), "h": series(d, N, H, seed=2)}
    options = {"h": h}
    if kind == "LSTM":
        options["c"] = b.input("c", [d, None, H])
        feeds["c"] = series(d, N, H, seed=4)
    b.check(tmp_path, b.recurrent(kind, x, direction=direction, **options), feeds)


def test_fixed_initial_states(tmp_path):
    b = Builder()
    outputs = b.recurrent("LSTM", b.input("x", [None, 1, I]), direction="bidirectional", h=b.numbers(2, 1, H), c=b.numbers(2, 1, H))
    model = b.check(tmp_path, outputs, {"x": series(T, 1, I)})
    assert model.weights


def pytorch_stack(b, kind, x, layers=1, bidirectional=False, batch_first=True, lengths=None):
    """What torch.onnx.export makes of nn.LSTM and its kin."""
    d = 2 if bidirectional else 1
    if batch_first:
        x = b.add("Transpose", [x], perm=[1, 0, 2])
    batch = b.add("Gather", [b.add("Shape", [x]), b.constant(np.array(1))], axis=0)
    shape = b.add("Concat", [b.constant(np.array([d])), b.add("Unsqueeze", [batch, b.constant(np.array([0]))]), b.constant(np.array([H]))], axis=0)
    zeros = b.add("Expand", [b.constant(np.zeros((d, 1, H), "f4")), shape])
    states = []
    for layer in range(layers):
        options = {"direction": "bidirectional" if bidirectional else "forward", "h": zeros}
        if kind == "LSTM":
            options["c"] = zeros
        if kind == "GRU":
            options["linear_before_reset"] = 1
        found = b.recurrent(kind, x, inputs=I if layer == 0 else H * d, **options)
        if bidirectional:
            x = b.add("Reshape", [b.add("Transpose", [found[0]], perm=[0, 2, 1, 3]), b.constant(np.array([0, 0, -1]))])
        else:
            x = b.add("Squeeze", [found[0], b.constant(np.array([1]))])
        states.append(found[1:])
    if batch_first:
        x = b.add("Transpose", [x], perm=[1, 0, 2])
    return x, states


@pytest.mark.parametrize("kind, layers, bidirectional, batch_first", list(itertools.product(GATES, [1, 2], [False, True], [False, True])))
def test_exports_of_pytorch(kind, layers, bidirectional, batch_first, tmp_path):
    b = Builder()
    y, states = pytorch_stack(b, kind, b.input("x", [None, None, I]), layers, bidirectional, batch_first)
    size = H * (2 if bidirectional else 1)
    outputs = [b.add("Add", [b.add("MatMul", [y, b.numbers(size, 2)]), b.numbers(2)])]
    for n in range(len(states[0])):
        parts = [state[n] for state in states]
        outputs.append(b.add("Concat", parts, axis=0) if len(parts) > 1 else parts[0])
    b.check(tmp_path, outputs, {"x": series(N, T, I) if batch_first else series(T, N, I)})


@pytest.mark.parametrize("bidirectional, how", list(itertools.product([False, True], ["gather", "slice", "state"])))
def test_heads_on_the_last_step(bidirectional, how, tmp_path):
    b = Builder()
    y, states = pytorch_stack(b, "LSTM", b.input("x", ["batch", "steps", I]), 2, bidirectional)
    size = H * (2 if bidirectional else 1)
    if how == "gather":
        last = b.add("Gather", [y, b.constant(np.array(-1))], axis=1)
    elif how == "slice":
        last = b.add("Slice", [y, b.constant(np.array([-1])), b.constant(np.array([2 ** 63 - 1])), b.constant(np.array([1]))])
        last = b.add("Squeeze", [last, b.constant(np.array([1]))])
    else:
        h = b.add("Concat", [state[0] for state in states], axis=0)
        if bidirectional:
            parts = [b.add("Gather", [h, b.constant(np.array(n))], axis=0) for n in (-2, -1)]
            last = b.add("Concat", parts, axis=1)
        else:
            last = b.add("Gather", [h, b.constant(np.array(-1))], axis=0)
    hidden = b.add("Relu", [b.add("Gemm", [last, b.numbers(4, size), b.numbers(4)], transB=1)])
    scores = b.add("Softmax", [b.add("Gemm", [hidden, b.numbers(3, 4), b.numbers(3)], transB=1)], axis=-1)
    b.check(tmp_path, [scores], {"x": series(N, T, I)})


def test_tokens_and_embedding(tmp_path):
    b = Builder()
    tokens = b.input("tokens", [None, None], INT64)
    y, _ = pytorch_stack(b, "GRU", b.add("Gather", [b.numbers(11, I), tokens], axis=0))
    out = b.add("Sigmoid", [b.add("Add", [b.add("MatMul", [y, b.numbers(H, 1)]), b.numbers(1)])])
    b.check(tmp_path, [out], {"tokens": np.random.default_rng(2).integers(0, 11, (N, T))})


def test_arithmetic_and_normalisation(tmp_path):
    b = Builder()
    x = b.input("x", [None, None, I])
    scaled = b.add("Div", [b.add("Sub", [x, b.numbers(I)]), b.constant(np.array([1.5, 2.0, 0.5], "f4"))])
    y, _ = pytorch_stack(b, "LSTM", scaled)
    y = b.add("LayerNormalization", [y, b.numbers(H), b.numbers(H)], axis=-1, epsilon=1e-5)
    both = b.add("Add", [y, b.add("Tanh", [y])])
    both = b.add("Mul", [both, b.constant(np.float32(0.7))])
    joined = b.add("Concat", [both, b.add("LeakyRelu", [y], alpha=0.2)], axis=2)
    b.check(tmp_path, [b.add("Elu", [joined])], {"x": series(N, T, I)}, precise=2e-5)


def test_batch_normalisation_of_the_last_state(tmp_path):
    b = Builder()
    _, states = pytorch_stack(b, "GRU", b.input("x", [None, None, I]))
    last = b.add("Squeeze", [states[0][0], b.constant(np.array([0]))])
    spread = b.constant(np.array([0.5, 1.0, 2.0, 0.3, 0.7], "f4"))
    b.check(tmp_path, [b.add("BatchNormalization", [last, b.numbers(H), b.numbers(H), b.numbers(H), spread])], {"x": series(N, T, I)})


def test_fixed_sizes(tmp_path):
    b = Builder()
    y, _ = pytorch_stack(b, "LSTM", b.input("x", [N, T, I]), bidirectional=True)
    flat = b.add("Reshape", [y, b.constant(np.array([N, T, 2 * H]))])
    b.check(tmp_path, [flat], {"x": series(N, T, I)})


@pytest.mark.parametrize("change, words", [
    (lambda b, x: b.add("Conv", [x, b.numbers(2, I, 3)]), "Conv"),
    (lambda b, x: b.add("ReduceMean", [x], axes=[1]), "ReduceMean"),
    (lambda b, x: b.recurrent("LSTM", x, activations=["Sigmoid", "Tanh", "ScaledTanh"])[0], "ScaledTanh"),
    (lambda b, x: b.add("Slice", [x, b.constant(np.array([0])), b.constant(np.array([1])), b.constant(np.array([2]))]), "Slice"),
])
def test_what_is_not_supported_is_refused_by_name(change, words, tmp_path):
    b = Builder()
    out = change(b, b.input("x", [None, None, I]))
    graph = helper.make_graph(b.nodes, "test", b.inputs, [helper.make_tensor_value_info(out, FLOAT, None)], b.tensors)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), str(tmp_path / "model.onnx"))
    with pytest.raises(liblstm.LSTMError, match=words):
        convert(tmp_path / "model.onnx", tmp_path / "model.safetensors")
    assert not (tmp_path / "model.safetensors").exists()


def test_damaged_files_are_refused(tmp_path):
    b = Builder()
    outputs = b.recurrent("LSTM", b.input("x", [None, None, I]))
    graph = helper.make_graph(b.nodes, "test", b.inputs, [helper.make_tensor_value_info(outputs[0], FLOAT, None)], b.tensors)
    data = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8).SerializeToString()
    random = np.random.default_rng(8)
    for trial in range(200):
        changed = bytearray(data)
        changed[random.integers(1, len(changed))] = random.integers(0, 256)
        if trial % 2:
            del changed[random.integers(1, len(changed)):]
        (tmp_path / "model.onnx").write_bytes(changed)
        try:
            convert(tmp_path / "model.onnx", tmp_path / "model.safetensors")
        except liblstm.LSTMError as error:
            assert len(str(error)) > 12
