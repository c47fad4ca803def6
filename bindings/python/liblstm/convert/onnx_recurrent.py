"""ONNX' RNN, GRU and LSTM as Keras' layers with liblstm's further options."""
from __future__ import annotations

from typing import Any, Optional, Sequence

import numpy as np

from .._errors import FormatError, UnsupportedError
from .graph import Graph, Wire, inner

GATES = {"RNN": 1, "GRU": 3, "LSTM": 4}
# Of ONNX' gates i, o, f, c and peepholes i, o, f, and what is made of them.
LSTM_ORDER = [0, 2, 3, 1]
PEEPHOLE_ORDER = [0, 2, 1]
USUAL = {"RNN": ["Tanh"], "GRU": ["Sigmoid", "Tanh"], "LSTM": ["Sigmoid", "Tanh", "Tanh"]}
PLAIN = {"Sigmoid": "sigmoid", "Tanh": "tanh", "Relu": "relu", "Softsign": "softsign", "Softplus": "softplus"}


class Node:
    """A recurrent node: its weights, one set for each direction, and its attributes."""

    def __init__(self, name: str, kind: str, attributes: dict[str, Any], arrays: Sequence[Any]) -> None:
        self.name, self.kind = name, kind
        self.direction = attributes.get("direction", "forward")
        if self.direction not in ("forward", "reverse", "bidirectional"):
            raise FormatError("%s has the direction %r" % (self.title, self.direction))
        self.count = 2 if self.direction == "bidirectional" else 1
        self.layout = int(attributes.get("layout", 0))
        self.clip = float(attributes.get("clip", 0.0))
        self.couples = bool(attributes.get("input_forget", 0))
        self.resets_after = bool(attributes.get("linear_before_reset", 0))
        self.weights, self.recurrent, self.bias, self.peepholes = arrays
        shapes = [None if a is None else a.shape for a in arrays]
        gates = GATES[kind]
        hidden = attributes.get("hidden_size") or (shapes[1] or (0, 0, 0))[-1]
        self.hidden = int(hidden)
        wide = gates * self.hidden
        wanted: list[Optional[tuple[int, ...]]] = [(self.count, wide, shapes[0][-1] if shapes[0] else 0), (self.count, wide, self.hidden),
                                                  (self.count, 2 * wide), (self.count, 3 * self.hidden)]
        for what, shape, expected in zip(("W", "R", "B", "P"), shapes, wanted):
            if (shape is None and what in "WR") or (shape is not None and shape != expected):
                raise FormatError("%s has an input %s of the shape %s; expected %s" % (self.title, what, shape, expected))
        self.inputs = int(self.weights.shape[2])
        self.functions = self._functions(attributes)
        known = {"direction", "layout", "clip", "input_forget", "linear_before_reset", "hidden_size", "activations", "activation_alpha",
                 "activation_beta", "output_sequence"}
        for key in attributes:
            if key not in known:
                raise UnsupportedError("%s has an attribute ‘%s’, which liblstm does not know" % (self.title, key))

    @property
    def title(self) -> str:
        return "node ‘%s’ (%s)" % (self.name, self.kind)

    def _functions(self, attributes: dict[str, Any]) -> list[list[str]]:
        names = [n.decode() if isinstance(n, bytes) else str(n) for n in attributes.get("activations", [])]
        each = len(USUAL[self.kind])
        names = names or USUAL[self.kind] * self.count
        if len(names) == each and self.count == 2:
            names = names * 2
        if len(names) != each * self.count:
            raise FormatError("%s has %d activations; expected %d" % (self.title, len(names), each * self.count))
        alpha, beta = list(attributes.get("activation_alpha", [])), list(attributes.get("activation_beta", []))
        found = [self._function(name, alpha, beta) for name in names]
        return [found[n * each:(n + 1) * each] for n in range(self.count)]

    def _function(self, name: str, alpha: list[float], beta: list[float]) -> str:
        canonical = next((one for one in list(PLAIN) + ["HardSigmoid", "Elu"] if one.lower() == name.lower()), name)
        if canonical in PLAIN:
            return PLAIN[canonical]
        if canonical == "HardSigmoid":
            slope, shift = alpha.pop(0) if alpha else 0.2, beta.pop(0) if beta else 0.5
            if abs(shift - 0.5) < 1e-6 and abs(slope - 0.2) < 1e-6:
                return "hard_sigmoid"
            raise UnsupportedError("%s has a HardSigmoid of slope %g and shift %g; liblstm supports 0.2 and 0.5"
                                   % (self.title, slope, shift))
        if canonical == "Elu" and (alpha.pop(0) if alpha else 1.0) == 1.0:
            return "elu"
        raise UnsupportedError("%s has the activation ‘%s’, which liblstm does not support" % (self.title, name))

    def config(self, direction: int, masked: bool, stored: bool) -> dict[str, Any]:
        """The layer of one direction."""
        functions = self.functions[direction]
        config: dict[str, Any] = {"units": self.hidden, "activation": functions[-1 if self.kind != "LSTM" else 1],
                                  "use_bias": self.bias is not None, "return_sequences": True, "return_state": True,
                                  "go_backwards": direction == 1 or self.direction == "reverse"}
        if self.kind != "RNN":
            config["recurrent_activation"] = functions[0]
        if self.kind == "GRU":
            config["reset_after"] = self.resets_after
        if self.bias is not None and not (self.kind == "GRU" and self.resets_after):
            config["recurrent_bias"] = True
        if self.clip > 0:
            config["clip"] = self.clip
        if masked:
            config["zero_output_for_mask"] = True
        if stored:
            config["stored_initial_state"] = True
        if self.kind == "LSTM":
            if functions[2] != functions[1]:
                config["output_activation"] = functions[2]
            if self.couples:
                config["input_forget"] = True
            if self.peepholes is not None:
                config["peepholes"] = True
        return config

    def arrays(self, direction: int, states: Sequence[Any]) -> dict[str, Any]:
        """The weights of one direction in Keras' orientation; `states`: those that it begins with, if they are fixed."""
        order = LSTM_ORDER if self.kind == "LSTM" else list(range(GATES[self.kind]))

        def gates(a: Any) -> Any:
            parts = np.split(a, len(order), axis=0)
            return np.concatenate([parts[n] for n in order], axis=0)
        arrays = {"kernel": gates(self.weights[direction]).T, "recurrent_kernel": gates(self.recurrent[direction]).T}
        if self.bias is not None:
            halves = np.split(self.bias[direction], 2)
            arrays["bias"] = np.stack([gates(halves[0]), gates(halves[1])])
        if self.peepholes is not None:
            arrays["peephole_kernel"] = np.stack([np.split(self.peepholes[direction], 3)[n] for n in PEEPHOLE_ORDER])
        for name, state in zip(("initial_h", "initial_c"), states):
            arrays[name] = state[direction]
        return arrays

    def add(self, graph: Graph, x: Wire, mask: Optional[Wire], initial: Sequence[Wire],
            stored: Sequence[Any]) -> tuple[Wire, list[Wire], list[Wire]]:
        """The node's layers: all outputs, and the last h and c of each direction. `initial`: h (and c) of each direction in turn."""
        kind = {"RNN": "SimpleRNN"}.get(self.kind, self.kind)
        named = {"mask": [mask] if mask else [], "initial_state": list(initial)}
        each = 2 if self.kind == "LSTM" else 1
        base = self.name.replace("/", "_").strip("_") or kind.lower()
        if self.count == 1:
            wire = graph.add(kind, base, self.config(0, mask is not None, bool(stored)), [x], rank=3, weights=self.arrays(0, stored),
                             **named)
            output = graph.add("Flip", base + "_flip", {"axis": 1}, [wire]) if self.direction == "reverse" else wire
        else:
            prefixes = ("forward_", "backward_")
            parts = [inner(kind, prefix + "rnn", self.config(n, mask is not None, bool(stored))) for n, prefix in enumerate(prefixes)]
            wire = graph.add("Bidirectional", base, {"layer": parts[0], "backward_layer": parts[1], "merge_mode": "concat"}, [x], rank=3,
                             weights={"%srnn/%s" % (prefix, name): array for n, prefix in enumerate(prefixes)
                                      for name, array in self.arrays(n, stored).items()}, **named)
            output = wire
        h = [wire.output(1 + n * each, 2) for n in range(self.count)]
        c = [wire.output(2 + n * each, 2) for n in range(self.count)] if each == 2 else []
        return output, h, c
