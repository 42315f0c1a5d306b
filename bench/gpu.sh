#!/usr/bin/env bash
# Builds, tests and times everything on a machine with an NVIDIA GPU: tests, compute-sanitizer on them, and a table
# beside PyTorch. Needs the CUDA Toolkit, and what tests/run.sh and the benchmarks need.
set -euo pipefail
cd "$(dirname "$0")/.."
PATH=$PATH:/usr/local/cuda/bin
build=build/cuda

cmake --preset cuda -DCMAKE_CUDA_ARCHITECTURES=native -DRFPP_BUILD_BENCH=ON
cmake --build --preset cuda -j "$(nproc)"
ctest --preset cuda -R '^cuda:'
"$build/examples/programs/rfpp-restore" examples/data/astronaut_degraded.jpg --device cuda \
  --output "$build/restored"

# Full-size networks run the kernels of the others, and take hours under these.
for tool in memcheck racecheck initcheck synccheck; do
  echo "compute-sanitizer $tool"
  compute-sanitizer --tool "$tool" --error-exitcode 1 "$build/tests/test_cuda" 'every kind*'
done

python=build/compare/venv/bin/python
[[ -x $python ]] || python3 -m venv build/compare/venv
"$python" -m pip install --quiet torch numpy
"$python" bench/compare_gpu.py "$build/bench/bench_gpu"
for batch in 4 16; do
  "$python" bench/step.py "$build/bench/bench_step" --device cuda --batch "$batch"
done
