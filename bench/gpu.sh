#!/usr/bin/env bash
# gpu.sh tests|bench [folder]
# Runs what gpu_prepare.sh has put into a folder (this file's own, or build/gpu), on a machine with an NVIDIA GPU.
# Installs and builds nothing. A step that fails or takes too long does not keep the next ones from running; what all of
# them said is in the folder's results/. PyTorch is asked for where the machine's python3 has it.
set -uo pipefail
here=$(cd "$(dirname "$0")" && pwd)
folder=$here/../build/gpu
[[ ! -e $here/programs.tar.gz ]] || folder=$here
folder=${2:-$folder}
case ${1:-} in
  tests | bench) ;;
  *)
    echo "gpu.sh: expected tests or bench, found '${1:-}'" >&2
    exit 2
    ;;
esac
if ! cd "$folder" 2>/dev/null || ! { [[ ! -e programs.tar.gz ]] || tar -xzf programs.tar.gz 2>/dev/null; } || [[ ! -x test_cuda ]]; then
  echo "gpu.sh: expected programs in $folder, found none: bench/gpu_prepare.sh makes them" >&2
  exit 2
fi
results=$PWD/results/$1
rm -rf "$results"
mkdir -p "$results"
export PYTHONUNBUFFERED=1
summary=() failed=0

# step <name> <seconds> <command>...: what it says goes to the terminal and to a file as it is said.
step() {
  local name=$1 limit=$2 start=$SECONDS status outcome=ok
  shift 2
  printf '\n=== %s (at most %d s)\n' "$name" "$limit"
  timeout --kill-after=5 "$limit" stdbuf -oL "$@" </dev/null 2>&1 | tee "$results/${name//[^A-Za-z0-9]/_}.txt"
  status=${PIPESTATUS[0]}
  if ((status != 0)); then
    outcome="failed ($status)"
    ((status != 124 && status != 137)) || outcome="stopped after $limit s"
    failed=1
  fi
  summary+=("$(printf '%4d s  %-20s %s' $((SECONDS - start)) "$outcome" "$name")")
}
has_torch() { python3 -c 'import torch; assert torch.cuda.is_available()' 2>/dev/null; }

tests() {
  local name tool names
  names=$(./test_cuda --list-test-names-only 2>/dev/null)           # Catch2 2
  [[ -n $names ]] || names=$(./test_cuda --list-tests --verbosity quiet)  # Catch2 3
  # One process for each: an error of a device stays in its process.
  while read -r name; do
    [[ -n $name ]] && step "$name" "$([[ $name == full-size* ]] && echo 300 || echo 90)" ./test_cuda "${name//,/\\,}"
  done <<<"$names"
  step 'restore a photo' 60 ./rfpp-restore data/astronaut_degraded.jpg --device cuda --output results/tests/restored
  # Full-size networks run the kernels of the others, and take hours under these.
  for tool in memcheck racecheck initcheck synccheck; do
    if command -v compute-sanitizer >/dev/null; then
      step "compute-sanitizer $tool" 90 compute-sanitizer --tool "$tool" --error-exitcode 1 \
        ./test_cuda 'every kind*in float'
    else
      summary+=("   - s  not there            compute-sanitizer $tool")
    fi
  done
}
bench() {
  local batch
  if command -v python3 >/dev/null; then
    step 'networks and degradations' 420 python3 compare_gpu.py ./bench_gpu
  else
    step 'networks and degradations' 200 ./bench_gpu
  fi
  for batch in 4 16; do
    if has_torch; then
      step "training steps of $batch" 90 python3 step.py ./bench_step --device cuda --batch $batch
    else
      step "training steps of $batch" 60 ./bench_step --device cuda --batch $batch
    fi
  done
}

command -v nvidia-smi >/dev/null && step 'the device' 20 nvidia-smi
"$1"
printf '\n=== %s\n' "$1"
printf '%s\n' "${summary[@]}" | tee "$results/summary.txt"
exit $failed
