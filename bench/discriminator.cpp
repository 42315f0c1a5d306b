// The convolutions of the image discriminator at 256x256, batch 4: forward, and both gradients.
#include <string>

#include "rfpp/expr/functors.hpp"
#include "roofline.hpp"

using namespace rfpp;

namespace {

struct Layer {
  int in, out, stride, side;  // side of the input
};
constexpr Layer layers[] = {
    {3, 64, 2, 256}, {64, 128, 2, 128}, {128, 256, 2, 64}, {256, 512, 1, 32}, {512, 1, 1, 31}};

enum class Pass { forward, data, filter };

void convolution(benchmark::State& state, const Layer& layer, Pass pass, int threads) {
  Cpu ex(threads);
  const auto x = bench::noise({4, layer.side, layer.side, layer.in});
  Filter<float> filter({layer.out, 4, 4, layer.in});
  filter.assign(bench::noise(filter.extents(), 0.05f));
  const ConvolutionGeometry geometry{4, layer.stride, 1, 1};
  const auto core = ConvolutionCore<Tensor<float>>{geometry, x, filter};
  const auto g = bench::noise(core.extents());
  const auto run = [&](const auto& e) {
    const auto out = ex.tensor<float>(e.extents());
    for (auto _ : state) eval_into(ex, out, e);
    bench::count(state, 2.0 * static_cast<double>(g.extents().size()) * 16 * layer.in, 0, threads);
  };
  if (pass == Pass::forward)
    run(anchor(core));
  else if (pass == Pass::data)
    run(anchor(ConvolutionDataGradientCore<Tensor<float>>{geometry, g, filter, x.extents()}));
  else
    run(anchor(
        ConvolutionFilterGradientCore<Tensor<float>, Tensor<float>>{geometry, x, g, filter.extents()}));
}

const bool registered = [] {
  for (const Layer& layer : layers)
    for (const auto& [name, pass] :
         {std::pair{"forward", Pass::forward}, {"data", Pass::data}, {"filter", Pass::filter}})
      for (const int threads : {1, 2})
        benchmark::RegisterBenchmark(
            (std::to_string(layer.in) + ">" + std::to_string(layer.out) + "@" + std::to_string(layer.side) +
             "/" + name + "/threads:" + std::to_string(threads))
                .c_str(),
            [&layer, pass, threads](benchmark::State& state) { convolution(state, layer, pass, threads); })
            ->Unit(benchmark::kMillisecond)
            ->UseRealTime();
  return true;
}();

}  // namespace
