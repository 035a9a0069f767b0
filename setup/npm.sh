#!/usr/bin/env bash
# Fetches what comes from npm, pinned in setup/npm: the public tables of vega-datasets into data/ (among them the demo's
# data/flights-3m.parquet, 3,000,000 real flights), and vega with its expression interpreter, which are built into the
# command and draw the charts of report.html, into setup/npm/vega/; and the protocol files of the BigQuery Storage API into
# setup/npm/googleapis/.
#
# A stamp beside what was fetched holds a hash of the lock file; when it fits and the files are there, nothing is done.
set -euo pipefail
cd "$(dirname "$0")/.."

stamp=data/.package-lock.stamp
vega=setup/npm/vega
protos=setup/npm/googleapis
# The protocol files alone are taken out of these packages, whose code and dependencies are not needed: package, version,
# SHA-512 of its archive, folder in it.
proto_packages=(
  '@google-cloud/bigquery-storage 5.1.2 1f3e11fb268122d30640456df5e1395d6f1f985d068427d11ad430daea19ec069c0629e2081df57f984cf0610e1f4895899b974a28525cd166dff7ac12f6e220 google/cloud/bigquery/storage/v1'
  'google-gax 5.0.8 338be965c5d0202d60a8854643b79a5378d7400eb379c4adc935eee75e1361f4e19604aead824ec47668f5fcd4ea1020c0f5afb84ca70151d6c9a224f3455e10 google/api google/rpc'
)
wanted=$( (cat setup/npm/package-lock.json; printf '%s\n' "${proto_packages[@]}") | sha256sum | cut -d ' ' -f 1)
if [ "$(cat "$stamp" 2>/dev/null)" = "$wanted" ] && [ "$(cat "$vega/.package-lock.stamp" 2>/dev/null)" = "$wanted" ] \
  && [ "$(cat "$protos/.package-lock.stamp" 2>/dev/null)" = "$wanted" ] \
  && [ -s "$protos/google/cloud/bigquery/storage/v1/storage.proto" ] && [ -s "$protos/google/api/annotations.proto" ] \
  && [ -s data/flights-3m.parquet ] && [ -s "$vega/vega.min.js" ] && [ -s "$vega/vega-interpreter.js" ]; then
  exit 0
fi
if ! command -v npm >/dev/null; then
  printf 'setup/npm.sh: npm was not found. Run: sudo apt-get install -y nodejs npm\n' >&2
  exit 1
fi
printf 'setup/npm.sh: fetching data/flights-3m.parquet, vega and BigQuery protocol files\n'
# The lock file names versions and checksums but no registry: the one that npm is configured for is used.
npm --prefix setup/npm ci --silent --no-audit --no-fund --ignore-scripts
mkdir -p data "$vega"
rm -f "$stamp" "$vega/.package-lock.stamp"
# The other public tables of the package come along: tests learn from some of them.
cp -R setup/npm/node_modules/vega-datasets/data/. data/
cp setup/npm/node_modules/vega/build/vega.min.js setup/npm/node_modules/vega-interpreter/build/vega-interpreter.js "$vega/"
rm -rf setup/npm/node_modules "$protos"
for entry in "${proto_packages[@]}"; do
  read -r package version checksum folders <<<"$entry"
  temporary=$(mktemp -d)
  npm pack --silent --pack-destination "$temporary" "$package@$version" >"$temporary/name"
  archive=$temporary/$(tail -n 1 "$temporary/name")
  if [ "$(sha512sum <"$archive" | cut -d ' ' -f 1)" != "$checksum" ]; then
    printf 'setup/npm.sh: %s %s is not the archive that was expected (SHA-512 %s...)\n' \
      "$package" "$version" "${checksum:0:16}" >&2
    exit 1
  fi
  for folder in $folders; do
    mkdir -p "$protos/$folder"
    tar -xzf "$archive" -C "$temporary" "package/build/protos/$folder"
    cp "$temporary/package/build/protos/$folder"/*.proto "$protos/$folder/"
  done
  rm -rf "$temporary"
done
printf '%s\n' "$wanted" | tee "$stamp" "$vega/.package-lock.stamp" >"$protos/.package-lock.stamp"
