"""The package as such: its types, its size, its needs."""
import ast
import subprocess
import sys

import pytest
from conftest import BINDING

SOURCES = sorted((BINDING / "liblstm").rglob("*.py"))


def test_the_types_hold(tmp_path):
    pytest.importorskip("mypy")
    done = subprocess.run([sys.executable, "-m", "mypy", "--strict", "--cache-dir", str(tmp_path), "liblstm"], cwd=BINDING,
                          capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert (BINDING / "liblstm" / "py.typed").exists()


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: p.name)
def test_a_file_is_one_idea_in_Python_3_9_and_needs_numpy_at_most(path):
    text = path.read_text()
    tree = ast.parse(text, feature_version=(3, 9))
    assert len(text.splitlines()) <= 250 and max(map(len, text.splitlines())) <= 140 and ast.get_docstring(tree)
    names = {node.module if isinstance(node, ast.ImportFrom) else alias.name for node in ast.walk(tree)
             if isinstance(node, (ast.Import, ast.ImportFrom)) and not getattr(node, "level", 0) for alias in node.names}
    if sys.version_info >= (3, 10):
        extra = {"sklearn"} if path.name == "estimators.py" else set()  # which nothing else imports
        assert {name.split(".")[0] for name in names} <= sys.stdlib_module_names | {"numpy"} | extra


def test_nothing_but_numpy_is_imported_until_it_is_needed(environment):
    code = "import sys, liblstm; print([m for m in ('h5py', 'matplotlib', 'sklearn', 'tqdm') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True)
    assert done.stdout.strip() == "[]"
