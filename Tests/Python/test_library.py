"""The library is found where it should be and nowhere else."""
import shutil
import subprocess
import sys

import liblstm
import pytest
from conftest import BINDING, ROOT
from liblstm import _library

ASK = "import liblstm; print(liblstm.library_path())"
# Python itself looks into the working directory for modules, and would take a liblstm.so there for one.
COMPLAIN = """
import sys
sys.path[:] = [folder for folder in sys.path if folder]
import liblstm
try:
    liblstm.load("x.h5")
except liblstm.LSTMError as error:
    print(type(error).__name__, error)
"""


def run(code, environment, folder=None):
    done = subprocess.run([sys.executable, "-c", code], env=environment, cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.fixture
def elsewhere(tmp_path, environment):
    """A copy of the package outside the repository, and an environment that leads to it."""
    shutil.copytree(BINDING / "liblstm", tmp_path / "site" / "liblstm", ignore=shutil.ignore_patterns("*.so*", "__pycache__"))
    del environment["LIBLSTM_PATH"]
    return tmp_path / "site" / "liblstm", dict(environment, PYTHONPATH=str(tmp_path / "site"))


def test_LIBLSTM_PATH_may_be_a_file_or_a_folder(tmp_path, environment):
    copy = shutil.copy(liblstm.library_path(), tmp_path / "liblstm.so")
    assert run(ASK, dict(environment, LIBLSTM_PATH=str(copy))) == str(copy)
    assert run(ASK, dict(environment, LIBLSTM_PATH=str(tmp_path))) == str(copy)


def test_a_LIBLSTM_PATH_that_leads_nowhere_is_an_error_and_not_another_library(tmp_path, environment):
    said = run(COMPLAIN, dict(environment, LIBLSTM_PATH=str(tmp_path / "nothing.so")))
    assert said.startswith("LibraryError") and str(tmp_path / "nothing.so") in said and "no such file" in said
    assert "liblstm.so.0" in said and "not tried" in said


def test_the_packages_folder_comes_before_the_system(elsewhere):
    package, environment = elsewhere
    copy = shutil.copy(liblstm.library_path(), package / "liblstm.so")
    assert run(ASK, environment) == str(copy)


def test_the_systems_loader_is_asked_by_soname(elsewhere, tmp_path):
    _, environment = elsewhere
    (tmp_path / "lib").mkdir()
    shutil.copy(liblstm.library_path(), tmp_path / "lib" / "liblstm.so.0")
    assert run(ASK, dict(environment, LD_LIBRARY_PATH=str(tmp_path / "lib"))) == "liblstm.so.0"


def test_the_working_directory_is_never_searched(elsewhere, tmp_path):
    _, environment = elsewhere
    for name in ("liblstm.so", "liblstm.so.0"):
        shutil.copy(liblstm.library_path(), tmp_path / name)
    assert not run(COMPLAIN, environment, folder=tmp_path).startswith("FileError")


def test_the_error_lists_every_place_in_order(elsewhere, tmp_path):
    package, environment = elsewhere
    said = run(COMPLAIN, environment, folder=tmp_path)
    places = ["LIBLSTM_PATH", str(package / "liblstm.so"), str(package / "liblstm.so.0"), "liblstm.so.0 (the system's loader)"]
    found = [said.find(place) for place in places]
    assert said.startswith("LibraryError") and -1 not in found and found == sorted(found)


def test_the_repositorys_build_folder_is_searched_before_the_system():
    places = [path for _, path in _library.places()]
    build = str(ROOT / "build" / "lib" / "liblstm.so")
    assert places.index(build) < places.index(str(ROOT / ".build" / "release" / "liblstm.so")) < places.index("liblstm.so.0")


def test_a_library_of_another_ABI_is_refused_with_both_numbers(tmp_path, environment):
    stubs = ["%s %s(void) { return 0; }" % ("int", name) for name in _library._c.FUNCTIONS if name != "lstm_abi_version"]
    (tmp_path / "other.c").write_text("\n".join(stubs + ["int lstm_abi_version(void) { return 77; }"]))
    subprocess.run(["gcc", "-shared", "-fPIC", "-o", str(tmp_path / "liblstm.so"), str(tmp_path / "other.c")], check=True)
    said = run(COMPLAIN, dict(environment, LIBLSTM_PATH=str(tmp_path)))
    assert said.startswith("LibraryError") and "77" in said and str(_library._c.ABI_VERSION) in said


def test_something_that_is_no_library_is_refused_with_the_loaders_reason(tmp_path, environment):
    (tmp_path / "liblstm.so").write_text("not a library")
    said = run(COMPLAIN, dict(environment, LIBLSTM_PATH=str(tmp_path)))
    assert said.startswith("LibraryError") and "liblstm.so" in said


def test_importing_the_package_needs_no_library(environment, tmp_path):
    assert run("import liblstm; print('fine')", dict(environment, LIBLSTM_PATH=str(tmp_path))) == "fine"


def test_the_versions_of_package_and_library_agree():
    assert liblstm.version() == liblstm.__version__
    assert 'version = "%s"' % liblstm.__version__ in (BINDING / "pyproject.toml").read_text()
    assert liblstm.cpu() in ("baseline", "v3", "v4")
