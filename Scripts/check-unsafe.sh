#!/usr/bin/env bash
# Unsafe code stays where it is looked for: the Swift keyword `unsafe` occurs only in these files.
set -euo pipefail
cd "$(dirname "$0")/.."
shopt -s nullglob
allowed=(
  Sources/LSTMKernels*/*.swift
  Sources/LSTMCaller/CallerArray.swift
  Sources/LSTMCaller/DirectStep.swift
  Sources/LSTMRuntime/Arena.swift
  Sources/LSTMRuntime/CallerArray.swift
  Sources/LSTMRuntime/CellKernels.swift
  Sources/LSTMRuntime/DirectCell.swift
  Sources/LSTMRuntime/DirectStream.swift
  Sources/LSTMRuntime/InstantKernels.swift
  Sources/LSTMRuntime/InstantLayer.swift
  Sources/LSTMRuntime/KernelTable.swift
  Sources/LSTMRuntime/LowKernels.swift
  Sources/LSTMRuntime/LowStream.swift
  Sources/LSTMRuntime/Meeting.swift
  Sources/LSTMRuntime/Operators/RowLoops.swift
  Sources/LSTMRuntime/SharedLayer.swift
  Sources/LSTMRuntime/Team.swift
  Sources/LSTMRuntime/ThreadPool.swift
  Sources/LSTMRuntime/Training/TrainingKernels.swift
  Sources/LSTMRuntime/Training/Parts/OptimizerLoops.swift
  Sources/LSTMFormats/HDF5*.swift
  Sources/LSTMFormats/FileBytes.swift
  Sources/LSTMFormats/JSON.swift
  Sources/LSTMFormats/Zip/ZipMember.swift
  Sources/LSTMFormats/Zip/ZipWriter.swift
  Sources/LSTMFormats/Save/AtomicFile.swift
  Sources/LSTM/*.swift
)
fault=0 count=0
while IFS= read -r -d '' file; do
  count=$((count + 1))
  [[ " ${allowed[*]} " == *" $file "* ]] && continue
  found=$(sed -e 's#//.*##' -e 's/"[^"]*"/""/g' "$file" | grep -nw unsafe | head -n 3) || continue
  echo "$file is not among the files for unsafe code:"
  sed 's/^/  /' <<<"$found"
  fault=1
done < <(find Sources -name '*.swift' -print0)
[ $fault -eq 0 ] && echo "unsafe: only where it may be, of $count files"
exit $fault
