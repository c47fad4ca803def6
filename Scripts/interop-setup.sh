#!/usr/bin/env bash
# Makes build/interop-venv with the frameworks that open what liblstm writes: Keras 2's code, Keras 3, PyTorch. Once.
set -euo pipefail
cd "$(dirname "$0")/.."
venv=build/interop-venv
ready() { "$venv/bin/python" -c 'import h5py, importlib.util as u; assert all(map(u.find_spec, ("keras", "tf_keras", "tensorflow", "torch", "safetensors")))' 2>/dev/null; }

ready && exit 0
[ -x "$venv/bin/python" ] || python3 -m venv "$venv"
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check 'tensorflow-cpu==2.21.*' 'tf_keras==2.21.*' 'keras==3.15.*' h5py safetensors
# PyTorch without CUDA is a tenth of the size, but only its own index has it for every platform.
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check 'torch==2.13.*' \
  --extra-index-url https://download.pytorch.org/whl/cpu --retries 1 ||
  "$venv/bin/python" -m pip install --quiet --disable-pip-version-check 'torch==2.13.*'
ready || { echo "$venv could not be made complete" >&2; exit 1; }
