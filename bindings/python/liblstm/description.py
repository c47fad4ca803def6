"""What a model says about itself: its inputs and outputs, its layers, and what a file holds."""
from __future__ import annotations

import ctypes
import json
from dataclasses import dataclass, field
from typing import Any, Optional

from . import _c
from ._arrays import dtype_of, path_bytes, shape_of
from ._handle import Handle, text
from ._library import check, library, new
from .weights import Weights

Shape = tuple[Optional[int], ...]


@dataclass(frozen=True)
class TensorInfo:
    """An input or output. None stands for an unknown dimension: the batch, a free number of steps."""

    name: str
    shape: Shape
    dtype: str


@dataclass(frozen=True)
class Layer:
    """A layer, in the file's order. A nested model's layers are named "outer/inner"."""

    name: str
    type: str  #: Keras' class name
    options: dict[str, Any] = field(repr=False)  #: its configuration, as the file states it
    output_shape: Shape
    parameters: int
    trainable: bool
    traceable: bool  #: whether Model.trace can show its gates
    weights: Weights = field(repr=False, compare=False)


@dataclass(frozen=True)
class Report:
    """What a file holds and what of it is understood, as text; `loads` says whether liblstm.load would succeed."""

    text: str
    loads: bool

    def __str__(self) -> str:
        return self.text


def check_file(path: Any) -> Report:
    """Looks through a file, layer by layer, without making a model of it. A damaged file is a finding, not an error."""
    name, loads = path_bytes(path), ctypes.c_int32()
    written = text(lambda buffer, size, needed: int(library().lstm_check_file(name, buffer, size, needed, ctypes.byref(loads))))
    return Report(written, bool(loads.value))


def model_info(model: Handle) -> _c.ModelInfo:
    """The struct of that name."""
    info = new(_c.ModelInfo)
    check(library().lstm_model_get_info(model, ctypes.byref(info)))
    return info


def tensors(model: Handle, function: str, count: int) -> list[TensorInfo]:
    """The inputs or the outputs, as `function` gives them."""
    found = []
    for index in range(count):
        info = new(_c.TensorInfo)
        check(getattr(library(), function)(model, index, ctypes.byref(info)))
        found.append(TensorInfo(decoded(info.name), shape_of(info.rank, info.shape), str(dtype_of(info.dtype))))
    return found


def layers(model: Handle, count: int, weights: Weights, names: dict[int, list[str]]) -> list[Layer]:
    """All layers; `names` are the weights' names by layer."""
    found = []
    for index in range(count):
        info = new(_c.LayerInfo)
        check(library().lstm_model_get_layer(model, index, ctypes.byref(info)))
        found.append(Layer(decoded(info.name), decoded(info.type), json.loads(decoded(info.options) or "{}"),
                           shape_of(info.rank, info.shape), int(info.parameter_count), bool(info.trainable), bool(info.traceable),
                           weights.of(names.get(index, []))))
    return found


def decoded(name: Optional[bytes]) -> str:
    """A string of the library."""
    return (name or b"").decode("utf-8", "replace")
