"""The nodes around recurrent ones: products, sums, functions, and changes of layout. Others are refused by name."""
from __future__ import annotations

from typing import Any, Callable, Optional, Sequence

import numpy as np

from .._errors import UnsupportedError
from .onnx_values import BATCH, TIME, Dims, Value, Zeros


def _refuse(title: str, kind: str, reason: str) -> UnsupportedError:
    return UnsupportedError("the graph has a node ‘%s’ (%s) that %s, which liblstm does not support" % (title, kind, reason))


def _integers(value: Any, attributes: dict[str, Any], key: str) -> Optional[list[int]]:
    """A list that older versions state as an attribute and newer ones as an input."""
    if value is None:
        listed = attributes.get(key)
        return None if listed is None else [int(n) for n in listed]
    if isinstance(value, Dims):
        return [int(n) for n in value.entries]
    return [int(n) for n in np.asarray(value).ravel()]


def _function(name: str, layer: str = "Activation", key: str = "activation", attribute: str = "", default: float = 0.0) -> Callable[..., list[Any]]:
    def make(reader: Any, title: str, attributes: dict[str, Any], given: Sequence[Any], node: Any) -> list[Any]:
        config = {key: name} if not attribute else {key: float(attributes.get(attribute, default))}
        return [given[0].like(reader.graph.add(layer, title, config, [given[0].joined(reader.graph)]))]
    return make


def _softmax(name: str) -> Callable[..., list[Any]]:
    def make(reader: Any, title: str, attributes: dict[str, Any], given: Sequence[Any], node: Any) -> list[Any]:
        x = given[0]
        if int(attributes.get("axis", -1)) % len(x.axes) != len(x.axes) - 1 or not x.ends_in_features:
            raise _refuse(title, node.op_type, "works along another axis than the last")
        return [x.like(reader.graph.add("Activation", title, {"activation": name}, [x.joined(reader.graph)]))]
    return make


def _dense(reader: Any, title: str, x: Any, matrix: Any, bias: Any, kind: str) -> list[Any]:
    if not isinstance(x, Value) or not x.ends_in_features or not isinstance(matrix, np.ndarray) or matrix.ndim != 2 \
            or matrix.shape[0] != x.features:
        raise _refuse(title, kind, "multiplies something else than features by a matrix that fits them")
    weights = {"kernel": matrix}
    if bias is not None:
        bias = np.broadcast_to(np.asarray(bias).ravel() if np.size(bias) > 1 else np.asarray(bias).reshape(1), (matrix.shape[1],)).copy()
        weights["bias"] = bias
    wire = reader.graph.add("Dense", title, {"units": int(matrix.shape[1]), "activation": "linear", "use_bias": bias is not None},
                            [x.joined(reader.graph)], weights=weights)
    return [Value(wire, [("F", int(matrix.shape[1]))], [*x.axes[:-1], ("F",)], x.timed)]


def _matmul(reader: Any, title: str, attributes: dict[str, Any], given: Sequence[Any], node: Any) -> list[Any]:
    found = _dense(reader, title, given[0], given[1], None, "MatMul")
    if reader.uses.get(node.output[0]) == 1:
        found[0].is_product = True  # the sum that follows may be its bias
    return found


def _gemm(reader: Any, title: str, attributes: dict[str, Any], given: Sequence[Any], node: Any) -> list[Any]:
    if attributes.get("transA", 0) or not isinstance(given[1], np.ndarray):
        raise _refuse(title, "Gemm", "multiplies two arrays that are computed, or one that is turned")
    matrix = given[1].T if attributes.get("transB", 0) else given[1]
    bias = given[2] if len(given) > 2 else None
    if isinstance(bias, Value):
        raise _refuse(title, "Gemm", "adds an array that is computed")
    alpha, beta = float(attributes.get("alpha", 1)), float(attributes.get("beta", 1))
    return _dense(reader, title, given[0], matrix * np.float32(alpha) if alpha != 1 else matrix,
                  bias * np.float32(beta) if bias is not None and beta != 1 else bias, "Gemm")


