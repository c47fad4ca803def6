#!/usr/bin/env bash
# Makes build/interop-venv with the frameworks that open what liblstm writes: Keras 2's code, Keras 3, PyTorch. Once.
set -euo pipefail
cd "$(dirname "$0")/.."
exec </dev/null
venv=build/interop-venv
log=build/interop-setup.log
packages=('tensorflow-cpu==2.21.*' 'keras==3.15.*' h5py safetensors)
# Asks for another TensorFlow, with CUDA, though it runs on any.
keras2='tf_keras==2.21.*'
torch='torch==2.13.*'
# What PyTorch needs on a processor. The other packages that its wheel on PyPI asks for are CUDA's, some gigabytes.
torch_needs=(filelock fsspec jinja2 networkx sympy typing_extensions)

python() { "$venv/bin/python" "$@"; }
has() { python -c "import sys, importlib.util as u; sys.exit(not all(map(u.find_spec, '$*'.split())))" 2>/dev/null; }
torch_works() { python -c 'import torch; torch.nn.LSTM(2, 3)(torch.zeros(1, 1, 2))' >/dev/null 2>&1; }
pip() {  # a second try, since a network fails now and then
  python -m pip install --quiet --disable-pip-version-check "$@" >>"$log" 2>&1 && return
  sleep 5
  python -m pip install --quiet --disable-pip-version-check "$@" >>"$log" 2>&1 || { tail -n 20 "$log" >&2; return 1; }
}

[ -e "$venv/complete" ] && has tensorflow tf_keras keras torch safetensors h5py && exit 0
echo "Making $venv (2 GB; 6 GB where pip finds PyTorch only with CUDA)"
mkdir -p build
: >"$log"
[ -x "$venv/bin/python" ] || python3 -m venv "$venv"
pip "${packages[@]}" "${torch_needs[@]}"
pip --no-deps "$keras2"
# A wheel without CUDA, if pip is set up with a place that has one, works as it is.
torch_works || pip --no-deps "$torch"
torch_works || pip "$torch"
torch_works || { echo "PyTorch cannot be imported in $venv" >&2; exit 1; }
has tensorflow tf_keras keras torch safetensors h5py || { echo "$venv could not be made complete, see $log" >&2; exit 1; }
touch "$venv/complete"
