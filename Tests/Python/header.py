"""Reads include/lstm.h: its constants, structs and functions."""
from __future__ import annotations

import re
from ctypes import POINTER, c_char_p, c_double, c_int32, c_int64, c_size_t, c_uint32, c_uint64, c_void_p

from conftest import ROOT
from liblstm import _c

HEADER = ROOT / "include" / "lstm.h"
TEXT = re.sub(r"/\*.*?\*/", " ", HEADER.read_text(), flags=re.S)

NUMBERS = {"int32_t": c_int32, "int64_t": c_int64, "uint32_t": c_uint32, "uint64_t": c_uint64, "size_t": c_size_t, "lstm_status": c_int32}
CALLBACKS = {"lstm_next_batch": _c.NEXT_BATCH, "lstm_fit_progress": _c.FIT_PROGRESS}
HANDLES = set(re.findall(r"typedef struct (\w+) \1;", TEXT))


def constants():
    found = {name: value.strip("()") for name, value in re.findall(r"#define LSTM_(\w+) +(\S+)", TEXT)}
    return {name: int(value) for name, value in found.items()}


def structs():
    """Name → fields in order, each (name, length of the array or None, C type)."""
    return {name: [field for line in body.split(";") if line.strip() for field in _fields(line)]
            for body, name in re.findall(r"typedef struct \w+ \{(.*?)\} (\w+);", TEXT, flags=re.S)}


def functions():
    """Name → (C type of the result, C types of the arguments)."""
    body = re.sub(r"typedef[^;{]*(\{.*?\}[^;]*)?;", " ", TEXT, flags=re.S)
    body = re.sub(r"^#.*$", " ", body, flags=re.M)
    found = {}
    for result, name, arguments in re.findall(r"([\w ]+?[ *]+)(lstm_\w+)\(([^)]*)\);", body):
        found[name] = result.strip(), [] if arguments.strip() == "void" else [_type(a) for a in arguments.split(",")]
    return found


def ctypes_of(c_type, name=""):
    """The one ctypes type that stands for a C type in this binding."""
    plain = re.sub(r"\bconst\b", "", c_type)
    base, stars = plain.replace("*", " ").split()[0], plain.count("*")
    if base in CALLBACKS:
        return CALLBACKS[base]
    if base == "double" and not stars:
        return c_double
    if base in HANDLES or base in ("void", "float", "double"):
        if base == "void" and not stars:
            return None
        return c_void_p if stars == 1 else POINTER(c_void_p)
    if base == "char":
        return POINTER(c_char_p) if stars == 2 else c_char_p if "const" in c_type else c_void_p
    one = _c.STRUCTS.get(base) or NUMBERS[base]
    for _ in range(stars):
        one = POINTER(one)
    return one


def _type(declaration):
    """A parameter's or field's type: the declaration without its last word."""
    return re.sub(r"\w+\s*$", "", declaration.strip()).strip()


def _fields(line):
    first, *others = line.strip().split(",")
    c_type = _type(re.sub(r"\[\w+\]", "", first))
    for declaration in [first, *others]:
        length = re.search(r"\[(\w+)\]", declaration)
        name = re.search(r"(\w+)\s*(\[\w+\])?\s*$", declaration).group(1)
        yield name, length and length.group(1), c_type
