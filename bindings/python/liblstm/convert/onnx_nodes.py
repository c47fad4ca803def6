"""The nodes around recurrent ones: products, sums, functions, normalisation. Others than these and those of layout are refused by name."""
from __future__ import annotations

import operator
from typing import Any, Callable, Sequence

import numpy as np

from .onnx_layout import LAYOUT, refuse
from .onnx_values import Dims, Value


def _function(name: str, layer: str = "Activation", key: str = "activation", attribute: str = "",
              default: float = 0.0) -> Callable[..., list[Any]]:
    def make(reader: Any, title: str, attributes: dict[str, Any], given: Sequence[Any], node: Any) -> list[Any]:
        config = {key: name} if not attribute else {key: float(attributes.get(attribute, default))}
        return [given[0].like(reader.graph.add(layer, title, config, [given[0].joined(reader.graph)]))]
    return make


def _softmax(name: str) -> Callable[..., list[Any]]:
    def make(reader: Any, title: str, attributes: dict[str, Any], given: Sequence[Any], node: Any) -> list[Any]:
        x = given[0]
        if int(attributes.get("axis", -1)) % len(x.axes) != len(x.axes) - 1 or not x.ends_in_features:
            raise refuse(title, node.op_type, "works along another axis than the last")
        return [x.like(reader.graph.add("Activation", title, {"activation": name}, [x.joined(reader.graph)]))]
    return make


def _dense(reader: Any, title: str, x: Any, matrix: Any, bias: Any, kind: str) -> list[Any]:
    if not isinstance(x, Value) or not x.ends_in_features or not isinstance(matrix, np.ndarray) or matrix.ndim != 2 \
            or matrix.shape[0] != x.features:
        raise refuse(title, kind, "multiplies something else than features by a matrix that fits them")
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
        raise refuse(title, "Gemm", "multiplies two arrays that are computed, or one that is turned")
    matrix = given[1].T if attributes.get("transB", 0) else given[1]
    bias = given[2] if len(given) > 2 else None
    if isinstance(bias, Value):
        raise refuse(title, "Gemm", "adds an array that is computed")
    alpha, beta = float(attributes.get("alpha", 1)), float(attributes.get("beta", 1))
    return _dense(reader, title, given[0], matrix * np.float32(alpha) if alpha != 1 else matrix,
                  bias * np.float32(beta) if bias is not None and beta != 1 else bias, "Gemm")


def _arithmetic(layer: str, sign: float = 1) -> Callable[..., list[Any]]:
    def make(reader: Any, title: str, attributes: dict[str, Any], given: Sequence[Any], node: Any) -> list[Any]:
        a, b = given
        if isinstance(a, Value) and isinstance(b, Value):
            if a.axes != b.axes or a.factors != b.factors:
                raise refuse(title, node.op_type, "joins arrays of different layouts")
            return [a.like(reader.graph.add(layer, title, {}, [a.joined(reader.graph), b.joined(reader.graph)]))]
        value, constant = (a, b) if isinstance(a, Value) else (b, a)
        if isinstance(value, Dims) or isinstance(constant, Dims):
            return [_on_dims(reader, title, node.op_type, a, b)]
        if not isinstance(value, Value) or not isinstance(constant, np.ndarray) or (value is b and layer in ("Subtract", "Divide")) \
                or (layer == "Divide" and not constant.all()):
            raise refuse(title, node.op_type, "joins what is no array of the model and no constant")
        count = constant.size
        if count > 1 and (not value.ends_in_features or constant.shape[-1] != count or count != value.features):
            raise refuse(title, node.op_type, "joins the features with a constant of the shape %s" % (constant.shape,))
        if layer == "Add" and value.is_product:
            name = value.joined(reader.graph).layer
            reader.graph.layer(name)["config"]["use_bias"] = True
            reader.graph.arrays[name + "/bias"] = np.broadcast_to(constant.ravel(), (value.features,)).copy()
            return [Value(value.wire, value.factors, value.axes, value.timed)]
        numbers = [float(n) for n in constant.ravel()]
        if layer in ("Add", "Subtract"):
            numbers, other = [sign * n for n in numbers], "scale"
        else:
            numbers, other = [1 / n for n in numbers] if layer == "Divide" else numbers, "offset"
        plain: Any = numbers[0] if count == 1 else numbers
        config = {"scale": plain, "offset": 0.0} if other == "offset" else {"scale": 1.0, "offset": plain}
        return [value.like(reader.graph.add("Rescaling", title, config, [value.joined(reader.graph)]))]
    return make