def _arithmetic(layer: str, sign: float = 1) -> Callable[..., list[Any]]:
    def make(reader: Any, title: str, attributes: dict[str, Any], given: Sequence[Any], node: Any) -> list[Any]:
        a, b = given
        if isinstance(a, Value) and isinstance(b, Value):
            if a.axes != b.axes or a.factors != b.factors:
                raise _refuse(title, node.op_type, "joins arrays of different layouts")
            return [a.like(reader.graph.add(layer, title, {}, [a.joined(reader.graph), b.joined(reader.graph)]))]
        value, constant = (a, b) if isinstance(a, Value) else (b, a)
        if isinstance(value, Dims) or isinstance(constant, Dims):
            return [_on_dims(reader, title, node.op_type, a, b)]
        if not isinstance(value, Value) or not isinstance(constant, np.ndarray) or (value is b and layer in ("Subtract", "Divide")):
            raise _refuse(title, node.op_type, "joins what is no array of the model and no constant")
        count = constant.size
        if count > 1 and (not value.ends_in_features or constant.shape[-1] != count or count != value.features):
            raise _refuse(title, node.op_type, "joins the features with a constant of the shape %s" % (constant.shape,))
        if layer == "Add" and value.is_product:
            name = value.wire.layer
            reader.graph.layer(name)["config"]["use_bias"] = True
            reader.graph.arrays[name + "/bias"] = np.broadcast_to(constant.ravel(), (value.features,)).copy()
            return [Value(value.wire, value.factors, value.axes, value.timed)]
        numbers = [float(n) for n in constant.ravel()]
        plain: Any = numbers[0] if count == 1 else numbers
        flat = (lambda f: f(plain)) if count == 1 else (lambda f: [f(n) for n in plain])
        if layer in ("Add", "Subtract"):
            config = {"scale": 1.0, "offset": flat(lambda n: sign * n)}
        else:
            config = {"scale": flat(lambda n: 1 / n if layer == "Divide" else n), "offset": 0.0}
        return [value.like(reader.graph.add("Rescaling", title, config, [value.joined(reader.graph)]))]
    return make


