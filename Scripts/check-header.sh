#!/usr/bin/env bash
# include/lstm.h compiles without a warning as every C from C99 and every C++ from C++11, with gcc and with clang.
set -uo pipefail
cd "$(dirname "$0")/.."
swift=$(readlink -f "$(command -v swift)")
clang=$(command -v clang || echo "${swift%/*}/clang")
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
fault=0 count=0
printf '#include <lstm.h>\n#include <lstm.h>\nint main(void) { lstm_array a; lstm_array_init(&a); return (int)lstm_model_load("", 0, 0) + (int)a.rank; }\n' >"$scratch/use.c"

try() {  # try COMPILER LANGUAGE STANDARDS…
  local compiler=$1 language=$2 extra=
  shift 2
  command -v "$compiler" >/dev/null || { echo "header: no $compiler here, $language not checked with it"; [ -z "${CI:-}" ] || fault=1; return; }
  [ "$language" = c ] && extra=-Wstrict-prototypes
  for standard in "$@"; do
    count=$((count + 1))
    "$compiler" -x "$language" -std="$standard" -Wall -Wextra -pedantic $extra -Werror -Iinclude -fsyntax-only "$scratch/use.c" ||
      { echo "header: not clean as $standard with $compiler"; fault=1; }
  done
}

try gcc c c99 c11 c17 c2x
try "$clang" c c99 c11 c17 c23
try g++ c++ c++11 c++14 c++17 c++20 c++23
try "$clang" c++ c++11 c++14 c++17 c++20 c++23
[ $fault -eq 0 ] && echo "header: clean in $count combinations of compiler and standard"
exit $fault
