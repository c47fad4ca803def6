"""Files of other programs become files that liblstm loads: PyTorch's .pt and .pth, and ONNX. Nothing in a file is executed."""
from __future__ import annotations

import json
import os
from typing import Any, Optional

from .._errors import ArgumentError, FileError, FormatError, UnsupportedError
from ..model import Model
from . import torch_file
from .writing import Converted, write

__all__ = ["Converted", "convert", "read"]


def convert(source: Any, target: Any, architecture: Optional[str] = None) -> Model:
    """Reads `source` (.pt, .pth, .onnx) and writes `target` (.safetensors, .h5), which then loads; returns the model that it holds.

    `architecture`: for a state_dict, JSON that says how its modules are connected (docs/formats.md).
    """
    from .. import load
    source, target = os.fspath(source), os.fspath(target)
    if os.path.splitext(target)[1].lower() not in (".safetensors", ".h5", ".hdf5"):
        raise ArgumentError("%s should end in .safetensors or .h5" % target)
    converted = read(source)
    if architecture is not None:
        try:
            json.loads(architecture)
        except ValueError as reason:
            raise ArgumentError("the architecture is not JSON: %s" % reason) from reason
        converted.metadata["architecture"] = architecture
    beside = "%s.%d.part%s" % (target, os.getpid(), os.path.splitext(target)[1])
    try:
        write(converted, beside)
        model = load(beside)
        os.replace(beside, target)
    except OSError as reason:
        if isinstance(reason, FileError):
            raise
        raise FileError("%s cannot be written: %s" % (target, reason)) from reason
    finally:
        if os.path.exists(beside):
            os.remove(beside)
    return model


def read(source: str) -> Converted:
    """The tensors of a file and what is known about them. What it is, its content tells."""
    try:
        with open(source, "rb") as file:
            head = file.read(16)
    except OSError as reason:
        raise FileError("%s cannot be read: %s" % (source, reason)) from reason
    if head[:4] == b"PK\x03\x04":
        return torch_file.read(source)
    if head[:2] in (b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05"):
        raise UnsupportedError("%s is a pickle of PyTorch before 1.6; load it there and save it again with torch.save" % source)
    if head[:8] == b"\x89HDF\r\n\x1a\n" or (0 in head[:8] and head[8:9] == b"{") or head[:1] == b"{":
        raise ArgumentError("%s needs no conversion: liblstm.load opens such files" % source)
    if head[:1] in (b"\x08", b"\x0a", b"\x12", b"\x3a", b"\x42"):
        from . import onnx_file
        return onnx_file.read(source)
    raise FormatError("%s is neither a file of torch.save nor an ONNX model" % source)
