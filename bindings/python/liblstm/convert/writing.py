"""Tensors with metadata, and the files that they are written to."""
from __future__ import annotations

import importlib
import json
import struct
from typing import Any

import numpy as np

from .._errors import MissingPackageError

TYPES = {"f2": "F16", "f4": "F32", "f8": "F64", "i1": "I8", "i2": "I16", "i4": "I32", "i8": "I64", "u1": "U8", "b1": "BOOL"}


class Converted:
    """What was read: arrays by name, in their order, and strings about them."""

    def __init__(self, arrays: dict[str, Any], metadata: dict[str, str]) -> None:
        self.arrays = arrays
        self.metadata = metadata


def write(converted: Converted, path: str) -> None:
    """Writes safetensors, or HDF5 if the name ends so."""
    if path.endswith(".safetensors"):
        _write_safetensors(converted, path)
    else:
        _write_hdf5(converted, path)


def _write_safetensors(converted: Converted, path: str) -> None:
    header: dict[str, Any] = {"__metadata__": converted.metadata}
    pieces, place = [], 0
    for name, array in converted.arrays.items():
        array = np.ascontiguousarray(array).reshape(np.shape(array))
        data = array.astype(array.dtype.newbyteorder("<")).tobytes()
        header[name] = {"dtype": TYPES[array.dtype.kind + str(array.dtype.itemsize)], "shape": list(array.shape),
                        "data_offsets": [place, place + len(data)]}
        pieces.append(data)
        place += len(data)
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + b"".join(pieces))


def _write_hdf5(converted: Converted, path: str) -> None:
    try:
        h5py = importlib.import_module("h5py")
    except ImportError as reason:
        raise MissingPackageError("HDF5 files need h5py, which cannot be imported (%s); pip install h5py, or write "
                                  ".safetensors" % reason) from reason
    with h5py.File(path, "w") as file:
        for name, array in converted.arrays.items():
            file.create_dataset(name, data=array)
        for key, text in converted.metadata.items():
            file.attrs[key] = text
        if "architecture" not in converted.metadata:
            file.attrs["framework"] = "pytorch"
