#!/usr/bin/env bash
# Installs what building, the demo or the tests need.  Usage: Scripts/setup.sh look | demo | test
#
# look: installs nothing, only says what the build misses.  demo: the build's packages and .venv with numpy and friends.
# test: also gcc, g++, cmake, valgrind. A stamp in build/ makes the second run instant; remove it to look again.
set -euo pipefail
cd "$(dirname "$0")/.."

needs_swift=6.2
tier=${1:?usage: Scripts/setup.sh look | demo | test}
python_packages=(numpy matplotlib)
[ "$tier" = demo ] || python_packages+=(pytest h5py mypy scikit-learn)

stamp="build/.setup-$tier"
print=$({ cat "$0"; command -v swift python3 || true; } | cksum)
if [ "$(cat "$stamp" 2>/dev/null)" = "$print" ] && { [ "$tier" = look ] || [ -x .venv/bin/python ]; }; then exit 0; fi

if ! command -v swift >/dev/null; then
  echo "Swift $needs_swift or newer is needed and there is no swift on the PATH. Get it from https://www.swift.org/install" >&2
  exit 1
fi
swift_version=$(swift --version 2>/dev/null | sed -n 's/.*Swift version \([0-9.]*\).*/\1/p' | head -n 1)
if [ "$(printf '%s\n' "$needs_swift" "${swift_version:-0}" | sort -V | head -n 1)" != "$needs_swift" ]; then
  echo "Swift $needs_swift or newer is needed; this one is ${swift_version:-of an unknown version}. See https://www.swift.org/install" >&2
  exit 1
fi

mkdir -p build
missing=()
need() {  # need PACKAGES TEST…: the Debian packages, unless the test succeeds
  local packages=$1
  shift
  "$@" >/dev/null 2>&1 || read -r -a missing <<<"${missing[*]-} $packages"
}
links() { echo 'int main() { return 0; }' | $(Scripts/find-cc.sh) -x c++ - -o /dev/null -lstdc++; }
python_is_new() { python3 -c 'import ensurepip, venv, sys; sys.exit(sys.version_info < (3, 9))'; }

need pkg-config command -v pkg-config
need libhdf5-dev pkg-config --exists hdf5
need libjansson-dev pkg-config --exists jansson
need libzip-dev pkg-config --exists libzip
need g++ links
if [ "$tier" != look ]; then
  [ -x .venv/bin/python ] || need "python3 python3-venv" python_is_new
fi
if [ "$tier" = test ]; then
  need gcc command -v gcc
  need g++ command -v g++
  need cmake command -v cmake
  need valgrind command -v valgrind
  need binutils command -v readelf
fi

if [ ${#missing[@]} -gt 0 ]; then
  mapfile -t missing < <(printf '%s\n' "${missing[@]}" | sort -u)
  as_root=()
  [ "$(id -u)" = 0 ] || as_root=(sudo -n)
  if [ "$tier" = look ]; then
    echo "To build, these are needed (Debian's names): ${missing[*]}. \`make setup\` installs them." >&2
    exit 1
  elif ! command -v apt-get >/dev/null || ! "${as_root[@]}" true 2>/dev/null; then
    echo "These are needed and cannot be installed from here (no apt-get, or no root): please install, under your system's names for" >&2
    echo "these Debian packages, then try again: ${missing[*]}" >&2
    exit 1
  fi
  echo "Installing with apt-get: ${missing[*]}"
  apt=("${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq -o Dpkg::Use-Pty=0)
  "${apt[@]}" update </dev/null || echo "(apt-get update failed; going on with the lists there are)"
  if ! "${apt[@]}" install -y --no-install-recommends "${missing[@]}" </dev/null >build/setup.log 2>&1; then
    tail -n 20 build/setup.log >&2
    rm -f build/setup.log
    echo "apt-get could not install: ${missing[*]}" >&2
    exit 1
  fi
  rm -f build/setup.log
fi

if [ "$tier" != look ]; then
  [ -x .venv/bin/python ] || { echo "Making .venv with $(python3 --version)"; python3 -m venv .venv; }
  modules=$(IFS=,; echo "${python_packages[*]/scikit-learn/sklearn}")
  if ! .venv/bin/python -c "import $modules" 2>/dev/null; then
    echo "Installing into .venv: ${python_packages[*]}"
    .venv/bin/python -m pip install --quiet --disable-pip-version-check "${python_packages[@]}" </dev/null || {
      echo "pip could not install ${python_packages[*]} into .venv; is there a network?" >&2
      exit 1
    }
  fi
fi

echo "$print" >"$stamp"
[ "$tier" = look ] || echo "Everything for \`make $tier\` is installed."
