#!/usr/bin/env bash
# Compiles and runs the C tests: plain, with AddressSanitizer, under valgrind.  Usage: Tests/C/run.sh [plain] [asan] [valgrind]
#
# LIBRARY: the folder of liblstm.so (build/lib).  CC: the compiler.  BUILD: where the programs go (build/tests-c).
set -uo pipefail
cd "$(dirname "$0")/../.."
library=${LIBRARY:-$PWD/build/lib} build=${BUILD:-$PWD/build/tests-c} CC=${CC:-$(Scripts/find-cc.sh)}
export FIXTURES=$PWD/Tests/Fixtures
[ $# -gt 0 ] || set -- plain asan valgrind
warnings="-std=c11 -Wall -Wextra -pedantic -Wstrict-prototypes -Wshadow -Werror"
linked="nonsense_model nonsense_run nonsense_stream nonsense_trainer lifetimes threads fixture saving precision allocations memory"
failures=0
mkdir -p "$build"

compile() {  # compile MODE PROGRAM [FLAGS…]
  local mode=$1 program=$2 hdf5=""
  shift 2
  [ "$program" = fixture ] && hdf5=$(pkg-config --cflags --libs hdf5)
  # shellcheck disable=SC2086  # lists of flags
  $CC $warnings -g -O1 "$@" -Iinclude Tests/C/$program.c Tests/C/check.c -o "$build/$program.$mode" \
    -L"$library" -Wl,-rpath,"$library" -llstm $hdf5 -lpthread -lm || { echo "$program does not compile ($mode)"; failures=$((failures + 1)); return 1; }
}

run() {  # run WORDS COMMAND…: prints the program's tally, or all of its output where it fails
  local words=$1 text status
  shift
  text=$("$@" 2>&1 </dev/null)
  status=$?
  if [ $status -eq 0 ]; then
    echo "  $(tail -n 1 <<<"$text")"
  else
    echo "$text"
    echo "  $words: FAILED with status $status"
    failures=$((failures + 1))
  fi
}

for mode in "$@"; do
  case $mode in
    plain)
      echo "C tests:"
      for program in $linked; do compile plain $program && run $program "$build/$program.plain"; done
      $CC $warnings -g -Iinclude Tests/C/host.c -o "$build/host.plain" -ldl -lm || failures=$((failures + 1))
      run host env -u SWIFT_ROOT "$build/host.plain" "$library/liblstm.so.0"
      # With SWIFT_ROOT set, the Swift runtime finds its backtracer and would install signal handlers.
      swift=$(readlink -f "$(command -v swift || echo /)")
      run "host with SWIFT_ROOT" env SWIFT_ROOT="${swift%/bin/*}" "$build/host.plain" "$library/liblstm.so.0"
      ;;
    asan)
      echo "C tests with AddressSanitizer:"
      for program in $linked; do
        # One has a malloc of its own, the other limits the address space, of which ASan needs terabytes.
        [ $program = allocations ] || [ $program = memory ] && continue
        compile asan $program -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer &&
          run "$program (ASan)" env ASAN_OPTIONS=detect_leaks=1:allocator_may_return_null=1:exitcode=99 "$build/$program.asan"
      done
      ;;
    valgrind)
      if ! command -v valgrind >/dev/null; then echo "C tests under valgrind: skipped, no valgrind"; continue; fi
      echo "C tests under valgrind:"
      for program in fixture lifetimes; do
        compile plain $program && run "$program (valgrind)" env LSTM_CPU=v3 valgrind -q --error-exitcode=99 --leak-check=full \
          --errors-for-leak-kinds=definite "$build/$program.plain"
      done
      ;;
    *) echo "$0: what is $mode?"; exit 2 ;;
  esac
done
[ $failures -eq 0 ] || { echo "$failures C test programs failed"; exit 1; }
