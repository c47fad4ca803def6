"""A layer as Python describes it: its options, what it is called with, and its entry in the JSON of Keras."""
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


class _Signature:
    """The signature of a class of layers, made when it is first asked for: all of them at once would be felt at every import."""

    def __get__(self, _: Any, owner: "type[Layer]") -> inspect.Signature:
        kind = inspect.Parameter
        parameters = [kind(name, kind.POSITIONAL_OR_KEYWORD, default=kind.empty if default is REQUIRED else default)
                      for name, default in owner.OPTIONS.items()]
        common = [kind(name, kind.KEYWORD_ONLY, default=default) for name, default in _COMMON.items() if name not in owner.OPTIONS]
        return inspect.Signature([*parameters, *common, kind("input_shape", kind.KEYWORD_ONLY, default=None)])


class Layer:
    """A layer by the name and with the options that Keras has for it."""

    #: Options in the order in which they may be given without their names.
    OPTIONS: dict[str, Any] = {}
    __signature__ = _Signature()

    def __init__(self, *arguments: Any, **options: Any) -> None:
        signature = self.__signature__
        try:
            bound = signature.bind(*arguments, **options)
        except TypeError as reason:
            known = ", ".join(signature.parameters)
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
    whole = dimensions(batch_shape) if batch_shape is not None else [batch_size, *dimensions(shape)]
    layer = InputLayer(batch_shape=whole, dtype=dtype, name=name)
    call = Call(layer, [], {})
    layer.calls.append(call)
    return Tensor(call, 0)


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


def dimensions(shape: Any) -> list[Optional[int]]:
    """Dimensions as JSON has them; the library says what is wrong with them."""
    try:
        return [None if size is None else int(size) for size in ([shape] if isinstance(shape, int) else shape)]
    except (TypeError, ValueError) as reason:
        raise ArgumentError("the shape %r is none; expected numbers, None where a dimension is free" % (shape,)) from reason
