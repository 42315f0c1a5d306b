# Sourced by the scripts beside it, each called with the folder of the programs: what they need to begin.
set -uo pipefail
programs=$(realpath "$1")
tests=$(realpath "$(dirname "$0")/..")
data=$(realpath "$tests/../examples/data")
weights=$(realpath "$tests/../weights")
aligned=$tests/data/programs/astronaut.png
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
failures=0
fail() {
  echo "FAILED: $*"
  failures=$((failures + 1))
}
finish() {
  echo "$failures failures"
  exit $((failures > 0))
}
# run <exit code: 0 or 1> <program> <arguments>...
run() {
  local expected=$1 program=$2
  shift 2
  "$programs/rfpp-$program" "$@" >stdout 2>stderr </dev/null
  local code=$?
  ((code == expected)) || fail "$program $*: exit code $code, expected $expected: $(cat stderr)"
}
says() { grep -qF -- "$1" stderr stdout || fail "expected \"$1\", found: $(cat stdout stderr)"; }
silent_about() { ! grep -qF -- "$1" stderr stdout || fail "says \"$1\": $(cat stdout stderr)"; }
# refused <text that the message holds> <program> <arguments>...
# Exit code not 0, one line on stderr, no file in the folders out and full.
refused() {
  local expected=$1 program=$2
  shift 2
  rm -rf out
  "$programs/rfpp-$program" "$@" >stdout 2>stderr </dev/null
  local code=$?
  local left
  left=$(find out full -type f 2>/dev/null | wc -l)
  if ((code == 0 || code >= 126 || left > 0)) || [[ $(wc -l <stderr) != 1 ]] || ! grep -qF -- "$expected" stderr; then
    fail "$program $*: exit code $code, $left files left, expected \"$expected\", found: $(cat stderr)"
  fi
}
# The sides of a PNG, both below 65536: "512x300".
size_of() { od -An -j18 -N6 -tu1 "$1" | awk '{ print $1 * 256 + $2 "x" $5 * 256 + $6 }'; }
