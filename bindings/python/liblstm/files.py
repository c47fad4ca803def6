"""Arrays from and to files for the command line: HDF5, .npy, .npz, .csv."""
from __future__ import annotations

import importlib
import os
from typing import Any, Callable, Mapping, Sequence

import numpy as np

from ._arrays import AnyArray
from ._errors import ArgumentError, FileError, MissingPackageError
from .description import TensorInfo


def read_inputs(path: str, inputs: Sequence[TensorInfo]) -> list[AnyArray]:
    """The arrays `input`, or `input_0`, `input_1`, …, of a file. A .npy or .csv file is the one input.

    A .csv of numbers is one sequence, a step in each line, for a model whose input is [batch, steps, features], and a row of the batch
    in each line otherwise; a first line of words is skipped.
    """
    ending = os.path.splitext(path)[1].lower()
    try:
        if ending == ".npy":
            return [np.load(path, allow_pickle=False)]
        if ending == ".csv":
            array = _read_csv(path)
            return [array[None] if inputs and len(inputs[0].shape) == 3 else array]
        if ending == ".npz":
            with np.load(path, allow_pickle=False) as members:
                return _named(members, path)
        with _h5py().File(path, "r") as file:
            return _named(file, path)
    except (OSError, EOFError) as reason:
        raise FileError("%s cannot be read: %s" % (path, reason)) from reason
    except (ValueError, KeyError) as reason:
        if isinstance(reason, ArgumentError):
            raise
        raise ArgumentError("%s does not hold arrays of numbers: %s" % (path, reason)) from reason


def write_outputs(path: str, outputs: Sequence[AnyArray]) -> None:
    """Writes `output`, or `output_0`, `output_1`, …; whole or not at all."""
    names = ["output"] if len(outputs) == 1 else ["output_%d" % number for number in range(len(outputs))]
    ending = os.path.splitext(path)[1].lower()
    if ending in (".npy", ".csv") and len(outputs) != 1:
        raise ArgumentError("a %s file holds one array and the model has %d outputs; write .h5 or .npz" % (ending, len(outputs)))
    if ending == ".npy":
        _replace(path, lambda name: _through(name, lambda file: np.save(file, outputs[0])))
    elif ending == ".csv":
        rows = outputs[0].reshape(-1, outputs[0].shape[-1] if outputs[0].ndim > 1 else 1)
        _replace(path, lambda name: np.savetxt(name, rows, delimiter=",", fmt="%.9g" if rows.dtype == np.float32 else "%.17g"))
    elif ending == ".npz":
        members: dict[str, Any] = dict(zip(names, outputs))
        _replace(path, lambda name: _through(name, lambda file: np.savez(file, **members)))
    else:
        h5py = _h5py()
        _replace(path, lambda name: _write_h5(h5py, name, dict(zip(names, outputs))))


def _named(group: Any, path: str) -> list[AnyArray]:
    names = ["input"] if "input" in group else ["input_%d" % n for n in range(sum(str(k).startswith("input_") for k in group))]
    missing = [name for name in names if name not in group]
    if missing or not names:
        raise ArgumentError("%s has no dataset %s; expected input, or input_0, input_1, …" % (path, missing[0] if missing else "input"))
    return [np.asarray(group[name][()]) for name in names]


def _read_csv(path: str) -> AnyArray:
    with open(path, encoding="utf-8") as file:
        lines = [line for line in file.read().splitlines() if line.strip()]
    if lines and not _is_numbers(lines[0]):
        del lines[0]
    if not lines:
        raise ArgumentError("%s has no numbers" % path)
    return np.loadtxt(lines, delimiter=",", ndmin=2)


def _is_numbers(line: str) -> bool:
    try:
        return bool([float(cell) for cell in line.split(",")])
    except ValueError:
        return False


def _h5py() -> Any:
    try:
        return importlib.import_module("h5py")
    except ImportError as reason:
        raise MissingPackageError("HDF5 files of arrays need h5py, which cannot be imported (%s); pip install h5py, or use .npy, .npz or "
                                  ".csv files" % reason) from reason


def _write_h5(h5py: Any, name: str, arrays: Mapping[str, AnyArray]) -> None:
    with h5py.File(name, "w") as file:
        for key, array in arrays.items():
            file.create_dataset(key, data=array)


def _through(name: str, write: Callable[[Any], None]) -> None:
    """Through an open file, because numpy appends its own ending to a name."""
    with open(name, "wb") as file:
        write(file)


def _replace(path: str, write: Callable[[str], None]) -> None:
    """Writes to a file beside `path`, then renames it."""
    beside = "%s.%d.part" % (path, os.getpid())
    try:
        write(beside)
        os.replace(beside, path)
    except OSError as reason:
        raise FileError("%s cannot be written: %s" % (path, reason)) from reason
    finally:
        if os.path.exists(beside):
            os.remove(beside)
