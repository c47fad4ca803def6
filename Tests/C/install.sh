#!/usr/bin/env bash
# Installs into a scratch folder, builds the examples of bindings/c against it as a stranger would, runs them, and uninstalls.
set -euo pipefail
cd "$(dirname "$0")/../.."
export CC=${CC:-$(Scripts/find-cc.sh)}
unset MAKEFLAGS MAKELEVEL MFLAGS
fixtures=Tests/Fixtures/keras/lstm_basic
model=$fixtures/lstm_basic.k3.h5
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
prefix=$scratch/prefix
passed=0
pass() { passed=$((passed + 1)); }
fail() { echo "install: failed: $*"; exit 1; }
quiet() { "$@" >"$scratch/log" 2>&1 || { cat "$scratch/log"; fail "$*"; }; pass; }

quiet make install PREFIX="$prefix"
for file in include/lstm.h lib/liblstm.so lib/liblstm.so.0 lib/pkgconfig/lstm.pc lib/cmake/lstm/lstm-config.cmake; do
  [ -e "$prefix/$file" ] || fail "$file was not installed"
  pass
done
quiet make install PREFIX=/usr LIBDIR=/usr/lib/somewhere DESTDIR="$scratch/staged"
[ -e "$scratch/staged/usr/lib/somewhere/liblstm.so.0" ] || fail "DESTDIR and LIBDIR were not followed"
version=$(PKG_CONFIG_PATH=$prefix/lib/pkgconfig pkg-config --modversion lstm)
grep -q "#define LSTM_VERSION_MINOR $(cut -d. -f2 <<<"$version")\$" include/lstm.h || fail "lstm.pc has version $version"

# The prefix may be moved afterwards.
mv "$prefix" "$scratch/elsewhere"
prefix=$scratch/elsewhere
mkdir "$scratch/made"
quiet make -C bindings/c PREFIX="$prefix" OUT="$scratch/made" WITH_HDF5=1 CFLAGS="-O2 -Werror"
programs=$scratch/made
if command -v cmake >/dev/null; then
  quiet cmake -S bindings/c -B "$scratch/cmake" -DCMAKE_PREFIX_PATH="$prefix" -DCMAKE_C_FLAGS=-Werror
  quiet cmake --build "$scratch/cmake"
  quiet "$scratch/cmake/inspect" $model
else
  echo "install: no cmake, CMakeLists.txt not tried"
fi

quiet "$programs/inspect" $model
grep -q lstm/ "$scratch/log" || fail "inspect does not name the weights"
quiet "$programs/errors" $model
quiet "$programs/build" 7
grep -q "^answer 0\." "$scratch/log" || fail "build gives no answer"
quiet "$programs/errors" Tests/Fixtures/keras/bilstm_concat/bilstm_concat.k3.h5

# One series, as a whole by predict and line by line by stream: the same last line.
printf '%s\n' "0.1 0.2 0.3 0.4" "-1 0 1 0.5" "0.7,0.7,0.7,0.7" "0 0 0 0" "1 -1 1 -1" "0.2 0.1 0 -0.1" >"$scratch/series.csv"
quiet "$programs/predict" $model "$scratch/series.csv" "$scratch/out.csv"
whole=$(tail -n 1 "$scratch/out.csv")
live=$("$programs/stream" $model <"$scratch/series.csv" | tail -n 1)
[ -n "$whole" ] && [ "$whole" = "$live" ] || fail "predict says $whole, stream says $live"
pass
quiet "$programs/predict" $model $fixtures/lstm_basic.expected.h5 "$scratch/out.h5"
[ -s "$scratch/out.h5" ] || fail "predict wrote no HDF5 file"
if "$programs/predict" $model /no/such.csv - 2>/dev/null; then fail "predict took a missing file"; fi
if echo "1 2" | "$programs/stream" $model >/dev/null 2>&1; then fail "stream took a line that is too short"; fi

quiet make uninstall PREFIX="$prefix"
left=$(find "$prefix" ! -type d)
[ -z "$left" ] || fail "uninstall left $left"
echo "  install: $((passed + 3)) passed, 0 failed"
