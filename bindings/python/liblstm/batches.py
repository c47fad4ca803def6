"""Large inputs go through the model in pieces: memory stays bounded, Ctrl-C works, and there is progress to show."""
from __future__ import annotations

import time
from typing import Any, Callable, Optional, Sequence

import numpy as np

from ._arrays import AnyArray
from ._errors import ArgumentError
from .progress import Progress

# A piece starts with so many rows for each thread and doubles as long as it takes less than SHORT seconds, so that Ctrl-C
# and the display never wait long, up to LARGE numbers in its inputs and outputs.
FIRST = 64
SHORT = 0.1
LARGE = 1 << 23

Run = Callable[[Sequence[AnyArray], Sequence[AnyArray]], None]


def checked_size(batch_size: Any) -> Optional[int]:
    """Checks the argument `batch_size`."""
    if batch_size is None:
        return None
    if isinstance(batch_size, bool) or not isinstance(batch_size, (int, np.integer)) or batch_size < 1:
        raise ArgumentError("batch_size is %r; expected a whole number of rows, 1 or more, or None" % (batch_size,))
    return int(batch_size)


def rows_of(arrays: Sequence[AnyArray]) -> Optional[int]:
    """The number of rows that all arrays have in common, if there is one."""
    counts = {a.shape[0] if a.ndim else None for a in arrays}
    return counts.pop() if len(counts) == 1 else None


def run_in_batches(run: Run, inputs: Sequence[AnyArray], outputs: Sequence[AnyArray], batch_size: Optional[int], threads: int,
                   show: Optional[bool]) -> None:
    """Calls `run` on consecutive rows of the inputs and outputs. Rows do not depend on each other."""
    rows = rows_of([*inputs, *outputs])
    size = batch_size or FIRST * threads
    if not rows or (batch_size is not None and batch_size >= rows):
        run(inputs, outputs)
        return
    largest = max(size, LARGE // max(1, sum(a.size for a in [*inputs, *outputs]) // rows))
    with Progress(rows, show) as progress:
        start = 0
        while start < rows:
            stop = min(start + size, rows)
            began = time.perf_counter()
            run([x[start:stop] for x in inputs], [y[start:stop] for y in outputs])
            if batch_size is None and time.perf_counter() - began < SHORT:
                size = min(2 * size, largest)
            start = stop
            progress.update(start)
