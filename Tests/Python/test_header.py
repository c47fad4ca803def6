"""The binding declares what the header declares, no more, no less."""
import ctypes
import subprocess

import header
import pytest
from liblstm import _c
from liblstm._library import library

FUNCTIONS = header.functions()
STRUCTS = header.structs()


def test_the_header_was_understood():
    assert len(FUNCTIONS) >= 40 and "lstm_stream_step" in FUNCTIONS and "lstm_array_init" in FUNCTIONS
    assert {"lstm_array", "lstm_series_info"} <= set(STRUCTS)


def test_every_function_of_the_header_is_declared_and_no_other():
    assert set(_c.FUNCTIONS) == set(FUNCTIONS)


@pytest.mark.parametrize("name", sorted(FUNCTIONS))
def test_a_function_returns_and_takes_what_the_header_says(name):
    result, arguments = FUNCTIONS[name]
    declared_result, declared_arguments = _c.FUNCTIONS[name]
    assert declared_result is header.ctypes_of(result)
    assert declared_arguments == [header.ctypes_of(argument) for argument in arguments]


@pytest.mark.parametrize("name", sorted(_c.FUNCTIONS))
def test_the_library_has_the_function_and_its_prototype_is_set(name):
    function = getattr(library(), name)
    assert function.argtypes == _c.FUNCTIONS[name][1] and function.restype is _c.FUNCTIONS[name][0]


def test_every_struct_of_the_header_is_declared_and_no_other():
    assert set(_c.STRUCTS) == set(STRUCTS)


@pytest.mark.parametrize("name", sorted(STRUCTS))
def test_a_struct_has_the_fields_of_the_header_with_their_types(name):
    found = []
    for field, length, c_type in STRUCTS[name]:
        one = header.ctypes_of(c_type)
        found.append((field, one * header.constants()[length.replace("LSTM_", "")] if length else one))
    assert _c.STRUCTS[name]._fields_ == found


def test_fields_lie_where_the_C_compiler_puts_them(tmp_path):
    lines = ["#include <stddef.h>", "#include <stdio.h>", "#include <lstm.h>", "int main(void) {"]
    for name, fields in STRUCTS.items():
        lines.append('printf("%s %%zu\\n", sizeof(%s));' % (name, name))
        lines += ['printf("%s.%s %%zu\\n", offsetof(%s, %s));' % (name, field, name, field) for field, _, _ in fields]
    (tmp_path / "offsets.c").write_text("\n".join([*lines, "return 0; }"]))
    subprocess.run(["gcc", "-I", str(header.HEADER.parent), "-o", str(tmp_path / "offsets"), str(tmp_path / "offsets.c")], check=True)
    said = dict(line.split() for line in subprocess.run([str(tmp_path / "offsets")], check=True, capture_output=True,
                                                        text=True).stdout.splitlines())
    ours = {}
    for name, struct in _c.STRUCTS.items():
        ours[name] = str(ctypes.sizeof(struct))
        ours.update({"%s.%s" % (name, field[0]): str(getattr(struct, field[0]).offset) for field in struct._fields_})
    assert said == ours


def test_statuses_types_and_limits_are_the_headers():
    for name, value in header.constants().items():
        if not name.startswith("VERSION"):
            assert getattr(_c, name) == value, name


@pytest.mark.parametrize("name", sorted(STRUCTS))
def test_an_init_function_states_the_structs_size(name):
    value = _c.STRUCTS[name]()
    getattr(library(), name + "_init")(ctypes.byref(value))
    assert value.struct_size == ctypes.sizeof(value)
