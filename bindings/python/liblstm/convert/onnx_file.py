"""ONNX models: recurrent nodes and what surrounds them in exports of PyTorch, as one of liblstm's models."""
from __future__ import annotations

import importlib
import json
from typing import Any, Sequence

import numpy as np

from .._errors import FormatError, LSTMError, MissingPackageError, UnsupportedError
from .graph import Graph, Wire
from .onnx_recurrent import GATES, Node
from .onnx_values import BATCH, TIME, Dims, Layouts, Value, Zeros
from .writing import Converted

# Nodes through which an initial state may come from an input of the graph.
CARRIERS = ("Slice", "Gather", "Identity", "Unsqueeze", "Split", "Cast")


def read(path: str) -> Converted:
    """The model of an ONNX file. No other file is opened, whatever it names."""
    try:
        onnx = importlib.import_module("onnx")
    except ImportError as reason:
        raise MissingPackageError("ONNX models need the package onnx, which cannot be imported (%s); pip install onnx" % reason) from reason
    try:
        model = onnx.load(path, load_external_data=False)
    except Exception as reason:
        raise FormatError("%s is no ONNX model: %s: %s" % (path, type(reason).__name__, reason)) from reason
    # An input without names may have the batch first or time; what the graph does with it tells.
    faults: list[LSTMError] = []
    for first in (BATCH, TIME):
        try:
            return _Reader(onnx, model, first).converted()
        except UnsupportedError as reason:
            faults.append(reason)
        except LSTMError:
            raise
        except Exception as reason:
            raise FormatError("%s is damaged: %s: %s" % (path, type(reason).__name__, reason)) from reason
    raise faults[0]


