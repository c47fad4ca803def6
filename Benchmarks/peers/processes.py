"""The processes that are compared: how they are started, asked and stopped."""
from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np

from exports import write_flat
from job import PERIOD
from rows import Row

ROOT = Path(__file__).resolve().parent.parent.parent
BUILD = ROOT / "build" / "peers"
# Written in C; the others are workers.py.
PROGRAMS = ("ours", "onednn", "onednn3")
sys.path.insert(0, str(ROOT / "Benchmarks"))
import models  # noqa: E402


class Worker:
    """A process that computes and is measured: see worker.h."""

    def __init__(self, peer: str, row: Row, files: dict[str, Path]) -> None:
        self.peer, self.row = peer, row
        model = {"ours": str(files["keras"]), "onednn": str(files["flat"]), "onednn3": str(files["flat"])}.get(peer, row.model)
        x = files["ours_x" if peer == "ours" else "x"]
        words = [row.kind, row.cell, model, str(x), str(files["y"])]
        words += [str(n) for n in (row.inputs, row.units, row.batch, row.steps, row.layers, row.directions, row.threads)] + [row.computes(peer)]
        start = [str(BUILD / peer)] if peer in PROGRAMS else [sys.executable, str(Path(__file__).parent / "workers.py"), peer]
        count = str(row.threads)
        environment = os.environ | {"OMP_NUM_THREADS": count, "MKL_NUM_THREADS": count, "TF_ENABLE_ONEDNN_OPTS": "1"}
        processors = sorted(os.sched_getaffinity(0))

        def settle() -> None:
            if row.threads == 1:
                os.sched_setaffinity(0, processors[-1:])

        self.process = subprocess.Popen(start + words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment,
                                        preexec_fn=settle)

    def answer(self) -> str:
        """The next line; an error if the process has ended."""
        assert self.process.stdout
        line = self.process.stdout.readline()
        if not line:
            assert self.process.stderr
            message = self.process.stderr.read().strip().splitlines()
            raise RuntimeError(message[-1] if message else f"ended with {self.process.wait()}")
        return line.strip()

    def ask(self, line: str) -> str:
        """The answer to a line. Between two questions the process is stopped, with all its threads: those of some peers look for work for 30 ms
        before they sleep, and would take a processor from whoever is measured next. They go on where they were; what a peer that was stopped
        needs to come up to speed falls into the run before the one that counts."""
        assert self.process.stdin
        self.process.send_signal(signal.SIGCONT)
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        answer = self.answer()
        self.process.send_signal(signal.SIGSTOP)
        # Until it is so.
        os.waitid(os.P_PID, self.process.pid, os.WSTOPPED | os.WEXITED | os.WNOWAIT)
        return answer

    def time(self, amount: int) -> float:
        """Seconds for one of `amount` repeats."""
        return float(self.ask(f"run {amount}")) / amount

    def check(self) -> np.ndarray[Any, Any]:
        path = BUILD / f"{self.peer}.out"
        self.ask(f"check {path}")
        numbers = np.fromfile(path, np.float32)
        row = self.row
        if row.kind == "seq":
            width = row.units * row.directions
            if self.peer == "ours":
                return numbers.reshape(row.batch, row.steps, width).transpose(1, 0, 2)
            return numbers.reshape(row.steps, row.batch, width)
        return numbers.ravel()

    def end(self) -> None:
        self.process.kill()
        self.process.wait()


def prepare(row: Row) -> dict[str, Path]:
    """Writes the model and the inputs for the row."""
    files = {"keras": BUILD / f"{row.model}.h5", "flat": BUILD / f"{row.model}.flat", "x": BUILD / "x.bin", "ours_x": BUILD / "ours_x.bin",
             "y": BUILD / "y.bin"}
    if not files["keras"].exists():
        models.write(row.model, files["keras"])
    if not files["flat"].exists():
        write_flat(row.model, files["flat"])
    random = np.random.default_rng(1)
    steps = PERIOD if row.kind == "stream" else row.steps
    x = random.uniform(-1, 1, (steps, row.batch, row.inputs)).astype(np.float32)
    x.tofile(files["x"])
    x.transpose(1, 0, 2).copy().tofile(files["ours_x"])
    random.uniform(-1, 1, row.batch).astype(np.float32).tofile(files["y"])
    return files


def start(row: Row, peers: list[str]) -> tuple[list[Worker], dict[str, str]]:
    """The processes that are ready, and why others are not."""
    files = prepare(row)
    workers, faults = [], {}
    for peer in ["ours", *peers]:
        if peer in PROGRAMS and not (BUILD / peer).exists():
            faults[peer] = "not installed"
            continue
        worker = Worker(peer, row, files)
        workers.append(worker)
        try:
            worker.answer()
        except BaseException as error:
            ended = workers if peer == "ours" or not isinstance(error, RuntimeError) else [workers.pop()]
            for one in ended:
                one.end()
            if ended is workers:
                raise
            faults[peer] = str(error)[:100]
    return workers, faults
