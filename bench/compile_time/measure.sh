#!/usr/bin/env bash
# measure.sh [name...]
# Processor time of compiling the files that budgets.txt names, or those given, as a ratio to that of reference.cpp,
# compiled in the same run by the same compiler, CXX. Fails past a budget.
set -euo pipefail
cd "$(dirname "$0")/../.."
here=bench/compile_time
compiler=(${CXX:-g++} -std=c++20 -Iinclude -Iexamples/programs -march=native -DRFPP_COMPILED)
for folder in /usr/include/eigen3 /usr/include/stb; do
  [[ ! -d $folder ]] || compiler+=(-isystem "$folder")
done
work=$(mktemp -d)
trap 'rm -r "$work"' EXIT

# seconds <optimization> <file>: the lesser of two runs where one is short.
seconds() {
  local TIMEFORMAT=%U
  { time "${compiler[@]}" "$1" -c "$2" -o "$work/object.o" 2>"$work/errors"; } 2>&1 || { cat "$work/errors" >&2; return 1; }
}
# The file that a name stands for.
file_of() {
  case $1 in
    core) (cd include && printf '#include "%s"\n' rfpp/core/*.hpp) >"$work/core.cpp" ;;
    everything) echo '#include "rfpp/rfpp.hpp"' >"$work/everything.cpp" ;;
    library) echo examples/03_network_and_executor.cpp && return ;;  # the headers alone, one network
    front_door) echo examples/02_restore_photo.cpp && return ;;      # with the compiled target
    *) echo "examples/programs/$1.cpp" && return ;;
  esac
  echo "$work/$1.cpp"
}

unit=$(seconds -O2 $here/reference.cpp)
printf '%-12s %8s %8s %8s\n' file seconds ratio budget
printf '%-12s %8s %8s\n' reference "$unit" 1.00
failed=0
while read -r name optimization budget; do
  [[ $name != \#* && -n $name ]] || continue
  [[ $# == 0 || " $* " == *" $name "* ]] || continue
  spent=$(seconds "$optimization" "$(file_of "$name")")
  awk -v name="$name" -v spent="$spent" -v unit="$unit" -v budget="$budget" 'BEGIN {
    printf "%-12s %8.1f %8.2f %8.2f\n", name, spent, spent / unit, budget
    exit !(spent <= budget * unit)
  }' || { failed=1; echo "$name takes longer to compile than budgets.txt allows"; }
done <$here/budgets.txt
exit $failed
