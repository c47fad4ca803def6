"""The benchmarks' networks for the peers: the same numbers as in the Keras file, in each peer's own layout and order of gates."""
from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from models import network, parse  # noqa: E402

# Keras has LSTM gates i f g o and GRU gates z r h; ONNX i o f g and z r h, PyTorch i f g o and r z n.
ONNX_ORDER = {"lstm": (0, 3, 1, 2), "gru": (0, 1, 2)}
TORCH_ORDER = {"lstm": (0, 1, 2, 3), "gru": (1, 0, 2)}

Array = np.ndarray[Any, np.dtype[np.float32]]


def recurrent_layers(name: str) -> list[list[list[Array]]]:
    """For each recurrent layer, for each direction: kernel, recurrent kernel, bias as Keras has them."""
    return [[numbers[start:start + 3] for start in range(0, len(numbers), 3)] for config, numbers in network(name) if config["class_name"] != "Dense"]


def dense(name: str) -> tuple[Array, Array]:
    """Weights of the Dense layer at the end."""
    kernel, bias = network(name)[-1][1]
    return kernel, bias


def permuted(matrix: Array, order: tuple[int, ...]) -> Array:
    """Columns in blocks of gates, in another order of gates, as rows."""
    return np.concatenate([np.split(matrix, len(order), axis=-1)[gate] for gate in order], axis=-1).T.copy()


def biases(cell: str, bias: Array, order: tuple[int, ...]) -> tuple[Array, Array]:
    """The bias of the input's and of the recurrent product."""
    own, recurrent = (bias[0], bias[1]) if cell == "gru" else (bias, np.zeros_like(bias))
    return permuted(own, order), permuted(recurrent, order)


def write_flat(name: str, path: Path) -> None:
    """For oneDNN: all kernels of a layer, all recurrent kernels, all biases (of a GRU: sums of the first two, then the last one's two)."""
    cell = parse(name)[0]
    parts: list[Array] = []
    for directions in recurrent_layers(name):
        parts += [one[0] for one in directions] + [one[1] for one in directions]
        for _, _, bias in directions:
            if cell == "gru":
                own, recurrent = np.split(bias[0], 3), np.split(bias[1], 3)
                parts += [own[0] + recurrent[0], own[1] + recurrent[1], own[2], recurrent[2]]
            else:
                parts.append(bias)
    np.concatenate([part.ravel() for part in parts]).astype(np.float32).tofile(path)


def write_onnx(name: str, path: Path, batch: int, steps: int, states: bool) -> None:
    """For ONNX Runtime and OpenVINO: x [T, B, I] → y [T, B, 2·H] of two directions; `states`: initial states are inputs h, c and the last ones outputs.

    Of one direction y is what the last node makes, [T, 1, B, H], the same numbers in the same order: nothing is copied for the sake of a shape.
    """
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    cell, features, units = parse(name)[:3]
    layers = recurrent_layers(name)
    nodes, weights = [], []
    source = "x"
    kept = ["h"] if cell == "gru" else ["h", "c"]
    for index, directions in enumerate(layers):
        order = ONNX_ORDER[cell]
        w = np.stack([permuted(one[0], order) for one in directions])
        r = np.stack([permuted(one[1], order) for one in directions])
        b = np.stack([np.concatenate(biases(cell, one[2], order)) for one in directions])
        for letter, array in zip("wrb", (w, r, b)):
            weights.append(numpy_helper.from_array(array, f"{letter}{index}"))
        options: dict[str, Any] = {"hidden_size": units, "direction": "bidirectional" if len(directions) == 2 else "forward"}
        if cell == "gru":
            options["linear_before_reset"] = 1
        inputs = [source, f"w{index}", f"r{index}", f"b{index}"] + (["", *kept] if states else [])
        last = index == len(layers) - 1
        both = len(directions) == 2
        outputs = ["y" if last and not both else f"out{index}"] + ([f"{letter}_new" for letter in kept] if states else [])
        nodes.append(helper.make_node(cell.upper(), inputs, outputs, **options))
        source = "y" if last else f"layer{index}"
        if both:
            # [T, D, B, H] → [T, B, D·H]
            weights.append(numpy_helper.from_array(np.array([steps, batch, 2 * units], np.int64), f"shape{index}"))
            nodes.append(helper.make_node("Transpose", [f"out{index}"], [f"turned{index}"], perm=[0, 2, 1, 3]))
            nodes.append(helper.make_node("Reshape", [f"turned{index}", f"shape{index}"], [source]))
        elif not last:
            weights.append(numpy_helper.from_array(np.array([1], np.int64), f"axis{index}"))
            nodes.append(helper.make_node("Squeeze", [f"out{index}", f"axis{index}"], [source]))
    value = helper.make_tensor_value_info
    made = [steps, batch, 2 * units] if len(layers[-1]) == 2 else [steps, 1, batch, units]
    ins, outs = [value("x", TensorProto.FLOAT, [steps, batch, features])], [value("y", TensorProto.FLOAT, made)]
    if states:
        ins += [value(letter, TensorProto.FLOAT, [1, batch, units]) for letter in kept]
        outs += [value(f"{letter}_new", TensorProto.FLOAT, [1, batch, units]) for letter in kept]
    graph = helper.make_graph(nodes, name, ins, outs, weights)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9), str(path))


def torch_module(name: str) -> Any:
    """PyTorch's layer with the weights; [T, B, I] → [T, B, D·H]. Several layers are one module."""
    import torch

    cell, features, units = parse(name)[:3]
    layers = recurrent_layers(name)
    kind = {"lstm": torch.nn.LSTM, "gru": torch.nn.GRU}[cell]
    module = kind(features, units, num_layers=len(layers), bidirectional=len(layers[0]) == 2)
    for index, directions in enumerate(layers):
        for direction, (kernel, recurrent, bias) in enumerate(directions):
            tail = f"l{index}" + ("_reverse" if direction else "")
            own, second = biases(cell, bias, TORCH_ORDER[cell])
            for letter, array in (("weight_ih", permuted(kernel, TORCH_ORDER[cell])), ("weight_hh", permuted(recurrent, TORCH_ORDER[cell])),
                                  ("bias_ih", own), ("bias_hh", second)):
                getattr(module, f"{letter}_{tail}").data.copy_(torch.from_numpy(array))
    return module
