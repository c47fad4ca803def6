#!/usr/bin/env bash
# Builds and runs the benchmark over the C interface.  Usage: Benchmarks/run.sh [WORD…]   Rows that hold every word are run.
set -euo pipefail
cd "$(dirname "$0")/.."
CC=${CC:-$(Scripts/find-cc.sh)}
models=build/bench/models
mkdir -p build/bench
shapes="lstm_1_8 lstm_1_16 lstm_1_20 lstm_8_32 lstm_1_40 lstm_1_64 lstm_16_64 lstm_16_128 lstm_40_256 lstm_64_512 lstm_128_1024
  gru_1_16 gru_8_32 gru_16_128 gru_40_256 gru_1_16_before gru_8_32_before gru_16_128_before gru_40_256_before
  rnn_1_16 rnn_8_32 rnn_16_128 rnn_40_256 lstm_16_32_seq lstm_64_128_seq lstm_128_256_seq lstm_256_512_seq lstm_512_1024_seq
  lstm_128_256_x2_seq lstm_128_256_bi_seq gru_128_256_seq
  rnn_16_32_seq rnn_64_128_seq rnn_128_256_seq rnn_256_512_seq gru_16_32_before_seq gru_64_128_before_seq gru_128_256_before_seq
  gru_256_512_before_seq
  lstm_8_32_dense lstm_64_128_dense lstm_128_256_dense lstm_256_512_dense"
# shellcheck disable=SC2086  # a list of names
.venv/bin/python Benchmarks/models.py $models $shapes
wide=
[ "$(uname -m)" = x86_64 ] && wide=-mprefer-vector-width=512
# shellcheck disable=SC2086
$CC -std=gnu11 -O3 -march=native $wide -Wall -Wextra -Iinclude Benchmarks/bench.c Benchmarks/roofline.c -o build/bench/bench \
  -Lbuild/lib -Wl,-rpath,"$PWD/build/lib" -llstm
exec build/bench/bench $models "$@"
