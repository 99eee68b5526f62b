#!/usr/bin/env bash
# From a broker's file to the first report: import, sync (again after a rate limit or an outage), history, greeks,
# factors, stress, snapshot, report.
#
#   scripts/onboard.sh Positions.csv --portfolio Own
#   scripts/onboard.sh Positions.csv --portfolio Own --provider file --path demo-data/market
#
# Options: --provider NAME and --path DIR for the sync, --database-url URL, --output-dir DIR for the report,
# --restart to forget what is done; every other option goes to `sigma-seed onboard` (--as-of, --cash, --broker, ...).
# The tools are taken from SIGMA_BIN_DIR, else from the PATH.
#
# Steps that are done are remembered in .sigma-onboard/ in the current folder: after a failure the same command goes on
# with the step that failed. A step with partial data (3) is not done: the next call repeats it and all after it. The
# import and the report are made each time, and change nothing where nothing is new; when the import changes the
# database (it is new, or its positions are others), everything is done again. Another file, option, provider, folder,
# database or date starts from the beginning.
#
# Exit code: the worst of the steps; partial data (3) does not stop the chain.
set -uo pipefail

usage() { echo "onboard: $1; see scripts/onboard.sh --help" >&2; exit 2; }

provider=() output=() import=() restart=no file="" last="" steps=8
while [ $# -gt 0 ]; do
  case "$1" in
    --provider | --path | --output-dir | --database-url) [ $# -gt 1 ] || usage "$1 needs a value" ;;
  esac
  case "$1" in
    --help) sed -n '2,/^set/s/^# \{0,1\}//p' "$0" | sed '$d'; exit 0 ;;
    --provider | --path) provider+=("$1" "$2"); shift 2 ;;
    --output-dir) output+=("$1" "$2"); shift 2 ;;
    --database-url) export DATABASE_URL="$2"; shift 2 ;;
    --restart) restart=yes; shift ;;
    -n | --dry-run) usage "a preview is 'sigma-seed onboard FILE --dry-run'" ;;
    --format | -o | --output) usage "$1 is for 'sigma-seed onboard'" ;;
    *) # The file is the first word that is neither an option nor follows one, or that is a file.
      if [ -z "$file" ] && [ "$last" != --mapping ] && { [ -f "$1" ] || { [[ "$1" != -* ]] && [[ "$last" != -* ]]; }; }; then file="$1"; fi
      import+=("$1"); last="$1"; shift ;;
  esac
done
[ -n "$file" ] || usage "name the broker's FILE"
[ -f "$file" ] || usage "$file: no such file"

bin="${SIGMA_BIN_DIR:+$SIGMA_BIN_DIR/}"
command -v "${bin}sigma-seed" >/dev/null || {
  echo "onboard: sigma-seed not found; build with 'cargo build --release' and set SIGMA_BIN_DIR=target/release" >&2
  exit 1
}

# What makes it the same onboarding: the file, the options, the settings, the database.
key=$( {
  cat "$file"
  printf '%s|' "${import[@]}" -- ${provider[@]+"${provider[@]}"} -- ${output[@]+"${output[@]}"} -- "${DATABASE_URL:-}"
  [ -f sigma.toml ] && cat sigma.toml
} | cksum | tr ' ' '-')
state=".sigma-onboard/$key"
[ "$restart" = yes ] && rm -rf "$state"
mkdir -p "$state"

worst=0 number=0
severity() { case "$1" in 0) echo 0 ;; 3) echo 1 ;; *) echo 2 ;; esac; }

finish() {
  local word=ok
  [ "$worst" -eq 3 ] && word=partial
  if [ "$(severity "$worst")" -eq 2 ]; then
    word=failed
    echo "onboard: the same command goes on with the step that failed" >&2
  fi
  echo "onboard $word steps=$number/$steps" >&2
  exit "$worst"
}

# step NAME required|optional COMMAND... : skips what is done, tells its number, remembers success. A step that runs
# makes those after it undone: they read what it writes.
step() {
  local name="$1" need="$2" code=0
  shift 2
  number=$((number + 1))
  if [ -e "$state/$number" ]; then
    echo "[$number/$steps] $name: done before" >&2
  else
    undo_from "$number"
    echo "[$number/$steps] $name" >&2
    "$@" || code=$?
    [ "$code" -eq 0 ] && : >"$state/$number"
  fi
  [ "$(severity "$code")" -gt "$(severity "$worst")" ] && worst=$code
  case "$need$code" in required0 | required3) ;; required* | optional130) finish ;; esac
}

undo_from() {
  local later
  for ((later = $1; later <= steps; later++)); do rm -f "$state/$later"; done
}

import_file() {
  local code=0
  "${bin}sigma-seed" onboard "${import[@]}" --format json -o "$state/answer.json" 2>"$state/told" || code=$?
  cat "$state/told" >&2
  # Errors in the file: the answer is the list of problems, for people.
  if [ "$code" -eq 2 ] && [ -s "$state/answer.json" ]; then "${bin}sigma-seed" onboard "${import[@]}" --dry-run 2>/dev/null; fi
  return "$code"
}

# Rate limits (5) and outages (6) pass: what was fetched is kept, so a second try asks only for the rest.
sync_prices() {
  local code=0 try
  for try in 1 2 3; do
    code=0
    "${bin}sigma-sync" run "${scope[@]}" ${provider[@]+"${provider[@]}"} || code=$?
    case "$code" in 5 | 6) ;; *) return "$code" ;; esac
    [ "$try" -lt 3 ] && { echo "onboard: sync ended with $code; trying again" >&2; sleep $((try * ${ONBOARD_WAIT:-20})); }
  done
  return "$code"
}

# Importing a file again changes nothing, so it is how the database is asked whether it holds what the file says.
rm -f "$state/answer.json"
# Left by a call that was stopped while it imported: what followed the import before may not follow it now.
[ -e "$state/importing" ] && undo_from 2
: >"$state/importing"
done_before=$(ls "$state" | grep -cx '[2-7]')
number=1
echo "[1/$steps] import" >&2
import_file || worst=$?
case "$worst" in 0 | 3) ;; *) finish ;; esac
# Date and portfolios as the import decided them, from the first of its next commands; slugs hold no blanks.
next=$(grep -o '"command": *"sigma-sync run[^"]*"' "$state/answer.json" | head -n 1 | sed 's/.*sigma-sync run *//; s/"$//')
read -r -a scope <<<"$next"
[ "${#scope[@]}" -gt 0 ] || { echo "onboard: the import told no next step; use --restart" >&2; exit 1; }
[ "$(cat "$state/scope" 2>/dev/null)" = "$next" ] || undo_from 2
printf '%s' "$next" >"$state/scope"
if [ "$worst" -ne 0 ] || ! grep -q '\bchanged=0\b' "$state/told"; then
  [ "$done_before" -gt 0 ] && echo "onboard: the import changed the database, so every step is done again" >&2
  undo_from 2
fi
rm -f "$state/importing"

step prices required sync_prices
step history optional "${bin}sigma-validate" history "${scope[@]}"
step greeks required "${bin}sigma-greeks" run "${scope[@]}"
step factors required "${bin}sigma-factors" run "${scope[@]}"
step stress optional "${bin}sigma-stress" run "${scope[@]}"
step snapshot required "${bin}sigma-report" snapshot "${scope[@]}"
# The report may have been moved away, and takes a second.
rm -f "$state/8"
step report optional "${bin}sigma-report" generate "${scope[@]}" ${output[@]+"${output[@]}"}
finish