def _on_dims(reader: Any, title: str, kind: str, a: Any, b: Any) -> Any:
    """Arithmetic on shapes."""
    parts = [x.entries if isinstance(x, Dims) else [int(n) for n in np.asarray(x).ravel()] for x in (a, b)]
    if all(isinstance(n, int) for part in parts for n in part) and len({len(part) for part in parts}) <= 2:
        work: Callable[[int, int], int] = {"Add": operator.add, "Sub": operator.sub, "Mul": operator.mul, "Div": operator.floordiv}[kind]
        longer = max(len(part) for part in parts)
        parts = [part * longer if len(part) == 1 else part for part in parts]
        return Dims([work(x, y) for x, y in zip(*parts)])
    if kind == "Mul" and len(parts[0]) == 1 == len(parts[1]):
        one, other = parts[0][0], parts[1][0]
        if 1 in (one, other):
            return Dims([other if one == 1 else one])
        if isinstance(one, tuple) and isinstance(other, tuple):
            return Dims([one + other])
    raise refuse(title, kind, "computes with sizes that only a call knows")


def _normalization(reader: Any, title: str, attributes: dict[str, Any], given: Sequence[Any], node: Any) -> list[Any]:
    x, scale = given[0], given[1]
    offset = given[2] if len(given) > 2 else None
    if not x.ends_in_features or int(attributes.get("axis", -1)) % len(x.axes) != len(x.axes) - 1 or np.shape(scale) != (x.features,):
        raise refuse(title, node.op_type, "normalises something else than the features")
    weights = {"gamma": scale} if offset is None else {"gamma": scale, "beta": offset}
    config = {"axis": -1, "epsilon": float(attributes.get("epsilon", 1e-5)), "center": offset is not None, "scale": True}
    return [x.like(reader.graph.add("LayerNormalization", title, config, [x.joined(reader.graph)], weights=weights))]


def _batch_normalization(reader: Any, title: str, attributes: dict[str, Any], given: Sequence[Any], node: Any) -> list[Any]:
    x = given[0]
    if len(x.axes) < 2 or x.axes[1] != x.names or attributes.get("training_mode", 0):
        raise refuse(title, node.op_type, "normalises another dimension than the features, or is in training")
    names = ("gamma", "beta", "moving_mean", "moving_variance")
    config = {"axis": -1, "momentum": 0.9, "epsilon": float(attributes.get("epsilon", 1e-5)), "center": True, "scale": True}
    return [x.like(reader.graph.add("BatchNormalization", title, config, [x.joined(reader.graph)], weights=dict(zip(names, given[1:5]))))]


def _slope(reader: Any, title: str, attributes: dict[str, Any], given: Sequence[Any], node: Any) -> list[Any]:
    slope, shift = float(attributes.get("alpha", 0.2)), float(attributes.get("beta", 0.5))
    if abs(slope - 0.2) > 1e-6 or abs(shift - 0.5) > 1e-6:
        raise refuse(title, "HardSigmoid", "has the slope %g and the shift %g" % (slope, shift))
    reader.old = True
    return [given[0].like(reader.graph.add("Activation", title, {"activation": "hard_sigmoid"}, [given[0].joined(reader.graph)]))]


def _gelu(reader: Any, title: str, attributes: dict[str, Any], given: Sequence[Any], node: Any) -> list[Any]:
    if attributes.get("approximate", "none") != "none":
        raise refuse(title, "Gelu", "is the approximate one")
    return _function("gelu")(reader, title, attributes, given, node)


NODES: dict[str, Callable[..., list[Any]]] = {
    "Relu": _function("relu"), "Tanh": _function("tanh"), "Sigmoid": _function("sigmoid"), "Softplus": _function("softplus"),
    "Softsign": _function("softsign"), "Selu": _function("selu"), "Mish": _function("mish"), "Gelu": _gelu, "HardSigmoid": _slope,
    "LeakyRelu": _function("", "LeakyReLU", "negative_slope", "alpha", 0.01), "Elu": _function("", "ELU", "alpha", "alpha", 1.0),
    "Softmax": _softmax("softmax"), "LogSoftmax": _softmax("log_softmax"), "MatMul": _matmul, "Gemm": _gemm, "Add": _arithmetic("Add"),
    "Sub": _arithmetic("Subtract", -1), "Mul": _arithmetic("Multiply"), "Div": _arithmetic("Divide"),
    "LayerNormalization": _normalization, "BatchNormalization": _batch_normalization, **LAYOUT,
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
