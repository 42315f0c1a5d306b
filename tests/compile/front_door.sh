# front_door.sh <program.cpp> <photo> <weights> <compiler> <arguments>...
# A program of the front door includes at most 40 headers of rfpp where it links rfpp::restorer; and without that target
# it compiles and restores, too.
set -eu
program=$1 photo=$2 weights=$3 && shift 3
folder=$(mktemp -d)
trap 'rm -r "$folder"' EXIT

headers=$("$@" -M "$program" | tr ' ' '\n' | grep -c '/rfpp/.*\.hpp$')
echo "$headers headers"
((headers <= 40)) || exit 1
"$@" -URFPP_COMPILED "-DRFPP_WEIGHTS=\"$weights\"" -O0 "$program" -pthread -o "$folder/program"
"$folder/program" "$photo" "$folder/restored.png"
