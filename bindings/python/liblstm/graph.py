"""Networks described in Python, a chain or a graph of layers, as the JSON of Keras."""
from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Optional

from ._errors import ArgumentError
from .layer import Call, InputLayer, Layer, Tensor, dimensions, plain, snake


def sequential(layers: Iterable[Any], name: Optional[str]) -> dict[str, Any]:
    """The JSON of a chain of layers."""
    chain = [layer.call.layer if isinstance(layer, Tensor) and isinstance(layer.call.layer, InputLayer) else layer for layer in layers]
    for layer in chain:
        if not isinstance(layer, Layer):
            raise ArgumentError("Sequential has %r in its list; expected layers" % (layer,))
    if len({id(layer) for layer in chain}) != len(chain):
        raise ArgumentError("a layer occurs twice in the list of a Sequential")
    if not chain:
        raise ArgumentError("Sequential has no layers")
    first = chain[0]
    if not isinstance(first, InputLayer):
        shape = first.input_shape
        if shape is None and type(first).__name__ == "Embedding":
            shape = [None]
        if shape is None:
            raise ArgumentError("the network's input shape is not known: begin with Input(shape), or give the first layer input_shape")
        dtype = "int32" if type(first).__name__ == "Embedding" else "float32"
        chain.insert(0, InputLayer(batch_shape=[None, *dimensions(shape)], dtype=dtype))
    names = _names(chain)
    return _whole("Sequential", name or "sequential", {"layers": [layer.entry(names[id(layer)]) for layer in chain]})


def functional(inputs: Any, outputs: Any, name: Optional[str]) -> dict[str, Any]:
    """The JSON of the network between some inputs and outputs."""
    ends = [_tensors(inputs, "inputs"), _tensors(outputs, "outputs")]
    for tensor in ends[0]:
        if not isinstance(tensor.call.layer, InputLayer):
            raise ArgumentError("%r is among the inputs of a Model; expected what Input() returned" % tensor)
    calls = _ordered(ends[0], ends[1])
    layers: list[Layer] = []
    for call in calls:
        if not any(layer is call.layer for layer in layers):
            layers.append(call.layer)
    names = _names(layers)
    place: dict[int, tuple[str, int]] = {}
    used: dict[int, list[Call]] = {}
    for call in calls:
        mine = used.setdefault(id(call.layer), [])
        place[id(call)] = names[id(call.layer)], len(mine)
        mine.append(call)

    def reference(tensor: Tensor) -> list[Any]:
        layer, node = place[id(tensor.call)]
        return [layer, node, tensor.index]

    def argument(value: Any) -> Any:
        if isinstance(value, Tensor):
            return {"class_name": "__keras_tensor__", "config": {"keras_history": reference(value)}}
        return [argument(one) for one in value] if isinstance(value, (list, tuple)) else plain(value, "an argument of a call")

    entries = []
    for layer in layers:
        nodes = [{"args": [argument(one) for one in call.arguments], "kwargs": {key: argument(one) for key, one in call.named.items()}}
                 for call in used[id(layer)] if not isinstance(layer, InputLayer)]
        entries.append({**layer.entry(names[id(layer)]), "name": names[id(layer)], "inbound_nodes": nodes})
    inside, outside = ([reference(tensor) for tensor in side] for side in ends)
    return _whole("Functional", name or "functional", {"layers": entries, "input_layers": inside, "output_layers": outside})


def _names(layers: Sequence[Layer]) -> dict[int, str]:
    """A name for each layer: its own, or its class's with a number."""
    names: dict[int, str] = {}
    taken = {layer.name for layer in layers if layer.name is not None}
    counts: dict[str, int] = {}
    for layer in layers:
        if layer.name is not None:
            names[id(layer)] = layer.name
            continue
        base = snake(type(layer).__name__)
        while True:
            number = counts.get(base, 0)
            counts[base] = number + 1
            name = base if number == 0 else "%s_%d" % (base, number)
            if name not in taken:
                break
        names[id(layer)] = name
    return names


def _ordered(inputs: Sequence[Tensor], outputs: Sequence[Tensor]) -> list[Call]:
    """The calls that lead from the inputs to the outputs, each after those that it uses, without recursion."""
    known = {id(tensor.call) for tensor in inputs}
    order = [tensor.call for tensor in inputs]
    stack: list[tuple[Call, bool]] = [(tensor.call, False) for tensor in reversed(outputs)]
    while stack:
        call, ready = stack.pop()
        if id(call) in known:
            continue
        if ready:
            known.add(id(call))
            order.append(call)
            continue
        if isinstance(call.layer, InputLayer):
            raise ArgumentError("the outputs depend on an input (%r) that is not among the inputs of the Model" % call.layer)
        stack.append((call, True))
        stack += [(tensor.call, False) for tensor in reversed(call.inputs())]
    return order


def _tensors(value: Any, what: str) -> list[Tensor]:
    found = list(value) if isinstance(value, (list, tuple)) else [value]
    for one in found:
        if not isinstance(one, Tensor):
            raise ArgumentError("%s of a Model has %r; expected what Input() or a layer returned" % (what, one))
    return found


def _whole(kind: str, name: str, config: Mapping[str, Any]) -> dict[str, Any]:
    return {"class_name": kind, "config": {"name": name, **config}, "keras_version": "3"}
