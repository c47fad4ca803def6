"""The nodes that change layouts: transposing, reshaping, taking a step or a state, joining; and what they make of shapes."""
from __future__ import annotations

from typing import Any, Callable, Optional, Sequence

import numpy as np

from .._errors import UnsupportedError
from .onnx_values import BATCH, TIME, Dims, Value, Zeros


def refuse(title: str, kind: str, reason: str) -> UnsupportedError:
    return UnsupportedError("the graph has a node ‘%s’ (%s) that %s, which liblstm does not support" % (title, kind, reason))


def _integers(value: Any, attributes: dict[str, Any], key: str) -> Optional[list[int]]:
    """A list that older versions state as an attribute and newer ones as an input."""
    if value is None:
        listed = attributes.get(key)
        return None if listed is None else [int(n) for n in listed]
    if isinstance(value, Dims):
        return [int(n) for n in value.entries]
    return [int(n) for n in np.asarray(value).ravel()]


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
        raise refuse(title, "Reshape", "has ‘allowzero’")
    if isinstance(given[0], (Zeros, Dims)):
        return [given[0]]
    target = given[1].entries if isinstance(given[1], Dims) else [int(n) for n in np.asarray(given[1]).ravel()]
    return [reader.layouts.reshaped(given[0], target)]


def _flatten(reader: Any, title: str, attributes: dict[str, Any], given: Sequence[Any], node: Any) -> list[Any]:
    x = given[0]
    axis = int(attributes.get("axis", 1))
    if axis != 1 or x.timed or x.axes[0] != (BATCH,):
        raise refuse(title, "Flatten", "joins time or batch with something else")
    return [reader.layouts.reshaped(x, [x.axes[0], -1])]


def _shape(reader: Any, title: str, attributes: dict[str, Any], given: Sequence[Any], node: Any) -> list[Any]:
    if not isinstance(given[0], Value):
        raise refuse(title, "Shape", "asks for the shape of what is no array of the model")
    dims = reader.layouts.shape(given[0])
    return [Dims(dims.entries[attributes.get("start", 0):attributes.get("end", len(dims.entries))])]


def _gather(reader: Any, title: str, attributes: dict[str, Any], given: Sequence[Any], node: Any) -> list[Any]:
    data, places = given
    axis = int(attributes.get("axis", 0))
    if isinstance(data, np.ndarray) and isinstance(places, Value):
        if data.ndim != 2 or axis != 0 or places.factors:
            raise refuse(title, "Gather", "is no embedding of tokens")
        wire = reader.graph.add("Embedding", title, {"input_dim": int(data.shape[0]), "output_dim": int(data.shape[1]), "mask_zero": False},
                                [places.joined(reader.graph)], rank=3 if places.timed else 2, weights={"embeddings": data})
        return [Value(wire, [("F", int(data.shape[1]))], [*places.axes, ("F",)], places.timed)]
    if isinstance(data, Dims):
        which = [int(n) for n in np.asarray(places).ravel()]
        return [Dims([data.entries[n] for n in which], scalar=np.ndim(places) == 0)]
    if isinstance(data, Value) and isinstance(places, np.ndarray) and places.size == 1:
        return [_pick(reader, title, data, axis % len(data.axes), int(places.ravel()[0]), keeps=places.ndim > 0)]
    raise refuse(title, "Gather", "takes something else than one step, one state or embeddings")


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
    raise refuse(title, "Gather", "takes a part of the dimension %s" % (name,))


def _slice(reader: Any, title: str, attributes: dict[str, Any], given: Sequence[Any], node: Any) -> list[Any]:
    x = given[0]
    given = list(given) + [None] * 5
    starts, ends = (_integers(given[n], attributes, key) or [] for n, key in ((1, "starts"), (2, "ends")))
    axes = _integers(given[3], attributes, "axes") or list(range(len(starts)))
    steps = _integers(given[4], attributes, "steps") or [1] * len(starts)
    if isinstance(x, Dims):
        return [Dims(x.entries[starts[0]:ends[0]:steps[0]])]
    if not isinstance(x, Value) or len(starts) != 1 or steps != [1]:
        raise refuse(title, "Slice", "cuts several dimensions, or takes not every step")
    axis = axes[0] % len(x.axes)
    if x.axes[axis] == ("D",) and x.pieces:
        pieces = x.pieces[starts[0]:ends[0]]
        if pieces:
            return [Value(None, [("D", len(pieces)), *[f for f in x.factors if f[0] != "D"]], x.axes, False, pieces)]
    if x.axes[axis] == (TIME,) and starts[0] == -1 and ends[0] >= (1 << 30):
        return [_pick(reader, title, x, axis, -1, keeps=True)]
    raise refuse(title, "Slice", "takes a part of the dimension %s" % (x.axes[axis],))


def _split(reader: Any, title: str, attributes: dict[str, Any], given: Sequence[Any], node: Any) -> list[Any]:
    x = given[0]
    axis = int(attributes.get("axis", 0))
    sizes = _integers(given[1] if len(given) > 1 else None, attributes, "split") or []
    if not isinstance(x, Value) or x.axes[axis] != ("D",) or not x.pieces:
        raise refuse(title, "Split", "cuts something else than states")
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
        raise refuse(title, "Concat", "joins arrays with what is none")
    axis %= len(given[0].axes)
    if all(x.axes[axis] in ((), ("D",)) and len(x.factors) in (1, 2) and not x.timed for x in given) and axis != len(given[0].axes) - 1:
        pieces = [piece for x in given for piece in (x.pieces or [x.joined(reader.graph)])]
        size = next(size for name, size in given[0].factors if name != "D")
        axes = [("D",) if n == axis else ((BATCH,) if one == (BATCH,) else ("H",)) for n, one in enumerate(given[0].axes)]
        return [Value(None, [("D", len(pieces)), ("H", size)], axes, False, pieces)]
    if axis != len(given[0].axes) - 1 or any(not x.ends_in_features or x.axes[:-1] != given[0].axes[:-1] for x in given):
        raise refuse(title, "Concat", "joins something else than features")
    wire = reader.graph.add("Concatenate", title, {"axis": -1}, [x.joined(reader.graph) for x in given])
    return [Value(wire, [("F", sum(x.features for x in given))], [*given[0].axes[:-1], ("F",)], given[0].timed)]


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
    raise refuse(title, node.op_type, "makes an array of other numbers than zeros")


def _same(reader: Any, title: str, attributes: dict[str, Any], given: Sequence[Any], node: Any) -> list[Any]:
    return [given[0]]


LAYOUT: dict[str, Callable[..., list[Any]]] = {
    "Transpose": _transpose, "Squeeze": _squeeze, "Unsqueeze": _unsqueeze, "Reshape": _reshape, "Flatten": _flatten, "Shape": _shape,
    "Gather": _gather, "Slice": _slice, "Split": _split, "Concat": _concat, "ConstantOfShape": _fill, "Expand": _fill, "Identity": _same,
    "Dropout": _same, "Cast": _same,
}
