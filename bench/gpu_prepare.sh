#!/usr/bin/env bash
# gpu_prepare.sh [folder]
# Builds what gpu.sh runs on a machine with an NVIDIA GPU, and puts it into a folder (build/gpu) with all that it needs:
# copy that there. Programs are for sm_90a (H100, H200) and processors with AVX2; of libraries, only those of C are not
# in them. Needs the CUDA Toolkit and what the tests and benchmarks need, but no GPU. Further arguments of cmake:
# CMAKE_ARGS.
set -euo pipefail
folder=${1:+$(realpath -m "$1")}
cd "$(dirname "$0")/.."
PATH=$PATH:/usr/local/cuda/bin
folder=${folder:-build/gpu} build=build/gpu_programs most=50  # MB
if [[ -n $(ls -A "$folder" 2>/dev/null) && ! -e $folder/gpu.sh ]]; then
  echo "gpu_prepare.sh: expected an empty folder or one of its own, found other files in $folder" >&2
  exit 2
fi

read -ra further <<<"${CMAKE_ARGS:-}"
# Without codecs, whose libraries the other machine may not have.
cmake --preset cuda -B "$build" -DCMAKE_CUDA_ARCHITECTURES=90a-real -DRFPP_BUILD_BENCH=ON \
  -DRFPP_NATIVE=OFF -DCMAKE_CXX_FLAGS=-march=x86-64-v3 -DCMAKE_CUDA_FLAGS=-Xcompiler=-march=x86-64-v3 \
  -DCMAKE_EXE_LINKER_FLAGS='-static-libstdc++ -static-libgcc -Wl,--gc-sections' \
  -DRFPP_WEBP_LIBRARY= -DRFPP_HEIF_LIBRARY= -DCMAKE_DISABLE_FIND_PACKAGE_TIFF=ON "${further[@]}"
cmake --build "$build" -j "$(nproc)" --target test_cuda bench_gpu bench_step restore

rm -rf "$folder"
mkdir -p "$folder/data" "$folder/weights"
programs=(tests/test_cuda bench/bench_gpu bench/bench_step examples/programs/rfpp-restore)
for program in "${programs[@]}"; do strip -o "$folder/${program##*/}" "$build/$program"; done
tar -C "$folder" --remove-files -czf "$folder/programs.tar.gz" "${programs[@]##*/}"
cp bench/gpu.sh bench/compare_gpu.py bench/compare_network.py bench/step.py "$folder"
cp examples/data/astronaut_degraded.jpg "$folder/data"
cp weights/centerface.safetensors weights/restoreformer++-medium.safetensors "$folder/weights"

size=$(du -sm "$folder" | cut -f1)
echo "$folder: $size MB"
if ((size > most)); then
  echo "gpu_prepare.sh: expected $most MB or less: see what has grown with du -a $folder" >&2
  exit 1
fi
