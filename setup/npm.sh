#!/usr/bin/env bash
# Fetches what comes from npm, pinned in setup/npm: the public tables of vega-datasets into data/ (among them the demo's
# data/flights-3m.parquet, 3,000,000 real flights), and vega with its expression interpreter, which are built into the
# command and draw the charts of report.html, into setup/npm/vega/.
#
# A stamp beside what was fetched holds a hash of the lock file; when it fits and the files are there, nothing is done.
set -euo pipefail
cd "$(dirname "$0")/.."

stamp=data/.package-lock.stamp
vega=setup/npm/vega
wanted=$(sha256sum <setup/npm/package-lock.json | cut -d ' ' -f 1)
if [ "$(cat "$stamp" 2>/dev/null)" = "$wanted" ] && [ "$(cat "$vega/.package-lock.stamp" 2>/dev/null)" = "$wanted" ] \
  && [ -s data/flights-3m.parquet ] && [ -s "$vega/vega.min.js" ] && [ -s "$vega/vega-interpreter.js" ]; then
  exit 0
fi
if ! command -v npm >/dev/null; then
  printf 'setup/npm.sh: npm was not found. Run: sudo apt-get install -y nodejs npm\n' >&2
  exit 1
fi
printf 'setup/npm.sh: fetching data/flights-3m.parquet and vega\n'
# The lock file names versions and checksums but no registry: the one that npm is configured for is used.
npm --prefix setup/npm ci --silent --no-audit --no-fund --ignore-scripts
mkdir -p data "$vega"
rm -f "$stamp" "$vega/.package-lock.stamp"
# The other public tables of the package come along: tests learn from some of them.
cp -R setup/npm/node_modules/vega-datasets/data/. data/
cp setup/npm/node_modules/vega/build/vega.min.js setup/npm/node_modules/vega-interpreter/build/vega-interpreter.js "$vega/"
rm -rf setup/npm/node_modules
printf '%s\n' "$wanted" | tee "$stamp" >"$vega/.package-lock.stamp"
