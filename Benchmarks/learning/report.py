"""The table and the pictures of what learn.py found.

    python Benchmarks/learning/report.py build/learn [--save]

Writes `table.md`, `needed.svg` and `words.svg` beside the results. With --save also what the repository keeps: `results.json` here, and
`learning.md` and the pictures in docs/.
"""
from __future__ import annotations

import argparse
import datetime
import json
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))

import pictures  # noqa: E402
from experiments import TASKS  # noqa: E402
from summary import CELLS, as_text, best, counts_sequences, median, successes  # noqa: E402
from tasks.baselines import BASELINES  # noqa: E402

from liblstm import cpu, version  # noqa: E402

_HERE = Path(__file__).resolve().parent
_DOCS = _HERE.parents[1] / "docs"
_BEGIN, _END = "<!-- results: written by report.py -->", "<!-- end of results -->"


def read(folder: Path) -> dict[str, dict[str, list[dict[str, Any]]]]:
    """Outcomes by cell and task."""
    files = {cell: folder / ("%s.json" % cell.lower()) for cell in CELLS}
    return {cell: json.loads(file.read_text()) for cell, file in files.items() if file.exists()}


def table(results: dict[str, dict[str, list[dict[str, Any]]]]) -> str:
    """Markdown: a row for each task; successes of seeds, and the median."""
    lines = ["| Task | To reach | %s |" % " | ".join(results), "| --- | --- |%s" % (" --- |" * len(results))]
    for name, task in TASKS.items():
        if any(name in found for found in results.values()):
            cells = [_cell(name, found.get(name, [])) for found in results.values()]
            lines.append("| %s | %s | %s |" % (task.title, task.goal, " | ".join(cells)))
    minutes = [sum(one["seconds"] for outcomes in found.values() for one in outcomes) / 60 for found in results.values()]
    lines.append("| all of it, one core | | %s |" % " | ".join("%.0f minutes" % one for one in minutes))
    return "\n".join(lines)


def _cell(name: str, outcomes: list[dict[str, Any]]) -> str:
    if not outcomes:
        return "not run"
    middle = median(name, outcomes)
    text = "%d of %d" % (successes(outcomes), len(outcomes))
    if middle is None:
        return "%s within %s" % (text, as_text(max(one["value"] for one in outcomes)))
    if counts_sequences(name):
        return "%s, %s" % (text, as_text(middle))
    if name.startswith("words"):
        return as_text(round(middle, 3)) + (" (%d seeds)" % len(outcomes))
    return "%s, %s (best %s)" % (text, as_text(middle), as_text(best(name, outcomes)))


def baselines() -> str:
    """Markdown: the baselines of the real series."""
    lines = ["| Series | Baseline | Its figure |", "| --- | --- | --- |"]
    for name, compute in BASELINES.items():
        lines += ["| %s | %s | %s |" % (TASKS[name].title, what, as_text(value)) for what, value in compute().items()]
    return "\n".join(lines)


def save(folder: Path, results: dict[str, dict[str, list[dict[str, Any]]]], text: str) -> None:
    """Writes results.json, docs/learning.md between its marks, and the pictures."""
    about = {"date": datetime.date.today().isoformat(), "command": "Benchmarks/learning/learn.py --seeds 10", "library": version(), "instructions": cpu()}
    kept = {cell: {task: {key: [one[key] for one in outcomes] for key in ("success", "value", "seconds")} for task, outcomes in found.items()}
            for cell, found in results.items()}
    (_HERE / "results.json").write_text(json.dumps({**about, "results": kept}) + "\n")
    page = (_DOCS / "learning.md").read_text()
    before, after = page[:page.index(_BEGIN) + len(_BEGIN)], page[page.index(_END):]
    (_DOCS / "learning.md").write_text("%s\n\nMeasured on %s with `%s`, which `make learn` runs; one thread.\n\n%s\n\n%s" % (
        before, about["date"], about["command"], text, after))
    for picture in folder.glob("*.svg"):
        (_DOCS / ("learning-%s" % picture.name)).write_bytes(picture.read_bytes())


def main() -> int:
    """Reports on a folder of results."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--save", action="store_true", help="also write what the repository keeps")
    given = parser.parse_args()
    results = read(given.folder)
    text = table(results) + "\n\n" + baselines()
    (given.folder / "table.md").write_text(text + "\n")
    pictures.needed(results, given.folder / "needed.svg")
    pictures.distances(results, given.folder / "words.svg")
    if given.save:
        save(given.folder, results, text)
    print(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
