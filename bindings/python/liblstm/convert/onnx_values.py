"""What flows through an ONNX graph while it is read: arrays of the new model, seen in ONNX' order of dimensions; constants; shapes."""
from __future__ import annotations

import math
from typing import Any, Optional, Sequence

from .._errors import UnsupportedError
from .graph import Graph, Wire

# Names of what a dimension may be made of: the batch, time, and parts of the features.
BATCH, TIME = "N", "T"
Axis = tuple[str, ...]


class Zeros:
    """Zeros of a shape that only a call knows."""


class Dims:
    """A list of dimensions: numbers, or axes of which only a call knows the size. A scalar if `scalar`."""

    def __init__(self, entries: Sequence[Any], scalar: bool = False) -> None:
        self.entries, self.scalar = list(entries), scalar


class Value:
    """An array of the model. Keras has it as [N, features] or [N, T, features]; `axes` says what each of ONNX' dimensions is made of.

    `factors`: the parts of the features, outermost first, with their sizes. `pieces`: for states, the vectors of which the first factor
    consists.
    """

    def __init__(self, wire: Optional[Wire], factors: Sequence[tuple[str, int]], axes: Sequence[Axis], timed: bool,
                 pieces: Sequence[Wire] = ()) -> None:
        self.wire, self.factors, self.axes, self.timed, self.pieces = wire, list(factors), list(axes), timed, list(pieces)
        # Whether it is a product that nothing else reads than what follows: a constant that is added is its bias.
        self.is_product = False

    def like(self, wire: Wire) -> Value:
        """The same layout, of another layer."""
        return Value(wire, self.factors, self.axes, self.timed)

    @property
    def names(self) -> Axis:
        return tuple(name for name, _ in self.factors)

    @property
    def features(self) -> int:
        return math.prod(size for _, size in self.factors)

    @property
    def ends_in_features(self) -> bool:
        return bool(self.axes) and self.axes[-1] == self.names

    def joined(self, graph: Graph) -> Wire:
        """The array itself; states are put side by side first."""
        if self.wire is None:
            self.wire = self.pieces[0] if len(self.pieces) == 1 else graph.add("Concatenate", "states", {"axis": -1}, self.pieces, rank=2)
        return self.wire


