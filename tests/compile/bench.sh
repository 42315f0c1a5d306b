# bench.sh <bench folder> <compiler> <arguments>...
# The benchmarks still fit the library: each compiles.
set -u
bench=$1 && shift
failed=0
for source in "$bench"/*.cpp; do
  "$@" "$source" || {
    echo "$source does not compile"
    failed=1
  }
done
exit $failed
