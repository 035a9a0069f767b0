#!/usr/bin/env bash
# Fetches public tables into data/ out of the pinned npm package vega-datasets: the demo's data/flights-3m.parquet
# (3,000,000 real flights) and the package's other files.
#
# A stamp beside the data holds a hash of the lock file; when it fits and the data are there, nothing is done.
set -euo pipefail
cd "$(dirname "$0")/.."

stamp=data/.package-lock.stamp
wanted=$(sha256sum <setup/npm/package-lock.json | cut -d ' ' -f 1)
if [ "$(cat "$stamp" 2>/dev/null)" = "$wanted" ] && [ -s data/flights-3m.parquet ]; then
  exit 0
fi
if ! command -v npm >/dev/null; then
  printf 'setup/npm.sh: npm was not found. Run: sudo apt-get install -y nodejs npm\n' >&2
  exit 1
fi
printf 'setup/npm.sh: fetching data/flights-3m.parquet\n'
# The lock file names versions and checksums but no registry: the one that npm is configured for is used.
npm --prefix setup/npm ci --silent --no-audit --no-fund --ignore-scripts
mkdir -p data
rm -f "$stamp"
# The other public tables of the package come along: tests learn from some of them.
cp -R setup/npm/node_modules/vega-datasets/data/. data/
rm -rf setup/npm/node_modules
printf '%s\n' "$wanted" >"$stamp"
