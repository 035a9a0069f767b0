#!/usr/bin/env bash
# Installs the Debian 12 packages that are missing.
#
#   setup/apt.sh [GROUP...]     groups: build (default), lint, sanitize, docs, reports
#
# What is installed is asked of dpkg each time (well under a second), so there is no stamp that could go stale.
# Without root, or with a package of another version in place, it changes nothing, prints the command to run and exits 1.
# EMBER_SKIP_APT=1 skips the whole script, for those who provide the tools and libraries themselves.
set -euo pipefail

# Pins name the upstream release and leave the Debian revision open: an exact version disappears from the archive with the
# next security update, after which nobody could install it; the upstream release of a package stays for the life of Debian 12.
build_packages=(
  'ca-certificates=*'
  'g++-12=12.2.*'
  'cmake=3.25.*'
  'ninja-build=1.11.*'
  'ccache=4.8*'
  'mold=1.10.*'
  'pkg-config=1.8.*'
  'libsleef-dev=3.5.*'
  'libopenblas-serial-dev=0.3.21*'
  'libhwy-dev=1.0.*'
  'libfmt-dev=9.1.*'
  'nlohmann-json3-dev=3.11.*'
  'libcli11-dev=2.1.*'
  'libxxhash-dev=0.8.*'
  'libfarmhash-dev=0~git20190513*'
  'libyaml-cpp-dev=0.7.*'
  'libspdlog-dev=1:1.10.*'
  'libgtest-dev=1.12.*'
  'libgmock-dev=1.12.*'
  'libgrpc++-dev=1.51.*'
  'protobuf-compiler-grpc=1.51.*'
  'protobuf-compiler=3.21.*'
  'libprotobuf-dev=3.21.*'
  'libabsl-dev=20220623.*'
  'libre2-dev=20220601*'
  'libc-ares-dev=1.18.*'
  'libssl-dev=3.0.*'
  'libcurl4-gnutls-dev=7.88.*'
  'zlib1g-dev=1:1.2.*'
  'python3=3.11.*'
  'python3-venv=3.11.*'
  'python3-dev=3.11.*'
)
lint_packages=('clang-format-19=1:19.1.*' 'clang-tidy-19=1:19.1.*')
sanitize_packages=('clang-19=1:19.1.*' 'lld-19=1:19.1.*' 'libclang-rt-19-dev=1:19.1.*' 'llvm-19=1:19.1.*')
docs_packages=('doxygen=1.9.*')
# To look at reports and at the documentation's pages; follows its own releases.
reports_packages=('chromium=*')

fail() {
  printf 'setup/apt.sh: %s\n' "$1" >&2
  exit 1
}

[ "${EMBER_SKIP_APT:-0}" = 1 ] && exit 0

wanted=()
for group in "${@:-build}"; do
  case "$group" in
    build)
      wanted+=("${build_packages[@]}")
      # Any Node.js will do to fetch the demo data; Debian's is taken only where there is none.
      if ! command -v node >/dev/null || ! command -v npm >/dev/null; then
        wanted+=('nodejs=*' 'npm=*')
      fi
      ;;
    lint) wanted+=("${lint_packages[@]}") ;;
    sanitize) wanted+=("${sanitize_packages[@]}") ;;
    docs) wanted+=("${docs_packages[@]}") ;;
    reports) wanted+=("${reports_packages[@]}") ;;
    *) fail "unknown group '$group'; the groups are build, lint, sanitize, docs and reports" ;;
  esac
done

command -v dpkg-query >/dev/null || fail \
  "this script is for Debian 12 and finds no dpkg. Install the packages named in it in your system's way, then set EMBER_SKIP_APT=1."

declare -A installed
while IFS=$'\t' read -r status name version; do
  if [[ $status == *' installed' ]]; then
    installed[$name]=$version
  fi
done < <(dpkg-query -W -f '${Status}\t${Package}\t${Version}\n' "${wanted[@]%%=*}" 2>/dev/null || true)

missing=()
for pin in "${wanted[@]}"; do
  name=${pin%%=*} pattern=${pin#*=}
  version=${installed[$name]:-}
  if [ -z "$version" ]; then
    [ "$pattern" = '*' ] && missing+=("$name") || missing+=("$pin")
  elif [[ $version != $pattern ]]; then
    fail "expected $name $pattern, found $version. Install that version, or set EMBER_SKIP_APT=1 to go on with what is here."
  fi
done
[ ${#missing[@]} -eq 0 ] && exit 0

command_line="apt-get update && apt-get install -y --no-install-recommends$(printf " '%s'" "${missing[@]}")"
if [ "$(id -u)" -ne 0 ]; then
  printf 'setup/apt.sh: %d Debian packages are missing. Run this, then try again:\n\n' "${#missing[@]}" >&2
  printf '  sudo sh -c "%s"\n\n' "$command_line" >&2
  exit 1
fi
printf 'setup/apt.sh: installing %s\n' "${missing[*]%%=*}"
export DEBIAN_FRONTEND=noninteractive
apt-get -q -o Acquire::Retries=3 update
apt-get -q -o Acquire::Retries=3 -o Dpkg::Use-Pty=0 install -y --no-install-recommends "${missing[@]}"
