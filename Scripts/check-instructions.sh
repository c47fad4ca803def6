#!/usr/bin/env bash
# Instructions of five fixed workloads, AVX2 kernels, counted by callgrind: no count rises above 3 % of the one in Benchmarks/instructions.txt. Counts
# are exact where times are not. Loading a model varies by some ten thousand, with the addresses that it gets: so each workload repeats until that
# is below one in a thousand.  Usage: check-instructions.sh [--record]   writes the counts of now.
set -euo pipefail
cd "$(dirname "$0")/.."
recorded=Benchmarks/instructions.txt models=build/bench/models
[ "$(uname -m)" = x86_64 ] || { echo "instructions: counted on x86_64 only"; exit 0; }
command -v valgrind >/dev/null || { echo "instructions: no valgrind here, not counted"; [ -z "${CI:-}" ]; exit; }
mkdir -p build/bench
.venv/bin/python Benchmarks/models.py $models lstm_1_8 lstm_1_64 gru_8_32 lstm_16_32_seq lstm_64_128_seq
${CC:-$(Scripts/find-cc.sh)} -O1 -Iinclude Benchmarks/workload.c -o build/bench/workload -Lbuild/lib -Wl,-rpath,"$PWD/build/lib" -llstm

total() {  # total NAME COUNT
  LSTM_CPU=v3 SWIFT_DETERMINISTIC_HASHING=1 valgrind --tool=callgrind --callgrind-out-file=/dev/null build/bench/workload $models "$1" "$2" 2>&1 | sed -n 's/.*Collected : *//p'
}

fault=0 found=
while read -r name repeats before; do
  least=$(total "$name" 0)
  most=$(total "$name" "$repeats")
  now=$(((most - least) / repeats))
  found+="$name $repeats $now"$'\n'
  [ "${1:-}" = --record ] && continue
  if [ $((now * 100)) -gt $((before * 103)) ]; then
    echo "instructions: $name takes $now, $before were recorded"
    fault=1
  fi
done <"$recorded"
if [ "${1:-}" = --record ]; then printf '%s' "$found" | tee "$recorded"; exit; fi
[ $fault -eq 0 ] && echo "instructions: none of $(wc -l <"$recorded") workloads above what was recorded"
exit $fault
