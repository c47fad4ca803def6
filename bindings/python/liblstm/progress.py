"""Shows how far a long prediction has come: by tqdm if it can be imported, by a plain line otherwise."""
from __future__ import annotations

import importlib
import sys
import time
from types import TracebackType
from typing import Any, Optional

PATIENCE = 2.0  # seconds of silence before a display is worth it
PAUSE = 0.2  # seconds between two plain lines


class Progress:
    """A display on stderr. `show`: True always, False never, None on a terminal and only if it takes long."""

    def __init__(self, rows: int, show: Optional[bool]) -> None:
        self._rows = rows
        self._began = self._written = time.monotonic()
        self._wanted = bool(show) if show is not None else _is_terminal()
        self._patience = 0.0 if show else PATIENCE
        self._bar: Any = None
        self._shown = False

    def __enter__(self) -> "Progress":
        return self

    def update(self, done: int) -> None:
        """Says that `done` rows are finished."""
        now = time.monotonic()
        if not self._wanted or (not self._shown and now - self._began < self._patience):
            return
        if not self._shown:
            self._shown, self._bar = True, self._new_bar()
        if self._bar is not None:
            self._bar.update(done - self._bar.n)
        elif now - self._written >= PAUSE or done == self._rows or self._written == self._began:
            self._written = now
            left = (now - self._began) * (self._rows - done) / max(done, 1)
            _write("\rpredict: %d of %d rows, %d %%, %d s left " % (done, self._rows, 100 * done // self._rows, round(left)))

    def __exit__(self, kind: Optional[type[BaseException]], error: Optional[BaseException], trace: Optional[TracebackType]) -> None:
        if self._bar is not None:
            self._bar.close()
        elif self._shown:
            _write("\n")

    def _new_bar(self) -> Any:
        try:
            tqdm = importlib.import_module("tqdm").tqdm
        except ImportError:
            return None
        return tqdm(total=self._rows, unit="row", desc="predict", file=sys.stderr)


def _is_terminal() -> bool:
    try:
        return sys.stderr.isatty()
    except (AttributeError, ValueError):  # no stderr, or a closed one
        return False


def _write(text: str) -> None:
    if sys.stderr is not None:
        sys.stderr.write(text)
        sys.stderr.flush()
