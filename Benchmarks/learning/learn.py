"""Trains networks on the tasks and counts the sequences that they need.

    python Benchmarks/learning/learn.py [TASK …] [--seeds 10] [--cell LSTM] [--out build/learn] [--resume]

Without a TASK, all of them; without a --cell, LSTM, GRU and SimpleRNN. Writes one JSON file for each cell, after each seed, so that a run
that was interrupted goes on with --resume. The same command gives the same numbers: data and weights come from the seeds.
`report.py` makes the table and the pictures.
"""
from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent))

from experiments import TASKS  # noqa: E402
from summary import CELLS, as_text, median, successes  # noqa: E402


def run(name: str, cell: str, seeds: int, file: Path) -> list[dict[str, Any]]:
    """The seeds of one task that the file does not hold yet; printed and written as they come."""
    known = json.loads(file.read_text()) if file.exists() else {}
    outcomes: list[dict[str, Any]] = known.setdefault(name, [])
    for seed in range(len(outcomes) + 1, seeds + 1):
        begun = time.process_time()
        success, value = TASKS[name].run(seed, cell)
        outcomes.append({"seed": seed, "success": bool(success), "value": float(value), "seconds": round(time.process_time() - begun, 2)})
        file.write_text(json.dumps(known, indent=1) + "\n")
        print("%-10s %-9s seed %2d  %s  %s %s" % (name, cell, seed, "reached" if success else "failed ", as_text(value), TASKS[name].unit),
              flush=True)
    return outcomes


def main() -> int:
    """Runs what the command line asks for."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("tasks", nargs="*", metavar="TASK", help=", ".join(TASKS))
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--cell", action="append", choices=CELLS)
    parser.add_argument("--out", type=Path, default=Path("build/learn"), help="the folder where the results go")
    parser.add_argument("--resume", action="store_true", help="keep the results that are there, and go on")
    given = parser.parse_args()
    unknown = [name for name in given.tasks if name not in TASKS]
    if unknown:
        parser.error("no task %s; there are %s" % (unknown[0], ", ".join(TASKS)))
    np.seterr(all="ignore")
    given.out.mkdir(parents=True, exist_ok=True)
    for cell in given.cell or CELLS:
        file = given.out / ("%s.json" % cell.lower())
        if not given.resume:
            file.unlink(missing_ok=True)
        for name in given.tasks or TASKS:
            outcomes = run(name, cell, given.seeds, file)
            middle = median(name, outcomes)
            print("%-10s %-9s %d of %d, median %s %s in %.0f s of CPU.  To reach: %s" % (
                name, cell, successes(outcomes), len(outcomes), "–" if middle is None else as_text(middle), TASKS[name].unit,
                sum(one["seconds"] for one in outcomes), TASKS[name].goal), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
