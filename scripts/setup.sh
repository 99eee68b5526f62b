#!/usr/bin/env bash
# Installs what the build and the tests need on Debian or Ubuntu, or says what is missing and how to get it.
#   scripts/setup.sh            OpenBLAS (with LAPACK) for the build
#   scripts/setup.sh --test     also PostgreSQL 15 or newer for the tests
set -euo pipefail

want_postgres=false
for argument in "$@"; do
  case "$argument" in
    --test) want_postgres=true ;;
    *) echo "setup: unknown argument '$argument' (known: --test)" >&2; exit 2 ;;
  esac
done

has_openblas() {
  { command -v pkg-config >/dev/null && pkg-config --exists openblas; } ||
    ls /usr/lib/*/libopenblas.so /usr/lib*/libopenblas.so /opt/homebrew/opt/openblas/lib/libopenblas.dylib \
      /usr/local/opt/openblas/lib/libopenblas.dylib >/dev/null 2>&1
}

# Prints the folder of the newest PostgreSQL server of version 15 or later.
postgres_bin() {
  local candidate version
  for candidate in $(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -rV) \
    "$(dirname "$(command -v initdb 2>/dev/null || echo /nonexistent/initdb)")"; do
    [ -x "$candidate/initdb" ] && [ -x "$candidate/postgres" ] || continue
    version=$("$candidate/postgres" --version | grep -oE '[0-9]+' | head -n 1)
    [ "$version" -ge 15 ] && { echo "$candidate"; return 0; }
  done
  return 1
}

missing=()
command -v cc >/dev/null || missing+=(build-essential)
has_openblas || missing+=(libopenblas-dev pkg-config)
if $want_postgres && ! postgres_bin >/dev/null; then missing+=(postgresql); fi
[ ${#missing[@]} -eq 0 ] && exit 0

run_as_root=()
if [ "$(id -u)" -ne 0 ]; then run_as_root=(sudo); fi
if ! command -v apt-get >/dev/null || { [ "$(id -u)" -ne 0 ] && ! command -v sudo >/dev/null; }; then
  {
    echo "setup: missing: ${missing[*]}"
    echo "  Debian, Ubuntu (as root):  apt-get update && apt-get install -y ${missing[*]}"
    echo "  Fedora:                    dnf install openblas-devel gcc postgresql-server"
    echo "  macOS:                     brew install openblas postgresql@16"
    echo "  Tests without a server:    just test-sqlite"
  } >&2
  exit 1
fi

echo "setup: installing ${missing[*]}" >&2
export DEBIAN_FRONTEND=noninteractive
"${run_as_root[@]}" apt-get update -qq
"${run_as_root[@]}" apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null

if $want_postgres && ! postgres_bin >/dev/null; then
  echo "setup: the packaged PostgreSQL is older than 15; install a newer one or set TEST_DATABASE_URL to a server" >&2
  exit 1
fi