def _on_dims(reader: Any, title: str, kind: str, a: Any, b: Any) -> Any:
    """Arithmetic on shapes."""
    parts = [x.entries if isinstance(x, Dims) else [int(n) for n in np.asarray(x).ravel()] for x in (a, b)]
    if all(isinstance(n, int) for part in parts for n in part) and len({len(part) for part in parts}) <= 2:
        work = {"Add": lambda x, y: x + y, "Sub": lambda x, y: x - y, "Mul": lambda x, y: x * y, "Div": lambda x, y: x // y}[kind]
        longer = max(len(part) for part in parts)
        parts = [part * longer if len(part) == 1 else part for part in parts]
        return Dims([work(x, y) for x, y in zip(*parts)])
    if kind == "Mul" and len(parts[0]) == 1 == len(parts[1]):
        one, other = parts[0][0], parts[1][0]
        if 1 in (one, other):
            return Dims([other if one == 1 else one])
        if isinstance(one, tuple) and isinstance(other, tuple):
            return Dims([one + other])
    raise _refuse(title, kind, "computes with sizes that only a call knows")


def _transpose(reader: Any, title: str, attributes: dict[str, Any], given: Sequence[Any], node: Any) -> list[Any]:
    x = given[0]
    return [reader.layouts.transposed(x, attributes.get("perm", list(range(len(x.axes)))[::-1]))]


def _squeeze(reader: Any, title: str, attributes: dict[str, Any], given: Sequence[Any], node: Any) -> list[Any]:
    places = _integers(given[1] if len(given) > 1 else None, attributes, "axes")
    x = given[0]
    if isinstance(x, (Dims, Zeros)):
        return [x if isinstance(x, Zeros) else Dims(x.entries, scalar=True)]
    return [reader.layouts.squeezed(x, places)]


def _unsqueeze(reader: Any, title: str, attributes: dict[str, Any], given: Sequence[Any], node: Any) -> list[Any]:
    x = given[0]
    if isinstance(x, (Dims, Zeros)):
        return [x if isinstance(x, Zeros) else Dims(x.entries)]
    return [reader.layouts.unsqueezed(x, _integers(given[1] if len(given) > 1 else None, attributes, "axes") or [])]


def _reshape(reader: Any, title: str, attributes: dict[str, Any], given: Sequence[Any], node: Any) -> list[Any]:
    if attributes.get("allowzero", 0):
        raise _refuse(title, "Reshape", "has ‘allowzero’")
    if isinstance(given[0], (Zeros, Dims)):
        return [given[0]]
    target = given[1].entries if isinstance(given[1], Dims) else [int(n) for n in np.asarray(given[1]).ravel()]
    return [reader.layouts.reshaped(given[0], target)]


def _flatten(reader: Any, title: str, attributes: dict[str, Any], given: Sequence[Any], node: Any) -> list[Any]:
    x = given[0]
    axis = int(attributes.get("axis", 1))
    if axis != 1 or x.timed or x.axes[0] != (BATCH,):
        raise _refuse(title, "Flatten", "joins time or batch with something else")
    return [reader.layouts.reshaped(x, [x.axes[0], -1])]


def _shape(reader: Any, title: str, attributes: dict[str, Any], given: Sequence[Any], node: Any) -> list[Any]:
    if not isinstance(given[0], Value):
        raise _refuse(title, "Shape", "asks for the shape of what is no array of the model")
    dims = reader.layouts.shape(given[0])
    return [Dims(dims.entries[attributes.get("start", 0):attributes.get("end", len(dims.entries))])]


def _gather(reader: Any, title: str, attributes: dict[str, Any], given: Sequence[Any], node: Any) -> list[Any]:
    data, places = given
    axis = int(attributes.get("axis", 0))
    if isinstance(data, np.ndarray) and isinstance(places, Value):
        if data.ndim != 2 or axis != 0 or places.factors:
            raise _refuse(title, "Gather", "is no embedding of tokens")
        wire = reader.graph.add("Embedding", title, {"input_dim": int(data.shape[0]), "output_dim": int(data.shape[1]), "mask_zero": False},
                                [places.joined(reader.graph)], rank=3 if places.timed else 2, weights={"embeddings": data})
        return [Value(wire, [("F", int(data.shape[1]))], [*places.axes, ("F",)], places.timed)]
    if isinstance(data, Dims):
        which = [int(n) for n in np.asarray(places).ravel()]
        return [Dims([data.entries[n] for n in which], scalar=np.ndim(places) == 0)]
    if isinstance(data, Value) and isinstance(places, np.ndarray) and places.size == 1:
        return [_pick(reader, title, data, axis % len(data.axes), int(places.ravel()[0]), keeps=places.ndim > 0)]
    raise _refuse(title, "Gather", "takes something else than one step, one state or embeddings")


def _pick(reader: Any, title: str, x: Value, axis: int, index: int, keeps: bool) -> Value:
    """One step of a sequence, or the state of one layer and direction."""
    name = x.axes[axis]
    rest = [() if n == axis and keeps else one for n, one in enumerate(x.axes) if n != axis or keeps]
    if name == (TIME,):
        step = reader.graph.add("SelectStep", title, {"index": index}, [x.joined(reader.graph)])
        wire = reader.graph.add("Flatten", title + "_step", {}, [step], rank=2)
        return Value(wire, x.factors, [one for one in rest], False)
    if name == ("D",) and x.pieces and -len(x.pieces) <= index < len(x.pieces):
        factors = [factor for factor in x.factors if factor[0] != "D"]
        return Value(x.pieces[index], factors, rest, False)
    raise _refuse(title, "Gather", "takes a part of the dimension %s" % (name,))


def _slice(reader: Any, title: str, attributes: dict[str, Any], given: Sequence[Any], node: Any) -> list[Any]:
    x = given[0]
    given = list(given) + [None] * 5
    starts, ends = (_integers(given[n], attributes, key) or [] for n, key in ((1, "starts"), (2, "ends")))
    axes = _integers(given[3], attributes, "axes") or list(range(len(starts)))
    steps = _integers(given[4], attributes, "steps") or [1] * len(starts)
    if isinstance(x, Dims):
        return [Dims(x.entries[starts[0]:ends[0]:steps[0]])]
    if not isinstance(x, Value) or len(starts) != 1 or steps != [1]:
        raise _refuse(title, "Slice", "cuts several dimensions, or takes not every step")
    axis = axes[0] % len(x.axes)
    if x.axes[axis] == ("D",) and x.pieces:
        pieces = x.pieces[starts[0]:ends[0]]
        if pieces:
            return [Value(None, [("D", len(pieces)), *[f for f in x.factors if f[0] != "D"]], x.axes, False, pieces)]
    if x.axes[axis] == (TIME,) and starts[0] == -1 and ends[0] >= (1 << 30):
        return [_pick(reader, title, x, axis, -1, keeps=True)]
    raise _refuse(title, "Slice", "takes a part of the dimension %s" % (x.axes[axis],))


def _split(reader: Any, title: str, attributes: dict[str, Any], given: Sequence[Any], node: Any) -> list[Any]:
    x = given[0]
    axis = int(attributes.get("axis", 0))
    sizes = _integers(given[1] if len(given) > 1 else None, attributes, "split") or []
    if not isinstance(x, Value) or x.axes[axis] != ("D",) or not x.pieces:
        raise _refuse(title, "Split", "cuts something else than states")
    sizes = sizes or [len(x.pieces) // len(node.output)] * len(node.output)
    found, start = [], 0
    for size in sizes:
        pieces = x.pieces[start:start + size]
        found.append(Value(None, [("D", size), *[f for f in x.factors if f[0] != "D"]], x.axes, False, pieces))
        start += size
    return found


def _concat(reader: Any, title: str, attributes: dict[str, Any], given: Sequence[Any], node: Any) -> list[Any]:
    axis = int(attributes.get("axis", 0))
    if all(not isinstance(x, Value) for x in given):
        entries: list[Any] = []
        for x in given:
            entries += x.entries if isinstance(x, Dims) else [int(n) for n in np.asarray(x).ravel()]
        return [Dims(entries)]
    if any(not isinstance(x, Value) or len(x.axes) != len(given[0].axes) for x in given):
        raise _refuse(title, "Concat", "joins arrays with what is none")
    axis %= len(given[0].axes)
    if all(x.axes[axis] in ((), ("D",)) and len(x.factors) in (1, 2) and not x.timed for x in given) and axis != len(given[0].axes) - 1:
        pieces = [piece for x in given for piece in (x.pieces or [x.joined(reader.graph)])]
        size = next(size for name, size in given[0].factors if name != "D")
        axes = [("D",) if n == axis else ((BATCH,) if one == (BATCH,) else ("H",)) for n, one in enumerate(given[0].axes)]
        return [Value(None, [("D", len(pieces)), ("H", size)], axes, False, pieces)]
    if axis != len(given[0].axes) - 1 or any(not x.ends_in_features or x.axes[:-1] != given[0].axes[:-1] for x in given):
        raise _refuse(title, "Concat", "joins something else than features")
    wire = reader.graph.add("Concatenate", title, {"axis": -1}, [x.joined(reader.graph) for x in given])
    return [Value(wire, [("F", sum(x.features for x in given))], [*given[0].axes[:-1], ("F",)], given[0].timed)]


def _normalization(reader: Any, title: str, attributes: dict[str, Any], given: Sequence[Any], node: Any) -> list[Any]:
    x, scale = given[0], given[1]
    offset = given[2] if len(given) > 2 else None
    if not x.ends_in_features or int(attributes.get("axis", -1)) % len(x.axes) != len(x.axes) - 1 or np.shape(scale) != (x.features,):
        raise _refuse(title, node.op_type, "normalises something else than the features")
    weights = {"gamma": scale} if offset is None else {"gamma": scale, "beta": offset}
    config = {"axis": -1, "epsilon": float(attributes.get("epsilon", 1e-5)), "center": offset is not None, "scale": True}
    return [x.like(reader.graph.add("LayerNormalization", title, config, [x.joined(reader.graph)], weights=weights))]


def _batch_normalization(reader: Any, title: str, attributes: dict[str, Any], given: Sequence[Any], node: Any) -> list[Any]:
    x = given[0]
    if len(x.axes) < 2 or x.axes[1] != x.names or attributes.get("training_mode", 0):
        raise _refuse(title, node.op_type, "normalises another dimension than the features, or is in training")
    names = ("gamma", "beta", "moving_mean", "moving_variance")
    config = {"axis": -1, "momentum": 0.9, "epsilon": float(attributes.get("epsilon", 1e-5)), "center": True, "scale": True}
    return [x.like(reader.graph.add("BatchNormalization", title, config, [x.joined(reader.graph)], weights=dict(zip(names, given[1:5]))))]


def _fill(reader: Any, title: str, attributes: dict[str, Any], given: Sequence[Any], node: Any) -> list[Any]:
    """ConstantOfShape and Expand: zeros of a size that only a call knows, as initial states."""
    value = given[0] if node.op_type == "Expand" else attributes.get("value")
    if isinstance(value, Zeros) or value is None:
        return [Zeros()]
    array = value if isinstance(value, np.ndarray) else reader.constant(value)
    if not array.any():
        return [Zeros()]
    if array.dtype.kind in "iu":
        return [Dims([int(array.ravel()[0])])]
    raise _refuse(title, node.op_type, "makes an array of other numbers than zeros")


def _same(reader: Any, title: str, attributes: dict[str, Any], given: Sequence[Any], node: Any) -> list[Any]:
    return [given[0]]


def _slope(reader: Any, title: str, attributes: dict[str, Any], given: Sequence[Any], node: Any) -> list[Any]:
    slope, shift = float(attributes.get("alpha", 0.2)), float(attributes.get("beta", 0.5))
    if abs(slope - 0.2) > 1e-6 or abs(shift - 0.5) > 1e-6:
        raise _refuse(title, "HardSigmoid", "has the slope %g and the shift %g" % (slope, shift))
    reader.old = True
    return [given[0].like(reader.graph.add("Activation", title, {"activation": "hard_sigmoid"}, [given[0].joined(reader.graph)]))]


def _gelu(reader: Any, title: str, attributes: dict[str, Any], given: Sequence[Any], node: Any) -> list[Any]:
    if attributes.get("approximate", "none") != "none":
        raise _refuse(title, "Gelu", "is the approximate one")
    return _function("gelu")(reader, title, attributes, given, node)


NODES: dict[str, Callable[..., list[Any]]] = {
    "Relu": _function("relu"), "Tanh": _function("tanh"), "Sigmoid": _function("sigmoid"), "Softplus": _function("softplus"),
    "Softsign": _function("softsign"), "Selu": _function("selu"), "Mish": _function("mish"), "Gelu": _gelu, "HardSigmoid": _slope,
    "LeakyRelu": _function("", "LeakyReLU", "negative_slope", "alpha", 0.01), "Elu": _function("", "ELU", "alpha", "alpha", 1.0),
    "Softmax": _softmax("softmax"), "LogSoftmax": _softmax("log_softmax"), "MatMul": _matmul, "Gemm": _gemm, "Add": _arithmetic("Add"),
    "Sub": _arithmetic("Subtract", -1), "Mul": _arithmetic("Multiply"), "Div": _arithmetic("Divide"), "Transpose": _transpose,
    "Squeeze": _squeeze, "Unsqueeze": _unsqueeze, "Reshape": _reshape, "Flatten": _flatten, "Shape": _shape, "Gather": _gather, "Slice": _slice,
    "Split": _split, "Concat": _concat, "LayerNormalization": _normalization, "BatchNormalization": _batch_normalization,
    "ConstantOfShape": _fill, "Expand": _fill, "Identity": _same, "Dropout": _same, "Cast": _same,
}


def _constant(attributes: dict[str, Any]) -> Any:
    for key in ("value_float", "value_floats"):
        if key in attributes:
            return np.asarray(attributes[key], np.float32)
    for key in ("value_int", "value_ints"):
        if key in attributes:
            return np.asarray(attributes[key], np.int64)
    return None


# Nodes whose inputs are all constants.
CONSTANT: dict[str, Callable[..., Any]] = {
    "Constant": _constant, "Identity": lambda _, x: x, "Transpose": lambda a, x: np.transpose(x, a.get("perm")),
    "Squeeze": lambda a, x, n=None: np.squeeze(x, tuple(a.get("axes", []) if n is None else n.ravel()) or None),
    "Unsqueeze": lambda a, x, n=None: np.expand_dims(x, tuple(a.get("axes", []) if n is None else n.ravel())),
    "Concat": lambda a, *x: np.concatenate(x, a.get("axis", 0)), "Gather": lambda a, x, n: np.take(x, n, a.get("axis", 0)),
    "Mul": lambda _, x, y: x * y, "Add": lambda _, x, y: x + y, "Sub": lambda _, x, y: x - y, "Reshape": lambda _, x, n: x.reshape(n),
    "Cast": lambda a, x: x.astype({1: np.float32, 6: np.int32, 7: np.int64, 11: np.float64}.get(a.get("to"), x.dtype)),
}
