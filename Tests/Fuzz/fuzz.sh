#!/usr/bin/env bash
# Fuzzes the readers with libFuzzer and AddressSanitizer: Tests/Fuzz/fuzz.sh [seconds for each, 60] [reader …]
#
# Readers: hdf5 zip json safetensors audio load (any file), and walk, which holds the check of HDF5 files against libhdf5. Each starts from the fixtures and
# from what earlier runs found (Tests/Fuzz/corpus/<reader>); what stops a run is kept in Tests/Fuzz/finds/<reader>.
set -euo pipefail
cd "$(dirname "$0")/../.."
seconds=${1:-60}
shift || true
readers=("$@")
[ ${#readers[@]} -gt 0 ] || readers=(hdf5 zip json safetensors audio load walk)

export LSTM_FUZZ=1 SWIFT_BACKTRACE=enable=no
swift build -c release --product LSTMFuzz --scratch-path .build-fuzz \
  -Xswiftc -sanitize=fuzzer,address -Xswiftc -enable-testing

seeds=build/fuzz/seeds
if [ ! -d $seeds ]; then
  mkdir -p $seeds/{hdf5,zip,json,safetensors,audio}
  find Tests/Fixtures/torch -name '*.safetensors' -size -40k -exec cp {} $seeds/safetensors \;
  find Tests/Exchange/audio -type f ! -name expected.json -exec cp {} $seeds/audio \;
  find Tests/Fixtures Tests/Layers -size -40k \( -name '*.h5' -o -name '*.keras' \) ! -name '*.expected.h5' | while read -r file; do
    kind=hdf5
    [ "$(head -c 2 "$file" | tr -d "\0")" = PK ] && kind=zip
    cp "$file" "$seeds/$kind/$(md5sum <"$file" | cut -c 1-16)"
    [ $kind = hdf5 ] || unzip -p "$file" config.json >"$seeds/json/$(md5sum <"$file" | cut -c 1-16)" 2>/dev/null || true
  done
fi

fault=0
for reader in "${readers[@]}"; do
  corpus=build/fuzz/corpus/$reader
  finds=Tests/Fuzz/finds/$reader
  mkdir -p "$corpus" "$finds"
  starts=()
  for kind in hdf5 zip json safetensors audio; do
    case $reader in "$kind" | load) starts+=("$seeds/$kind") ;; walk) [ $kind = hdf5 ] && starts+=("$seeds/hdf5") ;; esac
  done
  echo "fuzzing $reader for $seconds s"
  LSTM_FUZZ_READER=$reader ASAN_OPTIONS=detect_leaks=0 .build-fuzz/release/LSTMFuzz "$corpus" "${starts[@]}" \
    -max_total_time="$seconds" -timeout=20 -rss_limit_mb=4096 -malloc_limit_mb=2048 -max_len=65536 -artifact_prefix="$finds/" \
    -print_final_stats=1 >"build/fuzz/$reader.log" 2>&1 || { fault=1 && echo "$reader: stopped, see build/fuzz/$reader.log and $finds"; }
  grep -E "stat::number_of_executed_units|stat::new_units_added" "build/fuzz/$reader.log" | sed "s/^/$reader: /" || true
done
exit $fault
