#!/usr/bin/env bash
# Prints the C compiler to use: $CC, cc, gcc or clang, or the clang that comes with Swift.
for candidate in "${CC:-}" cc gcc clang; do
  if [ -n "$candidate" ] && command -v "${candidate%% *}" >/dev/null; then echo "$candidate"; exit; fi
done
swift=$(readlink -f "$(command -v swift)" 2>/dev/null) && [ -x "${swift%/*}/clang" ] && echo "${swift%/*}/clang"