class Layouts:
    """Changes of layout, with the sizes of batch and time as far as the graph fixes them."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.sizes: dict[str, Optional[int]] = {BATCH: None, TIME: None}

    def size(self, value: Value, name: str) -> Optional[int]:
        return dict(value.factors).get(name, self.sizes.get(name))

    def shape(self, value: Value) -> Dims:
        """What ONNX' Shape gives."""
        entries: list[Any] = []
        for axis in value.axes:
            sizes = [self.size(value, name) for name in axis]
            entries.append(axis if any(size is None for size in sizes) else math.prod(size for size in sizes if size is not None))
        return Dims(entries)

    def transposed(self, value: Value, order: Sequence[int]) -> Value:
        return Value(value.wire, value.factors, [value.axes[n] for n in order], value.timed, value.pieces)

    def squeezed(self, value: Value, places: Optional[Sequence[int]]) -> Value:
        """Without axes of one number."""
        count = len(value.axes)
        if places is None:
            places = [n for n, axis in enumerate(value.axes) if all(self.size(value, name) == 1 for name in axis) and BATCH not in axis]
        gone = {n % count for n in places}
        dropped: set[str] = set()
        for n in gone:
            if any(self.size(value, name) != 1 or name in (BATCH, TIME) for name in value.axes[n]):
                raise UnsupportedError("the graph removes a dimension that is not 1, or that is the batch or time")
            dropped.update(value.axes[n])
        factors = [factor for factor in value.factors if factor[0] not in dropped]
        axes = [axis for n, axis in enumerate(value.axes) if n not in gone]
        return Value(value.joined(self.graph), factors, axes, value.timed)

    def unsqueezed(self, value: Value, places: Sequence[int]) -> Value:
        axes = list(value.axes)
        for n in sorted(place % (len(axes) + len(places)) for place in places):
            axes.insert(n, ())
        return Value(value.wire, value.factors, axes, value.timed, value.pieces)

    def reshaped(self, value: Value, target: Sequence[Any]) -> Value:
        """ONNX' Reshape: 0 keeps a dimension, -1 takes what is left."""
        refusal = UnsupportedError("the graph reshapes %s to %s, which liblstm cannot follow" % (value.axes, list(target)))
        atoms = [name for axis in value.axes for name in axis]
        wanted = [value.axes[n] if entry == 0 and n < len(value.axes) else entry for n, entry in enumerate(target)]
        front: list[Axis] = []
        back: list[Axis] = []
        entries = list(wanted)
        while entries and entries[0] != -1:
            front.append(self._take(value, atoms, entries.pop(0), refusal, first=True))
        while entries and entries[-1] != -1:
            back.insert(0, self._take(value, atoms, entries.pop(), refusal, first=False))
        if len(entries) > 1 or (not entries and any(self.size(value, name) != 1 for name in atoms)):
            raise refusal
        # What is left of parts of one number belongs to a dimension that is left open.
        middle = [tuple(atoms)] if entries else []
        kept = {name for axis in front + middle + back for name in axis}
        factors = [factor for factor in value.factors if factor[0] in kept]
        return Value(value.joined(self.graph), factors, front + middle + back, value.timed)

    def _take(self, value: Value, atoms: list[str], entry: Any, refusal: Exception, first: bool) -> Axis:
        if isinstance(entry, tuple):
            taken = tuple(atoms[:len(entry)] if first else atoms[len(atoms) - len(entry):])
            if taken != entry:
                raise refusal
            del atoms[slice(0, len(entry)) if first else slice(len(atoms) - len(entry), None)]
            return entry
        result: list[str] = []
        product = 1
        while product != entry or (entry == 1 and not result and atoms and self.size(value, atoms[0 if first else -1]) == 1):
            if not atoms:
                raise refusal
            name = atoms.pop(0 if first else -1)
            size = self.size(value, name)
            if size is None or (product * size > entry):
                raise refusal
            product *= size
            result.insert(len(result) if first else 0, name)
        return tuple(result)

    def plain(self, value: Value) -> Wire:
        """The array with its dimensions as ONNX has them: Keras' order is turned where it differs."""
        wire = value.joined(self.graph)
        atoms = [BATCH] + ([TIME] if value.timed else [])
        groups: list[Axis] = []
        for axis in value.axes:
            if any(name in (BATCH, TIME) for name in axis) and len(axis) > 1:
                raise UnsupportedError("the graph returns an array whose dimension is made of %s" % " and ".join(axis))
            if not axis or axis[0] not in atoms:
                groups.append(axis)
        order = sorted((group for group in groups if group), key=lambda group: value.names.index(group[0]))
        if tuple(name for group in order for name in group) != value.names or not any(axis and axis[0] in atoms for axis in value.axes):
            raise UnsupportedError("the graph returns an array in a layout that liblstm cannot make: %s" % value.axes)
        inner = order + [()] * groups.count(())
        if inner != [value.names]:
            sizes = [math.prod(self.size(value, name) or 1 for name in group) for group in inner]
            wire = self.graph.add("Reshape", "reshape", {"target_shape": ([-1] if value.timed else []) + sizes}, [wire],
                                  rank=len(atoms) + len(inner))
        have: list[Any] = [(name,) for name in atoms] + [group or None for group in inner]
        turn: list[int] = []
        for axis in value.axes:
            place = next(n for n, one in enumerate(have) if one == (axis or None) and n not in turn)
            turn.append(place)
        if turn != sorted(turn):
            wire = self.graph.add("Transpose", "transpose", {"axes": turn}, [wire])
        return wire
