#!/usr/bin/env bash
# No source file is longer than 400 lines, and the library, stripped, stays small.
set -euo pipefail
cd "$(dirname "$0")/.."
most=400 much=250
library_most=$((12 * 1024 * 1024))  # bytes; a static Swift runtime alone is about 6 MB
fault=0 count=0 long=0

while IFS= read -r -d '' file; do
  lines=$(wc -l <"$file")
  count=$((count + 1))
  if [ "$lines" -gt $most ]; then
    echo "$file: $lines lines, $most at most"
    fault=1
  elif [ "$lines" -gt $much ]; then
    long=$((long + 1))
  fi
done < <(find Sources Tests bindings Scripts Makefile Package.swift -path Tests/Fixtures -prune -o -type f \
  \( -name '*.swift' -o -name '*.[ch]' -o -name '*.py' -o -name '*.sh' -o -name Makefile -o -name CMakeLists.txt \) -print0)

size=0
if [ -f build/lib/liblstm.so ]; then
  stripped=$(mktemp)
  trap 'rm -f "$stripped"' EXIT
  strip --strip-unneeded -o "$stripped" build/lib/liblstm.so
  size=$(stat -c %s "$stripped")
  [ "$size" -le $library_most ] || { echo "build/lib/liblstm.so: $size bytes stripped, $library_most at most"; fault=1; }
fi
[ $fault -eq 0 ] && echo "size: $count files, none above $most lines, $long above $much; the library has $((size / 1024)) KB stripped"
exit $fault
