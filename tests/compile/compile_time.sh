# compile_time.sh <budgets.txt> <budget> <file> <compiler> <arguments>...
# Compiling the file costs at most twice the budget of processor time.
set -u
budgets=$1 name=$2 file=$3 && shift 3
budget=$(awk -v name="$name" '$1 == name { print $2 }' "$budgets")
object=$(mktemp)
trap 'rm "$object"' EXIT

TIMEFORMAT=%U
exec 3>&2
seconds=$({ time "$@" -c "$file" -o "$object" 2>&3; } 2>&1) || exit 1
echo "$(basename "$file"): $seconds s, the budget is $budget s"
awk -v seconds="$seconds" -v budget="$budget" 'BEGIN { exit !(seconds <= 2 * budget) }'
