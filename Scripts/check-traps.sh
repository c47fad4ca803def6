#!/usr/bin/env bash
# Code that C calls does not trap, exit or print by its own choice. A grep cannot see every trap; it sees those that one writes without
# thinking. `precondition` with its reason in words is allowed: it says what only a fault of ours can break.
set -euo pipefail
cd "$(dirname "$0")/.."
fault=0 count=0
patterns='\btry!|\bas!|\b(fatalError|preconditionFailure|assertionFailure|print|debugPrint|dump|exit|abort)\(|[]A-Za-z0-9_)]!([^=]|$)|\bunowned\b'
while IFS= read -r -d '' file; do
  count=$((count + 1))
  # Comments and the insides of strings do not count.
  found=$(sed -e 's/\\"//g' -e 's/"[^"]*"/""/g' -e 's#//.*##' "$file" | grep -nE "$patterns") || continue
  while IFS=: read -r line _; do
    echo "$file:$line: $(sed -n "${line}p" "$file" | sed 's/^ *//')"
  done <<<"$found"
  fault=1
done < <(find Sources/LSTM Sources/LSTMFormats Sources/LSTMRuntime Sources/LSTMModel -name '*.swift' -print0)
[ $fault -eq 0 ] && echo "traps: none written in $count files"
exit $fault
