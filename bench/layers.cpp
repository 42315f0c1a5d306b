// The convolutions of RestoreFormer++ at 512x512: group norm and SiLU before, a residual after; direct, and
// by the algorithm that each precision chooses. GFLOP/s are those of the direct form: Winograd may pass the
// peak.
#include <array>

#include "rfpp/nn/conv2d.hpp"
#include "rfpp/nn/group_norm.hpp"
#include "roofline.hpp"

using namespace rfpp;

namespace {

struct Layer {
  const char* name;
  ConvolutionGeometry geometry;
  int in, out, side;  // side of the input
  bool upsampled = false, after_codebook = true;
};
constexpr ConvolutionGeometry conv3x3{3, 1, 1, 1}, conv1x1{1, 1, 0, 0}, downsample{3, 2, 0, 1};
constexpr Layer layers[] = {{"64>64@512", conv3x3, 64, 64, 512},
                            {"64>64@512 encoder", conv3x3, 64, 64, 512, false, false},
                            {"128>128@256", conv3x3, 128, 128, 256},
                            {"128>128@256 encoder", conv3x3, 128, 128, 256, false, false},
                            {"128>64@512", conv3x3, 128, 64, 512},
                            {"128>128@128", conv3x3, 128, 128, 128},
                            {"256>256@64", conv3x3, 256, 256, 64},
                            {"256>256@32", conv3x3, 256, 256, 32},
                            {"512>512@16", conv3x3, 512, 512, 16},
                            {"128>128@512 upsampled", conv3x3, 128, 128, 256, true},
                            {"256>256@128 upsampled", conv3x3, 256, 256, 64, true},
                            {"512>512@32 upsampled", conv3x3, 512, 512, 16, true},
                            {"64>3@512", conv3x3, 64, 3, 512},
                            {"64>64@512 stride 2", downsample, 64, 64, 512},
                            {"128>64@512 1x1", conv1x1, 128, 64, 512},
                            {"512>512@16 1x1", conv1x1, 512, 512, 16}};

void convolution(benchmark::State& state, const Layer& layer, int threads, Packing::Kind kind) {
  Cpu ex(threads);
  const auto x = bench::noise({1, layer.side, layer.side, layer.in});
  const auto scale = bench::noise(vector_extents(layer.in)), shift = bench::noise(vector_extents(layer.in));
  const auto bias = bench::noise(vector_extents(layer.out));
  const int kernel = layer.geometry.kernel;
  Filter<float> filter({layer.out, kernel, kernel, layer.in});
  filter.assign(bench::noise(filter.extents(), 0.05f));
  ex.pack(filter, kind);
  auto run = [&](const auto& prologue) {
    using X = std::remove_cvref_t<decltype(prologue)>;
    const ConvolutionCore<X> core{layer.geometry, prologue, filter};
    const auto residual = bench::noise(core.extents()), out = bench::noise(core.extents());
    for (auto _ : state) eval_into(ex, out, anchor(core) + bias + residual);
    bench::count(state, 2.0 * static_cast<double>(out.extents().size()) * kernel * kernel * layer.in, 0,
                 threads);
  };
  const auto activated = silu(x * scale + shift);
  if (layer.upsampled)
    run(upsample2(x));
  else
    run(activated);
}

const bool registered = [] {
  for (const Layer& layer : layers)
    for (const int threads : {1, 2}) {
      const int side = layer.upsampled ? 2 * layer.side : layer.side;
      const ConvolutionShape shape{layer.geometry,
                                   {1, side, side, layer.in},
                                   {layer.out, layer.geometry.kernel, layer.geometry.kernel, layer.in},
                                   layer.upsampled,
                                   layer.after_codebook};
      std::vector<Packing::Kind> done;
      for (const auto& [name, kind] : {std::pair{"direct", CpuPacking::panels},
                                       {"reference", cpu::algorithm_for<float>(shape, Precision::reference)},
                                       {"exact", cpu::algorithm_for<float>(shape, Precision::exact)},
                                       {"fast", cpu::algorithm_for<float>(shape, Precision::fast)}}) {
        if (std::ranges::find(done, kind) != done.end()) continue;
        done.push_back(kind);
        benchmark::RegisterBenchmark(
            (std::string(layer.name) + "/" + name + "/threads:" + std::to_string(threads)).c_str(),
            [&layer, threads, kind](benchmark::State& state) { convolution(state, layer, threads, kind); })
            ->Unit(benchmark::kMillisecond)
            ->UseRealTime();
      }
    }
  return true;
}();

}  // namespace
