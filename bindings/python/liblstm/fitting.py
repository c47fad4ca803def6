"""A fit while it runs: its options, its callbacks, its display."""
from __future__ import annotations

import ctypes
import signal
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Callable, Iterable, Iterator, Optional, Sequence

from . import _c
from ._errors import ArgumentError
from ._handle import Handle
from ._library import check, library, new
from .epochs import EpochDisplay
from .rows import Rows

if TYPE_CHECKING:
    from .model import Model

_OUTCOMES = {_c.FIT_COMPLETED: "completed", _c.FIT_STOPPED: "stopped early", _c.FIT_CANCELLED: "cancelled"}


class History:
    """What a fit reported: `history["val_loss"]` is a list with one number for each epoch."""

    def __init__(self, history: dict[str, list[float]], outcome: int) -> None:
        self.history = history
        self.outcome = _OUTCOMES.get(outcome, "unknown")
        self.epoch = list(range(len(next(iter(history.values()), []))))

    def __getitem__(self, name: str) -> list[float]:
        return self.history[name]

    def __repr__(self) -> str:
        last = ", ".join("%s %.4g" % (name, values[-1]) for name, values in self.history.items() if values)
        return "<liblstm.History: %d epochs, %s%s>" % (len(self.epoch), self.outcome, ": " + last if last else "")


class Fit:
    """One call of fit(). An exception of a callback ends it and is raised when the library has returned; Ctrl-C just ends it."""

    def __init__(self, model: "Model", epochs: int, verbose: Optional[bool], callbacks: Sequence[Callable[..., Any]]) -> None:
        self._model, self._callbacks = model, list(callbacks)
        self._rows: Optional[Rows] = None
        self._validation: Optional[Rows] = None
        self._batches: Optional[Callable[[int], Iterable[Any]]] = None
        self._iterator: Iterator[Any] = iter(())
        self._current: Optional[Rows] = None
        self._error: Optional[BaseException] = None
        self._interrupted = False
        self._names: list[str] = []
        self._display = EpochDisplay(verbose)
        self.options = new(_c.FitOptions)
        self.options.epochs = _count(epochs, "epochs", 0)

    def data(self, x: Any, y: Any, sample_weight: Any, batches: Optional[Callable[[int], Iterable[Any]]]) -> None:
        """Where rows come from."""
        if batches is None:
            self._rows = Rows(self._model, x, y, sample_weight)
        elif x is None and y is None and sample_weight is None:
            self._batches = batches
        else:
            raise ArgumentError("pass x and y or batches, not both")

    def validation(self, data: Any, split: float) -> None:
        """What is validated with."""
        self.options.validation_split = float(split)
        if data is not None:
            if not isinstance(data, (list, tuple)) or len(data) not in (2, 3):
                raise ArgumentError("validation_data is a pair (x, y), or (x, y, sample_weight)")
            self._validation = Rows(self._model, *data)
            self.options.validation = ctypes.pointer(self._validation.batch)

    def sizes(self, batch_size: int, shuffle: bool, resume: bool) -> None:
        """How rows become batches."""
        self.options.batch_size = _count(batch_size, "batch_size", 1)
        self.options.shuffle, self.options.resume = bool(shuffle), bool(resume)

    def stopping(self, monitor: Optional[str], patience: int, min_delta: float, mode: str, restore_best: bool) -> None:
        """When to end early."""
        if mode not in ("auto", "min", "max"):
            raise ArgumentError('mode is %r; expected "auto", "min" or "max"' % (mode,))
        if monitor is not None:
            self.options.monitor = str(monitor).encode()
        self.options.patience = _count(patience, "patience", 0)
        self.options.min_delta, self.options.restore_best = float(min_delta), bool(restore_best)
        self.options.maximize = {"auto": -1, "min": 0, "max": 1}[mode]

    def run(self, trainer: Handle, names: list[str]) -> int:
        """Runs the fit and returns why it ended."""
        self._names = names
        self.options.progress = _c.FIT_PROGRESS(self._progress)
        if self._batches is not None:
            self.options.next = _c.NEXT_BATCH(self._next)
        outcome = ctypes.c_int32()
        with self._listening():
            status = library().lstm_trainer_fit(trainer, self._rows.reference if self._rows else None, ctypes.byref(self.options),
                                                ctypes.byref(outcome))
        self._display.close()
        if self._error is not None:
            raise self._error
        check(status)
        return outcome.value

    @contextmanager
    def _listening(self) -> Iterator[None]:
        """Ctrl-C sets a mark that the next batch looks at, as an exception between two of the library's calls would be lost. A handler of
        the program's own stays."""
        if threading.current_thread() is not threading.main_thread() or signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
            yield
            return

        def interrupt(number: int, frame: Any) -> None:
            self._interrupted = True

        signal.signal(signal.SIGINT, interrupt)
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, signal.default_int_handler)

    def _next(self, context: Any, epoch: int, index: int, batch: Any) -> int:
        try:
            if self._batches is None:
                return 0
            if index == 0 or self._current is None:
                self._iterator = iter(self._batches(epoch))
                for _ in range(index):  # a resumed epoch
                    next(self._iterator, None)
            found = next(self._iterator, None)
            if found is None:
                return 0
            self._current = Rows(self._model, *found)
            batch[0] = self._current.batch
            return 1
        except BaseException as error:
            self._error = error
            return -1

    def _progress(self, context: Any, progress: Any) -> int:
        try:
            it = progress[0]
            values = ctypes.cast(it.values, ctypes.POINTER(ctypes.c_double))
            found = [values[index] for index in range(it.value_count)]
            names = list(self._names)
            if it.end_of_epoch:
                rest = len(found) - len(names) - 1
                names += ["val_" + name for name in self._names][:max(rest, 0)] + ["learning_rate"]
            logs = dict(zip(names, found))
            self._display.update(it.epoch, it.epochs, it.batch, it.batches, logs, bool(it.end_of_epoch))
            if it.end_of_epoch:
                for callback in self._callbacks:
                    if callback(int(it.epoch), logs) is False:
                        return 1
            return 1 if self._interrupted else 0
        except BaseException as error:
            self._error = error
            return 1


def _count(value: Any, name: str, least: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int) and not hasattr(value, "__index__") or value < least:
        raise ArgumentError("%s is %r; expected a whole number of %d or more" % (name, value, least))
    return int(value)
