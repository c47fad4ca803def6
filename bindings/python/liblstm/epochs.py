"""Shows how far a fit has come: by tqdm if it can be imported, by a line for each epoch otherwise."""
from __future__ import annotations

import importlib
import sys
from typing import Any, Mapping, Optional


class EpochDisplay:
    """A display on stderr. `show`: True always, False never, None on a terminal only."""

    def __init__(self, show: Optional[bool]) -> None:
        self._wanted = bool(show) if show is not None else _is_terminal()
        self._tqdm: Any = None
        self._bar: Any = None
        if self._wanted:
            try:
                self._tqdm = importlib.import_module("tqdm").tqdm
            except ImportError:
                pass

    def update(self, epoch: int, epochs: int, batch: int, batches: int, logs: Mapping[str, float], is_end: bool) -> None:
        """Says that a batch, or an epoch, is done."""
        if not self._wanted:
            return
        text = "  ".join("%s %.4g" % pair for pair in logs.items())
        if self._tqdm is None:
            if is_end and sys.stderr is not None:
                sys.stderr.write("epoch %d of %d  %s\n" % (epoch + 1, epochs, text))
                sys.stderr.flush()
            return
        if self._bar is None:
            self._bar = self._tqdm(total=batches or None, unit="batch", desc="epoch %d of %d" % (epoch + 1, epochs), file=sys.stderr)
        self._bar.update(batch - self._bar.n)
        self._bar.set_postfix_str(text)
        if is_end:
            self.close()

    def close(self) -> None:
        """Ends the line that is being shown."""
        if self._bar is not None:
            self._bar.close()
            self._bar = None


def _is_terminal() -> bool:
    try:
        return sys.stderr.isatty()
    except (AttributeError, ValueError):  # no stderr, or a closed one
        return False
