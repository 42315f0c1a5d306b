# abi.sh <program.cpp> <compiler> <arguments>...
# Two files that share something of rfpp link where they are compiled for the same instruction set, and only there. A
# program of the front door asks rfpp::restorer for the same symbols whatever it is compiled for.
set -eu
program=$1 && shift
[[ $(uname -m) == x86_64 ]] || { echo 'skipped: not an x86-64'; exit 77; }
folder=$(mktemp -d)
trap 'rm -r "$folder"' EXIT
cd "$folder"

cat >shared.hpp <<'END'
#include "rfpp/core/tensor.hpp"
std::size_t bytes_of(const rfpp::Tensor<float>& t);
END
printf '#include "shared.hpp"\nstd::size_t bytes_of(const rfpp::Tensor<float>& t) { return t.bytes(t.extents()); }\n' >one.cpp
printf '#include "shared.hpp"\nint main() { return bytes_of(rfpp::Tensor<float>({1, 1, 1, 2})) != 8; }\n' >two.cpp

sets=(-march=x86-64 '-march=x86-64 -mavx' '-march=x86-64 -mavx2' -march=x86-64-v3 -march=x86-64-v4)
for i in "${!sets[@]}"; do
  for source in one two; do "$@" ${sets[i]} -c $source.cpp -o $source$i.o; done
  "$@" ${sets[i]} -c "$program" -o door$i.o
  nm -uC door$i.o | grep rfpp >door$i
done
for i in "${!sets[@]}"; do
  for j in "${!sets[@]}"; do
    output=$("$@" one$i.o two$j.o -pthread -o program 2>&1) && links=yes || links=no
    if [[ $i == "$j" && $links == no ]]; then
      echo "$output" && exit 1
    elif [[ $i != "$j" ]]; then
      [[ $links == no ]] || { echo "a file for ${sets[i]} links with one for ${sets[j]}"; exit 1; }
      grep -q 'undefined reference to .*bytes_of' <<<"$output" || { echo "$output"; exit 1; }
    fi
  done
  diff door0 door$i || { echo "the front door is another one for ${sets[i]}"; exit 1; }
done
grep -q Restorer::open door0
