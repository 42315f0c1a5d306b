# bench.sh <bench folder> <compiler> <arguments>...
# The benchmarks still fit the library: each compiles, the model of a GPU where Thrust is installed.
set -u
bench=$1 && shift
failed=0
for source in "$bench"/*.cpp; do
  if grep -q '"rfpp/cuda/' "$source" && ! "$@" -x c++ - 2>/dev/null <<<'#include <thrust/version.h>'; then
    continue
  fi
  "$@" "$source" || {
    echo "$source does not compile"
    failed=1
  }
done
exit $failed
