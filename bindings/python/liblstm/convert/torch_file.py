"""Files of torch.save, read without PyTorch: a zip archive with a pickle that names tensors, and their numbers beside it."""
from __future__ import annotations

import collections
import pickle
import zipfile
from typing import Any

import numpy as np

from .._errors import FormatError, UnsupportedError
from .writing import Converted

STORAGES = {"FloatStorage": "<f4", "DoubleStorage": "<f8", "HalfStorage": "<f2", "BFloat16Storage": "bfloat16", "LongStorage": "<i8",
            "IntStorage": "<i4", "ShortStorage": "<i2", "CharStorage": "<i1", "ByteStorage": "<u1", "BoolStorage": "?"}
DEEPEST = 8


class _Type:
    """Stands for a class of storages."""

    def __init__(self, name: str) -> None:
        self.dtype = STORAGES[name]


class _Refused(Exception):
    """What a pickle asks for and does not get."""


class _Reader(pickle.Unpickler):
    """Builds tensors, ordinary containers and nothing else: whatever else a pickle names is refused, so nothing of it is executed."""

    def __init__(self, archive: zipfile.ZipFile, folder: str, file: Any) -> None:
        super().__init__(file)
        self._archive, self._folder = archive, folder

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) == ("collections", "OrderedDict"):
            return collections.OrderedDict
        if module == "torch" and name in STORAGES:
            return _Type(name)
        if (module, name) == ("torch", "Size"):
            return tuple
        if module == "torch._utils" and name in ("_rebuild_tensor_v2", "_rebuild_tensor"):
            return self._tensor
        if module == "torch._utils" and name == "_rebuild_parameter":
            return _parameter
        raise _Refused("%s.%s" % (module, name))

    def persistent_load(self, pid: Any) -> Any:
        if not isinstance(pid, tuple) or len(pid) < 5 or pid[0] != "storage" or not isinstance(pid[1], _Type):
            raise _Refused("a persistent object that is no storage")
        _, kind, key, _, count = pid[:5]
        if not isinstance(key, str) or not isinstance(count, int) or count < 0:
            raise FormatError("a storage has the key %r and the size %r" % (key, count))
        width = 2 if kind.dtype == "bfloat16" else np.dtype(kind.dtype).itemsize
        return _numbers(_member(self._archive, "%s/data/%s" % (self._folder, key), count * width), kind.dtype)

    @staticmethod
    def _tensor(storage: Any, offset: Any, size: Any, stride: Any, *_: Any) -> Any:
        if not isinstance(storage, np.ndarray) or not all(isinstance(n, int) and n >= 0 for n in (offset, *size, *stride)) \
                or len(size) != len(stride) or len(size) > 32:
            raise FormatError("a tensor has the size %r and the stride %r" % (size, stride))
        count = int(np.prod(size, dtype=object)) if len(size) else 1
        last = offset + sum((n - 1) * step for n, step in zip(size, stride)) if count else -1
        if count > storage.size or last >= storage.size:
            raise FormatError("a tensor of the size %s reaches beyond its storage of %d numbers" % (list(size), storage.size))
        steps = [step * storage.itemsize for step in stride]
        return np.array(np.lib.stride_tricks.as_strided(storage[offset:] if count else storage[:0], tuple(size), steps))


def _parameter(data: Any, *_: Any) -> Any:
    return data


def _numbers(data: bytes, dtype: str) -> Any:
    if dtype != "bfloat16":
        return np.frombuffer(data, dtype)
    return (np.frombuffer(data, "<u2").astype("<u4") << 16).view("<f4")


def _member(archive: zipfile.ZipFile, name: str, size: int) -> bytes:
    try:
        info = archive.getinfo(name)
    except KeyError as reason:
        raise FormatError("the archive has no ‘%s’, which its pickle names" % name) from reason
    if info.compress_type != zipfile.ZIP_STORED or info.file_size != size:
        raise FormatError("‘%s’ in the archive has %d bytes; %d are needed" % (name, info.file_size, size))
    return archive.read(info)


def read(path: str) -> Converted:
    """The state_dict of a file of torch.save."""
    try:
        with zipfile.ZipFile(path) as archive:
            pickles = [info for info in archive.infolist() if info.filename.endswith("/data.pkl") and info.filename.count("/") == 1]
            if len(pickles) != 1:
                raise FormatError("%s is a zip archive without the pickle that torch.save writes" % path)
            if pickles[0].file_size > 1 << 28 or pickles[0].compress_type != zipfile.ZIP_STORED:
                raise FormatError("the pickle in %s has %d bytes, or is packed" % (path, pickles[0].file_size))
            folder = pickles[0].filename.split("/")[0]
            order = [info for info in archive.infolist() if info.filename == folder + "/byteorder"]
            if order and archive.read(order[0]) != b"little":
                raise UnsupportedError("%s was written on a machine with the other byte order" % path)
            with archive.open(pickles[0]) as file:
                found = _Reader(archive, folder, file).load()
    except _Refused as reason:
        raise UnsupportedError("%s holds an object ‘%s’, whose code would have to run; save the network's state_dict() instead, or pass it "
                               "to torch.onnx.export" % (path, reason)) from reason
    except FormatError as reason:
        raise FormatError("%s: %s" % (path, reason)) from reason
    except UnsupportedError:
        raise
    except Exception as reason:  # a damaged pickle or archive can raise anything
        raise FormatError("%s is damaged: %s: %s" % (path, type(reason).__name__, reason)) from reason
    arrays, place = _state(found, "", 0)
    if not arrays:
        raise FormatError("%s holds no dict of tensors" % path)
    metadata = {"format": "pt", "order": "definition", "writer": "PyTorch (torch.save)" + (", the entry ‘%s’" % place if place else "")}
    return Converted({name: array for name, array in arrays.items()}, metadata)


def _state(found: Any, place: str, depth: int) -> tuple[dict[str, Any], str]:
    """The dict of tensors in what was saved: the whole, or one that a checkpoint holds."""
    if not isinstance(found, dict) or depth > DEEPEST:
        return {}, place
    arrays = {name: value for name, value in found.items() if isinstance(name, str) and isinstance(value, np.ndarray)}
    if arrays and all(isinstance(value, np.ndarray) for value in found.values()):
        return arrays, place
    usual = [name for name in ("state_dict", "model_state_dict", "model", "net", "weights") if name in found]
    for name in usual + [name for name in found if name not in usual and isinstance(name, str)]:
        inner, where = _state(found[name], place + "/" + name if place else name, depth + 1)
        if inner:
            return inner, where
    return {}, place
