"""Compiles and runs the C program and its Python twin from README.md, from the repository's root; they print the same numbers.

The programs are the fenced blocks after <!-- runs: c --> and <!-- runs: python -->, one of each.
"""
import math
import os
import re
import shlex
import subprocess
import sys
import tempfile


def program(text, language):
    found = re.findall(r"<!-- runs: %s -->\s*\n```%s\n(.*?)\n```" % (language, language), text, re.S)
    if len(found) != 1:
        sys.exit("README.md has %d programs marked <!-- runs: %s -->, expected 1" % (len(found), language))
    return found[0] + "\n"


def output(command, **settings):
    run = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, text=True, **settings)
    if run.returncode != 0:
        sys.exit("%s\n%s: status %d" % (run.stdout, " ".join(command[:2]), run.returncode))
    return run.stdout


def numbers(text):
    return [float(n) for n in re.findall(r"(?<![\w.])[-+]?\d+(?:\.\d*)?(?:[eE][-+]?\d+)?", text)]


def main():
    with open(sys.argv[1], encoding="utf-8") as f:
        text = f.read()
    with tempfile.TemporaryDirectory() as scratch:
        source, binary, script = (os.path.join(scratch, name) for name in ("readme.c", "readme", "readme.py"))
        with open(source, "w", encoding="utf-8") as f:
            f.write(program(text, "c"))
        with open(script, "w", encoding="utf-8") as f:
            f.write(program(text, "python"))
        library = os.path.abspath(os.environ.get("LIBRARY", "build/lib"))
        output(shlex.split(os.environ.get("CC", "cc")) + ["-std=c99", "-Wall", "-Wextra", "-pedantic", "-Werror", "-Iinclude", source,
               "-o", binary, "-L" + library, "-Wl,-rpath," + library, "-llstm", "-lm"])
        from_c, from_python = output([binary]), output([sys.executable, script])
    a, b = numbers(from_c), numbers(from_python)
    if not a or len(a) != len(b) or not all(math.isclose(x, y, rel_tol=1e-4, abs_tol=1e-4) for x, y in zip(a, b)):
        sys.exit("README.md: the two programs print different numbers\nC:\n%s\nPython:\n%s" % (from_c, from_python))
    print("  readme: the C program and the Python program run and print the same %d numbers" % len(a))


if __name__ == "__main__":
    main()