class _Reader:
    """Follows a graph from its inputs to its outputs; `first` is what the first dimension of sequences is."""

    def __init__(self, onnx: Any, model: Any, first: str) -> None:
        self.onnx, self.onnx_graph, self.first = onnx, model.graph, first
        self.producer = ("%s %s" % (model.producer_name, model.producer_version)).strip()
        self.graph = Graph()
        self.layouts = Layouts(self.graph)
        self.values: dict[str, Any] = {"": None}
        self.inputs: list[Wire] = []
        self.sources: dict[str, Wire] = {}
        self.notes: list[str] = []
        self.old = False  # whether a hard_sigmoid is that of Keras 2
        self.uses: dict[str, int] = {}
        for node in self.onnx_graph.node:
            for name in node.input:
                self.uses[name] = self.uses.get(name, 0) + 1

    def converted(self) -> Converted:
        for tensor in self.onnx_graph.initializer:
            self.values[tensor.name] = self.constant(tensor)
        states, lengths = self.scan()
        for port in self.onnx_graph.input:
            if port.name not in self.values:
                self.values[port.name] = self.input(port, states, lengths)
        for node in self.onnx_graph.node:
            self.node(node)
        outputs = []
        for port in self.onnx_graph.output:
            value = self.values.get(port.name)
            if not isinstance(value, Value):
                raise UnsupportedError("the output ‘%s’ of the graph is no array that depends on its inputs" % port.name)
            outputs.append(self.layouts.plain(value))
        metadata = {"format": "liblstm", "writer": "ONNX (%s)" % (self.producer or "unknown"),
                    "architecture": json.dumps(self.graph.model(self.inputs, outputs)), "keras_version": "2" if self.old else "3"}
        if self.notes:
            metadata["assumptions"] = "\n".join(self.notes)
        return Converted(self.graph.arrays, metadata)

    def constant(self, tensor: Any) -> Any:
        if tensor.data_location == tensor.EXTERNAL:
            raise UnsupportedError("the tensor ‘%s’ is kept in another file; save the model in one file" % tensor.name)
        array = self.onnx.numpy_helper.to_array(tensor)
        return array.astype(np.float32) if array.dtype.kind == "f" and array.dtype.itemsize < 4 else array

    def scan(self) -> tuple[dict[str, str], set[str]]:
        """Inputs of the graph that are initial states (and of which kind), or lengths."""
        makers = {name: node for node in self.onnx_graph.node for name in node.output}
        states: dict[str, str] = {}
        lengths: set[str] = set()
        for node in self.onnx_graph.node:
            if node.op_type not in GATES:
                continue
            for place, name in enumerate(node.input):
                while name in makers and makers[name].op_type in CARRIERS and place >= 4:
                    name = makers[name].input[0]
                if place == 4 and name:
                    lengths.add(name)
                elif place > 4 and place < 7 and name:
                    states[name] = "h" if place == 5 else "c"
        return states, lengths

    def input(self, port: Any, states: dict[str, str], lengths: set[str]) -> Value:
        kind = port.type.tensor_type
        sizes = [int(d.dim_value) if d.HasField("dim_value") and d.dim_value > 0 else None for d in kind.shape.dim]
        tokens = kind.elem_type in (6, 7)
        if port.name in lengths:
            wire = self.graph.input(port.name, [None, 1], "int32")
            self.inputs.append(wire)
            self.notes.append("the input ‘%s’ has the shape [batch, 1]: the length of each sequence" % port.name)
            return Value(wire, [("L", 1)], [(BATCH,)], False)
        if port.name in states:
            if len(sizes) != 3 or sizes[2] is None:
                raise UnsupportedError("the initial state ‘%s’ has the shape %s" % (port.name, sizes))
            wire = self.graph.input(port.name, [None, None, sizes[2]], "float32")
            self.inputs.append(wire)
            turned = self.graph.add("Transpose", port.name + "_rows", {"axes": [1, 0, 2]}, [wire])
            count = sizes[0] or 0
            if not count:
                raise UnsupportedError("the initial state ‘%s’ does not state how many layers and directions it is for" % port.name)
            pieces = []
            for n in range(count):
                one = self.graph.add("Cropping1D", port.name + "_row", {"cropping": [n, count - 1 - n]}, [turned]) if count > 1 else turned
                pieces.append(self.graph.add("Flatten", port.name + "_row", {}, [one], rank=2))
            return Value(None, [("D", count), ("H", sizes[2])], [("D",), (BATCH,), ("H",)], False, pieces)
        if len(sizes) == 3 and not tokens and sizes[2] is not None:
            axes: list[tuple[str, ...]] = [(BATCH,), (TIME,), ("F",)]
            factors = [("F", sizes[2])]
        elif len(sizes) == 2 and tokens:
            axes, factors = [(BATCH,), (TIME,)], []
        elif len(sizes) == 2 and sizes[1] is not None:
            axes, factors = [(BATCH,), ("F",)], [("F", sizes[1])]
        else:
            raise UnsupportedError("the input ‘%s’ has the shape %s; liblstm takes [batch, steps, features], tokens or [batch, features]"
                                   % (port.name, sizes))
        timed = len(sizes) == 3 or tokens
        if timed and self.first == TIME:
            axes[0], axes[1] = axes[1], axes[0]
        for axis, size in zip(axes, sizes):
            if axis[0] in (BATCH, TIME) and size is not None:
                self.layouts.sizes[axis[0]] = size
        free: list[Any] = [None, None] if timed else [None]
        wire = self.graph.input(port.name, free + [size for _, size in factors], "int32" if tokens else "float32")
        self.inputs.append(wire)
        if timed and self.first == TIME:
            wire = self.graph.add("Transpose", port.name + "_rows", {"axes": [1, 0] + ([2] if factors else [])}, [wire])
        return Value(wire, factors, axes, timed)

    def node(self, node: Any) -> None:
        if node.domain not in ("", "ai.onnx"):
            raise UnsupportedError("the graph has a node %s of the domain ‘%s’" % (node.op_type, node.domain))
        attributes = {a.name: self.onnx.helper.get_attribute_value(a) for a in node.attribute}
        attributes = {key: value.decode() if isinstance(value, bytes) else value for key, value in attributes.items()}
        given = [self.values.get(name) for name in node.input]
        for name in node.input:
            if name not in self.values:
                raise FormatError("node ‘%s’ (%s) reads ‘%s’, which nothing before it makes" % (node.name, node.op_type, name))
        title = node.name or (node.output[0] if node.output else node.op_type)
        from . import onnx_nodes
        if node.op_type in GATES:
            found = self.recurrent(title, node.op_type, attributes, given)
        elif all(not isinstance(value, (Value, Zeros, Dims)) for value in given) and node.op_type in onnx_nodes.CONSTANT:
            found = [onnx_nodes.CONSTANT[node.op_type](attributes, *given)]
            if node.op_type == "Constant":
                found = [self.constant(attributes["value"])] if "value" in attributes else found
        elif node.op_type in onnx_nodes.NODES:
            found = onnx_nodes.NODES[node.op_type](self, title, attributes, given, node)
        else:
            raise UnsupportedError("the graph has a node ‘%s’ (%s), which liblstm does not support" % (title, node.op_type))
        for name, value in zip(node.output, found):
            self.values[name] = value

    def recurrent(self, title: str, kind: str, attributes: dict[str, Any], given: Sequence[Any]) -> list[Any]:
        given = list(given) + [None] * (8 - len(given))
        arrays = [given[1], given[2], given[3], given[7] if kind == "LSTM" else None]
        if any(isinstance(a, (Value, Dims, Zeros)) for a in arrays):
            raise UnsupportedError("node ‘%s’ (%s) has weights that are computed" % (title, kind))
        node = Node(title, kind, attributes, arrays)
        self.old = self.old or any("hard_sigmoid" in functions for functions in node.functions)
        x = given[0]
        wanted = [(BATCH,), (TIME,)] if node.layout else [(TIME,), (BATCH,)]
        if not isinstance(x, Value) or x.axes[:-1] != wanted or not x.ends_in_features:
            raise UnsupportedError("node ‘%s’ (%s) reads a sequence whose dimensions liblstm cannot tell: %s"
                                   % (title, kind, getattr(x, "axes", "a constant")))
        if x.features != node.inputs:
            raise FormatError("node ‘%s’ (%s) reads %d features; its W is for %d" % (title, kind, x.features, node.inputs))
        sequence = x.joined(self.graph)
        mask = None
        if given[4] is not None:
            if not isinstance(given[4], Value):
                raise UnsupportedError("node ‘%s’ (%s) has fixed sequence_lens; liblstm takes them as an input" % (title, kind))
            mask = self.graph.add("SequenceMask", title + "_mask", {}, [sequence, given[4].joined(self.graph)], rank=2)
        initial, stored = self.initial(node, given[5:7] if kind == "LSTM" else given[5:6])
        output, h, c = node.add(self.graph, sequence, mask, initial, stored)
        factors = [("D", node.count), ("H", node.hidden)]
        if node.layout:
            axes, state_axes = [(BATCH,), (TIME,), ("D",), ("H",)], [(BATCH,), ("D",), ("H",)]
        else:
            axes, state_axes = [(TIME,), ("D",), (BATCH,), ("H",)], [("D",), (BATCH,), ("H",)]
        found: list[Any] = [Value(output, factors, axes, True), Value(None, factors, state_axes, False, h)]
        if c:
            found.append(Value(None, factors, state_axes, False, c))
        return found

    def initial(self, node: Node, given: Sequence[Any]) -> tuple[list[Wire], list[Any]]:
        """Initial states: values of the graph, fixed numbers, or none where they are zeros."""
        if all(self.is_zero(state) for state in given):
            return [], []
        if all(isinstance(state, Value) and len(state.pieces) == node.count for state in given):
            wires = [[piece for piece in state.pieces] for state in given]
            return [wires[part][n] for n in range(node.count) for part in range(len(given))], []
        fixed = []
        for state in given:
            array = np.zeros((node.count, 1, node.hidden), np.float32) if self.is_zero(state) else state
            if not isinstance(array, np.ndarray) or array.ndim != 3:
                raise UnsupportedError("%s has initial states that liblstm cannot follow" % node.title)
            array = array.swapaxes(0, 1) if node.layout and not self.is_zero(state) else array
            if array.shape[0] != node.count or array.shape[2] != node.hidden or (array != array[:, :1]).any():
                raise UnsupportedError("%s has fixed initial states that differ from row to row" % node.title)
            fixed.append(array[:, 0])
        return [], fixed

    @staticmethod
    def is_zero(state: Any) -> bool:
        return state is None or isinstance(state, Zeros) or (isinstance(state, np.ndarray) and not state.any())


