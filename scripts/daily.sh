#!/usr/bin/env bash
# The daily chain: sync, validate history, greeks, factors, correlations, stress, snapshot, report, for all portfolios.
#
#   scripts/daily.sh                                   last completed session, provider from the settings
#   scripts/daily.sh --as-of 2025-06-30 --provider file --path demo-data/market
#   scripts/daily.sh --from 2025-06-02 --to 2025-06-30 replay of a range; the report is of its last session
#
# Options: --as-of D | --from D --to D, --database-url URL, --provider NAME, --path DIR, --portfolio SLUG (repeatable),
# --output-dir DIR. The tools are taken from SIGMA_BIN_DIR, else from the PATH.
#
# Exit code: the worst of the steps. A step that others need and that failed ends the chain; partial data (3) and
# a rate limit (5) do not. 7: another chain is running on the same database.
set -uo pipefail

# Dates and slugs hold no blanks, so they may stand in plain words; folders may, so they stand in arrays.
dates=() provider=() output=() books="" last=""
while [ $# -gt 0 ]; do
  if [ $# -lt 2 ] && [[ "$1" == --* && "$1" != --help ]]; then echo "daily: $1 needs a value" >&2; exit 2; fi
  case "$1" in
    --as-of) dates+=("$1" "$2"); last="$1 $2"; shift 2 ;;
    --from) dates+=("$1" "$2"); shift 2 ;;
    --to) dates+=("$1" "$2"); last="--as-of $2"; shift 2 ;;
    --database-url) export DATABASE_URL="$2"; shift 2 ;;
    --provider | --path) provider+=("$1" "$2"); shift 2 ;;
    --portfolio) books="$books $1 $2"; shift 2 ;;
    --output-dir) output+=("$1" "$2"); shift 2 ;;
    --help) sed -n '2,/^set/s/^# \{0,1\}//p' "$0"; exit 0 ;;
    *) echo "daily: unknown argument '$1'; see scripts/daily.sh --help" >&2; exit 2 ;;
  esac
done

bin="${SIGMA_BIN_DIR:+$SIGMA_BIN_DIR/}"
command -v "${bin}sigma-sync" >/dev/null || {
  echo "daily: sigma-sync not found; build with 'cargo build --release' and set SIGMA_BIN_DIR=target/release" >&2
  exit 1
}

# One chain a database: the lock is released by the system when this process ends, however it ends.
key=$(printf '%s|%s' "$PWD" "${DATABASE_URL:-sqlite:sigma.db}" | cksum | cut -d' ' -f1)
lock="${TMPDIR:-/tmp}/sigma-daily-$key.lock"
if command -v flock >/dev/null; then
  exec 9>"$lock"
  flock -n 9 || { echo "daily: another chain is running on this database ($lock)" >&2; exit 7; }
else
  mkdir "$lock.d" 2>/dev/null || { echo "daily: another chain is running, or remove $lock.d" >&2; exit 7; }
  trap 'rmdir "$lock.d"' EXIT
fi

worst=0 summary=""
severity() { case "$1" in 0) echo 0 ;; 3) echo 1 ;; *) echo 2 ;; esac; }

# step NAME required|optional TOOL ARGUMENTS...
step() {
  local name="$1" need="$2" code=0
  shift 2
  "$bin$@" 9>&- || code=$?
  summary="$summary $name=$code"
  [ "$(severity $code)" -gt "$(severity $worst)" ] && worst=$code
  case "$need$code" in
    # Partial data, and data up to a rate limit, are worth going on with.
    required0 | required3 | required5) ;;
    required* | optional130) finish ;;
  esac
}

finish() {
  local word=ok
  [ $worst -eq 3 ] && word=partial
  [ "$(severity $worst)" -eq 2 ] && word=failed
  echo "daily $word$summary" >&2
  exit "$worst"
}

step sync required sigma-sync run ${dates[@]+"${dates[@]}"} ${provider[@]+"${provider[@]}"} $books
step history optional sigma-validate history $last $books >/dev/null
step greeks required sigma-greeks run ${dates[@]+"${dates[@]}"} $books
step factors required sigma-factors run ${dates[@]+"${dates[@]}"} $books
step stress optional sigma-stress run ${dates[@]+"${dates[@]}"} $books
step snapshot required sigma-report snapshot ${dates[@]+"${dates[@]}"} $books
step report optional sigma-report generate $last $books ${output[@]+"${output[@]}"}
finish
