"""What weights of few bytes cost in accuracy and save in memory, on the caller's own data."""
from __future__ import annotations

import ctypes
from dataclasses import dataclass
from typing import Iterator, Sequence

from . import _c
from ._arrays import AnyArray, described, pointers
from ._handle import Handle
from ._library import check, library, new
from .sessions import WEIGHTS


@dataclass(frozen=True)
class PrecisionRow:
    """One output in one form of weights, measured against the same model in float64."""

    weights: str
    output: str
    largest_error: float
    mean_error: float
    #: The largest magnitude in the output, to see the errors against.
    largest_value: float
    #: Packed weights of the recurrent and dense layers in this form.
    weight_bytes: int


class PrecisionTable(Sequence[PrecisionRow]):
    """What Model.compare_precision() found: a row for each form and output. Prints as a table."""

    def __init__(self, rows: Sequence[PrecisionRow]) -> None:
        self._rows = tuple(rows)

    def __getitem__(self, index):  # type: ignore[no-untyped-def]
        return self._rows[index]

    def __len__(self) -> int:
        return len(self._rows)

    def __iter__(self) -> Iterator[PrecisionRow]:
        return iter(self._rows)

    def __str__(self) -> str:
        width = max([len(row.output) for row in self._rows] + [6])
        heads = ("weights", width, "output", "largest error", "mean error", "largest value", "weight bytes")
        lines = ["%-8s %-*s %14s %14s %14s %14s" % heads]
        lines += ["%-8s %-*s %14.3g %14.3g %14.3g %14d" % (row.weights, width, row.output, row.largest_error, row.mean_error,
                                                           row.largest_value, row.weight_bytes) for row in self._rows]
        return "\n".join(lines)

    __repr__ = __str__


def compared(model: Handle, inputs: Sequence[AnyArray], outputs: Sequence[str]) -> PrecisionTable:
    """Runs a model in float64 and in each form."""
    asked = [(name, code, output) for name, code in WEIGHTS.items() for output in range(len(outputs))]
    reports = []
    for _, code, output in asked:
        report = new(_c.PrecisionReport)
        report.weights, report.output = code, output
        reports.append(report)
    places = (ctypes.POINTER(_c.PrecisionReport) * len(reports))(*[ctypes.pointer(report) for report in reports])
    check(library().lstm_compare_precision(model, pointers([described(x) for x in inputs]), len(inputs), places, len(reports)))
    return PrecisionTable([PrecisionRow(name, outputs[output], float(it.largest_error), float(it.mean_error), float(it.largest_value),
                                        int(it.weight_bytes)) for (name, _, output), it in zip(asked, reports)])
