"""Ours and the peers' speed on the same weights and inputs, measured in turns in one run.

Usage: compare.py [--peers NAME,…] [--quick] [--json PATH] [WORD…]   Rows whose name holds every word are run; `list` names them.

A row says how many bits our weights have; a peer computes in the same type, or its cell names another (see INSTEAD in rows.py). Ours and oneDNN
(2.6: onednn, 3.2: onednn3) are called from C, the others from Python: `overhead` says what such a call costs, which is much of a small step.

A row starts one process for each peer, lets each compute the same numbers and compares them, then measures them one after the other, round
after round. Times are medians over the rounds; a ratio is the median of the rounds' ratios, peer ÷ ours. One thread stays on one processor.
Two threads want an idle machine: threads of some peers wait for each other in loops, and beside other work they lose more than their share.
"""
from __future__ import annotations

import argparse
import json
import os
import signal
import platform
import statistics
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

from exports import recurrent_layers
from extras import accuracy_row, memory_row, overhead_row, start_rows
from processes import BUILD, start
from rows import Row, all_rows

# Largest difference from ours. Of an output, which lies between −1 and 1, after up to 100 steps, by the bits of our weights: of bf16, rounded at the
# eighth bit, 2e-3 was found where h is rounded too; of int8 2e-3 with a scale for each step's h (ONNX Runtime), 7e-3 with 127 for all (oneDNN).
TOLERANCES = {"float32": 2e-6, "bf16": 5e-3, "int8": 1e-2, "w8a8": 1e-2}
# Of a loss, of about 1, after up to five updates.
LOSS_TOLERANCES = {"float32": 2e-4, "bf16": 1e-2}


def difference(row: Row, peer: str, ours: np.ndarray[Any, Any], theirs: np.ndarray[Any, Any]) -> float | None:
    """The largest difference; None where there is nothing to compare."""
    if row.kind == "train" and peer.startswith("onednn"):
        return None
    return float(np.abs(ours - theirs).max()) if ours.shape == theirs.shape else float("inf")


