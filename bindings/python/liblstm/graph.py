"""Networks described in Python: layers, what they are called with, and the JSON of Keras that says the same."""
from __future__ import annotations

import inspect
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Optional

from ._errors import ArgumentError

_COMMON = {"name": None, "trainable": True, "dtype": "float32"}


class Tensor:
    """What a layer makes of its inputs, before there are numbers: an output of one call."""

    def __init__(self, call: "Call", index: int) -> None:
        self.call, self.index = call, index

    def __repr__(self) -> str:
        return "<output %d of %s>" % (self.index, type(self.call.layer).__name__)

    def __array__(self, *_: Any, **__: Any) -> Any:
        raise ArgumentError("a layer's output has no numbers yet: make a Model of its inputs and outputs, and predict with that")


class Call:
    """One use of a layer."""

    def __init__(self, layer: "Layer", arguments: Sequence[Any], named: Mapping[str, Any]) -> None:
        self.layer, self.arguments, self.named = layer, list(arguments), dict(named)

    def inputs(self) -> list[Tensor]:
        """All outputs of other calls that it uses."""
        found: list[Tensor] = []

        def walk(value: Any) -> None:
            if isinstance(value, Tensor):
                found.append(value)
            elif isinstance(value, (list, tuple)):
                for one in value:
                    walk(one)

        walk([*self.arguments, *self.named.values()])
        return found


class Layer:
    """A layer by the name and with the options that Keras has for it."""

    #: Options in the order in which they may be given without their names.
    OPTIONS: dict[str, Any] = {}
    __signature__: inspect.Signature

    def __init_subclass__(cls) -> None:
        kind = inspect.Parameter
        parameters = [kind(name, kind.POSITIONAL_OR_KEYWORD, default=kind.empty if default is REQUIRED else default)
                      for name, default in cls.OPTIONS.items()]
        common = [kind(name, kind.KEYWORD_ONLY, default=default) for name, default in _COMMON.items() if name not in cls.OPTIONS]
        cls.__signature__ = inspect.Signature([*parameters, *common, kind("input_shape", kind.KEYWORD_ONLY, default=None)])

    def __init__(self, *arguments: Any, **options: Any) -> None:
        try:
            bound = self.__signature__.bind(*arguments, **options)
        except TypeError as reason:
            known = ", ".join(self.__signature__.parameters)
            raise ArgumentError("%s: %s; it takes %s" % (type(self).__name__, reason, known)) from reason
        bound.apply_defaults()
        self.options = dict(bound.arguments)
        self.name: Optional[str] = self.options.pop("name")
        self.input_shape = self.options.pop("input_shape")
        self.calls: list[Call] = []

    def outputs(self) -> int:
        """How many outputs a call has."""
        return 1

    def config(self, name: str) -> dict[str, Any]:
        """What Keras' get_config() would say."""
        return {"name": name, **{key: plain(value, "%s: the option %s" % (name, key)) for key, value in self.options.items()}}

    def entry(self, name: str) -> dict[str, Any]:
        """The layer in the JSON of Keras."""
        return {"class_name": type(self).__name__, "config": self.config(name)}

    def __call__(self, *inputs: Any, **named: Any) -> Any:
        call = Call(self, inputs, named)
        if not call.inputs():
            raise ArgumentError("%s is called without an output of another layer; begin with Input(shape)" % type(self).__name__)
        self.calls.append(call)
        made = [Tensor(call, index) for index in range(self.outputs())]
        return made[0] if len(made) == 1 else made

    def __repr__(self) -> str:
        return "<%s%s>" % (type(self).__name__, "" if self.name is None else " %r" % self.name)


#: The default of an option that must be given.
REQUIRED: Any = inspect.Parameter.empty


class InputLayer(Layer):
    """The input of a network."""

    OPTIONS = {"batch_shape": REQUIRED, "dtype": "float32", "sparse": False, "ragged": False}

    def entry(self, name: str) -> dict[str, Any]:
        return {"class_name": "InputLayer", "config": {key: value for key, value in self.config(name).items() if key != "trainable"}}


def Input(shape: Optional[Iterable[Optional[int]]] = None, batch_size: Optional[int] = None, dtype: str = "float32",
          name: Optional[str] = None, batch_shape: Optional[Iterable[Optional[int]]] = None) -> Tensor:
    """An input of a functional network, or the first entry of a Sequential: `shape` without the batch, None where it is free."""
    if (shape is None) == (batch_shape is None):
        raise ArgumentError("Input takes a shape without the batch, or a batch_shape with it")
    whole = _shape(batch_shape) if batch_shape is not None else [batch_size, *_shape(shape)]
    layer = InputLayer(batch_shape=whole, dtype=dtype, name=name)
    call = Call(layer, [], {})
    layer.calls.append(call)
    return Tensor(call, 0)


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
        chain.insert(0, InputLayer(batch_shape=[None, *_shape(shape)], dtype=dtype))
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


def plain(value: Any, what: str) -> Any:
    """A value as JSON has it."""
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, Mapping):
        return {str(key): plain(one, what) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(one, what) for one in value]
    if hasattr(value, "item") and getattr(value, "ndim", 1) == 0:
        return value.item()
    raise ArgumentError("%s is %r, which has no JSON; give a number, a name, or an object such as liblstm.initializers.Orthogonal(gain=2)"
                        % (what, value))


def snake(name: str) -> str:
    """`SimpleRNN` as `simple_rnn`, as Keras does it."""
    return re.sub(r"([a-z])([A-Z])", r"\1_\2", re.sub(r"(.)([A-Z][a-z0-9]+)", r"\1_\2", name)).lower()


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


def _shape(shape: Any) -> list[Optional[int]]:
    """Dimensions as JSON has them; the library says what is wrong with them."""
    try:
        return [None if size is None else int(size) for size in ([shape] if isinstance(shape, int) else shape)]
    except (TypeError, ValueError) as reason:
        raise ArgumentError("the shape %r is none; expected numbers, None where a dimension is free" % (shape,)) from reason


def _whole(kind: str, name: str, config: Mapping[str, Any]) -> dict[str, Any]:
    return {"class_name": kind, "config": {"name": name, **config}, "keras_version": "3"}
