#!/usr/bin/env bash
# Makes the project's virtual environment .venv with the pinned packages of setup/requirements.txt.
#
#   setup/venv.sh [EXTRA...]     EXTRA: backends or docs, for setup/requirements-EXTRA.txt on top
#
# A stamp inside .venv holds a hash of the requirements and of the Python they were installed with; when it fits, nothing is
# done. EMBER_PYTHON names the Python to start from; by default the first Python 3.11 or newer that can make environments.
set -euo pipefail
cd "$(dirname "$0")/.."

fail() {
  printf 'setup/venv.sh: %s\n' "$1" >&2
  exit 1
}

install() {  # install REQUIREMENTS: unless its stamp says that it is there
  local requirements=$1 stamp wanted size=
  stamp=.venv/.$(basename "$requirements").stamp
  wanted=$({ cat "$requirements"; readlink -f .venv/bin/python; } | sha256sum | cut -d ' ' -f 1)
  [ "$(cat "$stamp" 2>/dev/null)" = "$wanted" ] && return
  case $requirements in
    setup/requirements.txt) size=' (1.5 GB on disk, some minutes)' ;;
    setup/requirements-backends.txt) size=' (torch and mlx: 1 GB on disk, some minutes)' ;;
  esac
  printf 'setup/venv.sh: installing the packages of %s in .venv%s\n' "$requirements" "$size"
  rm -f "$stamp"
  .venv/bin/python -m pip install --quiet --disable-pip-version-check --retries 5 --only-binary :all: -r "$requirements"
  printf '%s\n' "$wanted" >"$stamp"
}

# An environment whose Python has gone (its version was replaced) cannot be repaired, only made again.
if ! [ -x .venv/bin/python ] || ! [ -e "$(readlink -f .venv/bin/python)" ]; then
  python=
  for candidate in ${EMBER_PYTHON:-python3 python3.11 python3.12 python3.13 /usr/bin/python3}; do
    if "$candidate" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
      python=$candidate
      break
    fi
  done
  [ -n "$python" ] || fail "no Python 3.11 or newer with the venv module was found (tried ${EMBER_PYTHON:-python3 and others}).
Run: sudo apt-get install -y python3 python3-venv; or set EMBER_PYTHON to a suitable Python."
  printf 'setup/venv.sh: making .venv with %s\n' "$("$python" -c 'import sys; print(sys.executable)')"
  rm -rf .venv
  "$python" -m venv .venv
fi

install setup/requirements.txt
# The Python package as it is built (python/CMakeLists.txt) is seen by this Python, without having been installed.
for packages in .venv/lib/python3.*/site-packages; do
  [ "$(cat "$packages/emberharmony-build.pth" 2>/dev/null)" = "$PWD/build/python" ] \
    || printf '%s\n' "$PWD/build/python" >"$packages/emberharmony-build.pth"
done
for extra in "$@"; do
  [ -e "setup/requirements-$extra.txt" ] || fail "unknown extra '$extra': there is no setup/requirements-$extra.txt"
  install "setup/requirements-$extra.txt"
done