def measure(row: Row, peers: list[str], quick: bool) -> dict[str, Any]:
    """One row of the table."""
    workers, faults = start(row, peers)
    try:
        numbers = {worker.peer: worker.check() for worker in workers}
        limit = LOSS_TOLERANCES[row.weights] if row.kind == "train" else TOLERANCES[row.weights]
        differences = {peer: difference(row, peer, numbers["ours"], values) for peer, values in numbers.items()}
        for peer, found in differences.items():
            if found is not None and not found <= limit:
                faults[peer] = f"other numbers: {found:.1e}"
        seconds, amounts = {}, {}
        for worker in workers:
            once = worker.time(1)
            once = min(once, worker.time(max(1, min(1000, int(0.005 / once)))))
            seconds[worker.peer] = once
            amounts[worker.peer] = max(1, int((0.01 if quick else 0.04) / once))
        times: dict[str, list[float]] = {worker.peer: [] for worker in workers}
        rounds, begun = (5 if quick else 15), time.monotonic()
        for turn in range(rounds):
            for worker in workers[turn % len(workers):] + workers[:turn % len(workers)]:
                # First what the one before left in the caches is driven out; of a second of work nobody notices.
                if seconds[worker.peer] < 0.1:
                    worker.time(max(1, amounts[worker.peer] // 8))
                times[worker.peer].append(worker.time(amounts[worker.peer]))
            if turn >= 4 and time.monotonic() - begun > 12:
                break
    finally:
        for worker in workers:
            worker.end()
    medians = {peer: statistics.median(values) for peer, values in times.items()}
    ratios = {peer: statistics.median(t / o for t, o in zip(values, times["ours"])) for peer, values in times.items() if peer != "ours" and peer not in faults}
    return {"name": row.name, "times": medians, "ratios": ratios, "differences": differences, "faults": faults, "target": row.target, "against": row.against,
            "computes": {peer: row.computes(peer) for peer in ratios if row.computes(peer) != row.weights}}


def readable(seconds: float) -> str:
    """With a unit."""
    for unit, scale in (("ns", 1e9), ("µs", 1e6), ("ms", 1e3)):
        if seconds * scale < 1000:
            return f"{seconds * scale:.3g} {unit}" if seconds * scale < 100 else f"{seconds * scale:.0f} {unit}"
    return f"{seconds:.2f} s"


def line(found: dict[str, Any], peers: list[str]) -> str:
    """The row as a line of a Markdown table."""
    cells = [found["name"], readable(found["times"]["ours"])]
    for peer in peers:
        if peer in found["faults"]:
            cells.append(found["faults"][peer])
        elif peer in found["ratios"]:
            other = f" {found['computes'][peer]}" if peer in found["computes"] else ""
            cells.append(readable(found["times"][peer]) + f"{other} ({found['ratios'][peer]:.2f})")
        else:
            cells.append("")
    ratios = found["ratios"]
    against = found["against"] if found["against"] in ratios else min(ratios, key=lambda peer: ratios[peer]) if ratios else ""
    if against:
        reached = ratios[against] >= found["target"]
        cells.append(f"{ratios[against]:.2f} × {against}; {found['target']:g}: {'yes' if reached else 'no'}")
    else:
        cells.append("")
    return "| " + " | ".join(cells) + " |"


def processor() -> str:
    """What the machine calls its processor."""
    for entry in Path("/proc/cpuinfo").read_text().splitlines():
        if entry.startswith("model name"):
            return entry.split(":")[1].strip()
    return platform.processor()


def versions() -> str:
    """Of the peers in this environment."""
    from importlib.metadata import PackageNotFoundError, version

    found = []
    for name in ("onnxruntime", "openvino", "torch", "tensorflow-cpu", "keras", "numpy"):
        try:
            found.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            pass
    return ", ".join(found)


def stop(number: int, frame: object) -> None:
    """Ends by an exception, so that no process stays behind, stopped."""
    sys.exit(128 + number)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("words", nargs="*")
    parser.add_argument("--peers", default="onednn,onednn3,onnxruntime,openvino,torch,tensorflow")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, stop)
    asked = [peer for peer in options.peers.split(",") if peer]
    rows = all_rows()
    if options.words == ["list"]:
        print("\n".join([row.name for row in rows] + ["overhead", "start", "memory", "accuracy"]))
        return
    chosen = [row for row in rows if all(word in row.name for word in options.words)]
    print(f"{processor()}, {len(os.sched_getaffinity(0))} processors, load {os.getloadavg()[0]:.1f}; {versions()}; oneDNN as the system has it, and 3.2 (onednn3). RTNeural and KANN are in no registry: not here.")
    results = []
    if chosen:
        peers = [peer for peer in asked if any(peer in row.peers for row in chosen)]
        print("| work | ours | " + " | ".join(f"{peer} (÷ ours)" for peer in peers) + " | reached; wanted |")
        print("| --- " * (len(peers) + 3) + "|")
        for row in chosen:
            found = measure(row, [peer for peer in row.peers if peer in asked], options.quick)
            results.append(found)
            print(line(found, peers), flush=True)
    words = options.words
    if all(word in "overhead" for word in words):
        results += overhead_row(asked)
    if all(word in "start" for word in words):
        results += start_rows(asked, 3 if options.quick else 11)
    if all(word in "memory" for word in words):
        results += memory_row()
    if all(word in "accuracy" for word in words):
        row = Row("seq", "lstm", 16, 128, steps=1000)
        workers, _ = start(row, [peer for peer in ("onednn", "onednn3", "onnxruntime", "openvino", "torch") if peer in asked])
        try:
            outputs = {worker.peer: worker.check() for worker in workers}
        finally:
            for worker in workers:
                worker.end()
        x = np.fromfile(BUILD / "x.bin", np.float32).reshape(1000, 1, 16)
        results += accuracy_row(x, recurrent_layers(row.model)[0][0], outputs)
    if options.json:
        options.json.write_text(json.dumps(results, indent=1))


if __name__ == "__main__":
    main()
