// Degradations of 512x512 faces, files left out. degrade.py beside this runs it next to OpenCV.
#include <benchmark/benchmark.h>

#include <cstdint>

#include "rfpp/cpu/cpu.hpp"
#include "rfpp/degrade/presets.hpp"

using namespace rfpp;

namespace {

constexpr Extents face{1, 512, 512, 3};

Tensor<float> noise_image() {
  Cpu ex(1);
  const Constant<float> half{0.5f, {}};
  return eval(ex, degrade::round_to_byte(Normal<float>{{1, 0, 0}, face} * 0.2 + half));
}

/// Whole pairs, drawn from a preset one after the other: images per second.
void degrade_pairs(benchmark::State& state, const degrade::Preset& preset) {
  Cpu ex(1);
  const auto image = noise_image();
  std::uint64_t index = 0;
  for (auto _ : state) {
    const auto pair = degrade::degrade(ex, draw(preset, 1, index++, face.h, face.w), image);
    benchmark::DoNotOptimize(pair.degraded.data());
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK_CAPTURE(degrade_pairs, code, degrade::presets::code)
    ->Iterations(400)
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(degrade_pairs, paper, degrade::presets::paper)
    ->Iterations(400)
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(degrade_pairs, restoreformer, degrade::presets::restoreformer)
    ->Iterations(400)
    ->Unit(benchmark::kMillisecond);

/// One stage over a whole face.
void stage(benchmark::State& state, const degrade::Stage& one) {
  Cpu ex(1);
  const auto image = noise_image();
  for (auto _ : state) benchmark::DoNotOptimize(apply(ex, std::span(&one, 1), image).data());
}
BENCHMARK_CAPTURE(stage, isotropic_blur, degrade::Blur{.size = 41, .sigma_x = 5, .sigma_y = 5})
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(stage, elongated_blur, degrade::Blur{.size = 41, .sigma_x = 8, .sigma_y = 2, .theta = 0.7})
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(stage, downsampling, degrade::Downsample{4})->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(stage, gaussian_noise, degrade::GaussianNoise{10, {1, 2, 3}})
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(stage, jpeg, degrade::Jpeg{75})->Unit(benchmark::kMillisecond);

}  // namespace
