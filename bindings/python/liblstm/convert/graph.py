"""An architecture in Keras 3's words, layer by layer, with the weights under the names that liblstm gives them."""
from __future__ import annotations

import re
from typing import Any, Optional, Sequence

OPERATIONS = ("Transpose", "Flip")


class Wire:
    """An output of a layer, with so many dimensions."""

    def __init__(self, layer: str, rank: int, tensor: int = 0) -> None:
        self.layer, self.rank, self.tensor = layer, rank, tensor

    def output(self, tensor: int, rank: int) -> Wire:
        return Wire(self.layer, rank, tensor)

    def history(self) -> list[Any]:
        return [self.layer, 0, self.tensor]


class Graph:
    """Layers, each called once, and their weights."""

    def __init__(self) -> None:
        self.layers: list[dict[str, Any]] = []
        self.arrays: dict[str, Any] = {}
        self._names: set[str] = set()

    def input(self, name: str, shape: Sequence[Optional[int]], dtype: str) -> Wire:
        name = self._unique(name)
        self._append("InputLayer", name, {"batch_shape": list(shape), "dtype": dtype, "name": name}, [])
        return Wire(name, len(shape))

    def add(self, kind: str, name: str, config: dict[str, Any], inputs: Sequence[Wire], rank: Optional[int] = None,
            weights: Optional[dict[str, Any]] = None, **named: Sequence[Wire]) -> Wire:
        """A layer; `named` are arguments such as mask and initial_state."""
        name = self._unique(name)
        arguments = [_tensor(inputs[0])] if len(inputs) == 1 else [[_tensor(wire) for wire in inputs]]
        keywords = {key: _tensor(wires[0]) if len(wires) == 1 else [_tensor(wire) for wire in wires] for key, wires in named.items()
                    if wires}
        self._append(kind, name, dict(config, name=name), [{"args": arguments, "kwargs": keywords}])
        for weight, array in (weights or {}).items():
            self.arrays[name + "/" + weight] = array
        return Wire(name, inputs[0].rank if rank is None else rank)

    def layer(self, name: str) -> dict[str, Any]:
        """A layer that was added."""
        return next(layer for layer in self.layers if layer["name"] == name)

    def model(self, inputs: Sequence[Wire], outputs: Sequence[Wire]) -> dict[str, Any]:
        config = {"name": "onnx", "layers": self.layers, "input_layers": [wire.history() for wire in inputs],
                  "output_layers": [wire.history() for wire in outputs]}
        return {"module": "keras.src.models.functional", "class_name": "Functional", "config": config, "registered_name": "Functional"}

    def _append(self, kind: str, name: str, config: dict[str, Any], calls: list[Any]) -> None:
        module = "keras.src.ops.numpy" if kind in OPERATIONS else "keras.layers"
        self.layers.append({"module": module, "class_name": kind, "config": config, "registered_name": kind if kind in OPERATIONS else None,
                            "name": name, "inbound_nodes": calls})

    def _unique(self, name: str) -> str:
        base = re.sub(r"[^A-Za-z0-9_-]+", "_", name).strip("_") or "layer"
        result, number = base, 0
        while result in self._names:
            number += 1
            result = "%s_%d" % (base, number)
        self._names.add(result)
        return result


def inner(kind: str, name: str, config: dict[str, Any]) -> dict[str, Any]:
    """A layer inside another."""
    return {"module": "keras.layers", "class_name": kind, "config": dict(config, name=name), "registered_name": None}


def _tensor(wire: Wire) -> dict[str, Any]:
    return {"class_name": "__keras_tensor__",
            "config": {"shape": [None] * wire.rank, "dtype": "float32", "keras_history": wire.history()}}
