#!/usr/bin/env bash
# The kernels for newer CPUs define no weak code. The linker keeps one copy of a weak function for everybody, and if it took the one
# compiled for AVX, the library would die on a CPU without it.
set -euo pipefail
cd "$(dirname "$0")/.."
shopt -s nullglob
[ "$(uname -m)" = x86_64 ] || { echo "kernel symbols: one kind of kernel only on $(uname -m)"; exit 0; }
fault=0 count=0
for module in LSTMKernelsV3 LSTMKernelsV4 LSTMKernels64V3 LSTMKernels64V4; do
  objects=(.build/release/$module.build/*.o)
  [ ${#objects[@]} -gt 0 ] || { echo "$module: no objects in .build/release/$module.build"; fault=1; }
  for object in "${objects[@]}"; do
    count=$((count + 1))
    weak=$(readelf -sW "$object" | awk '$4 == "FUNC" && ($5 == "WEAK" || $5 == "UNIQUE") && $7 != "UND" { print $8 }')
    [ -z "$weak" ] && continue
    echo "$object defines $(wc -l <<<"$weak") weak functions:"
    head -n 5 <<<"$weak" | { swift demangle 2>/dev/null || cat; } | sed 's/^/  /'
    fault=1
  done
done
[ $fault -eq 0 ] && echo "kernel symbols: no weak code in $count objects"
exit $fault
