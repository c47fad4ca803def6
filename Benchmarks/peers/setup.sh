#!/usr/bin/env bash
# Installs the peers that the registries hold: onnxruntime, openvino, torch and tensorflow in an environment of their own, oneDNN 2.6 from the system
# and 3.2 from PyPI's wheels with libgomp (later ones need SYCL's libraries, hundreds of megabytes).
# PyTorch comes in whatever build pip finds first: the one with CUDA is the larger by some gigabytes and computes the same on the processor.
set -euo pipefail
cd "$(dirname "$0")/../.."
venv=build/peers-venv
ready() { "$venv/bin/python" -c 'import importlib.util as u; assert all(map(u.find_spec, ("h5py", "onnx", "onnxruntime", "openvino", "torch", "keras", "tensorflow")))' 2>/dev/null; }

if ! ready; then
  [ -x "$venv/bin/python" ] || python3 -m venv "$venv"
  "$venv/bin/python" -m pip install --quiet --disable-pip-version-check h5py onnx onnxruntime openvino 'torch==2.13.*'
  "$venv/bin/python" -m pip install --quiet --disable-pip-version-check 'tensorflow-cpu==2.21.*' 'keras==3.15.*'
  ready || { echo "$venv could not be made complete" >&2; exit 1; }
fi
if [ ! -f /usr/include/dnnl.h ] && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
  apt-get install -y -qq libdnnl-dev >/dev/null || echo 'libdnnl-dev cannot be installed: oneDNN is left out' >&2
fi
three=build/peers/onednn-3.2
if [ ! -f "$three/include/dnnl.h" ]; then
  rm -rf "$three" && mkdir -p "$three"
  if "$venv/bin/python" -m pip download --quiet --disable-pip-version-check --no-deps -d "$three" onednn-cpu-gomp==2023.2.0 onednn-devel-cpu-gomp==2023.2.0; then
    for wheel in "$three"/*.whl; do "$venv/bin/python" -m zipfile -e "$wheel" "$three"; done
    mv "$three"/onednn_cpu_gomp*.data/data/lib "$three"/onednn_devel*.data/data/include "$three"
    ln -sf libdnnl.so.3 "$three/lib/libdnnl.so"
    rm -rf "$three"/lib/libdnnl.so.3.* "$three"/*.whl "$three"/*.data "$three"/*.dist-info
  else
    echo 'onednn-cpu-gomp 2023.2 cannot be downloaded: oneDNN 3 is left out' >&2
  fi
fi

mkdir -p build/peers
CC=${CC:-$(Scripts/find-cc.sh)}
sources="-std=gnu11 -O2 -Wall -Wextra Benchmarks/peers/worker.c"
# shellcheck disable=SC2086  # a list of words
$CC $sources -Iinclude Benchmarks/peers/ours.c -o build/peers/ours -Lbuild/lib -Wl,-rpath,"$PWD/build/lib" -llstm
# shellcheck disable=SC2086
$CC -std=gnu11 -O2 -Wall -Wextra -Iinclude Benchmarks/peers/first.c -o build/peers/first -Lbuild/lib -Wl,-rpath,"$PWD/build/lib" -llstm
onednn="Benchmarks/peers/onednn.c Benchmarks/peers/onednn-parts.c"
# shellcheck disable=SC2086
[ ! -f /usr/include/dnnl.h ] || $CC $sources $onednn -o build/peers/onednn -ldnnl -lm
# shellcheck disable=SC2086
[ ! -f "$three/include/dnnl.h" ] || $CC $sources -I"$three/include" $onednn -o build/peers/onednn3 -L"$three/lib" -Wl,-rpath,"$PWD/$three/lib" -ldnnl -lm
