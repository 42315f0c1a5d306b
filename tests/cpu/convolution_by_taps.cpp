#include "rfpp/cpu/convolution_by_taps.hpp"

#include "cpu/packed_convolution.hpp"

using namespace rfpp;
using namespace rfpp::test;

namespace {

/// silu(x) convolved, plus a residual.
template <class T> struct LayerByTaps {
  ConvolutionGeometry geometry;
  Tensor<T> x, residual;
  Filter<T> filter;

  LayerByTaps(const ConvolutionGeometry& g, Extents e, int out)
      : geometry(g), x(random_tensor<T>(e, 1)), filter({out, g.kernel, g.kernel, e.c}) {
    filter.assign(random_tensor<T>(filter.extents(), 2));
    const ConvolutionCore<Tensor<T>> core{g, x, filter};
    residual = random_tensor<T>(core.extents(), 3);
  }
  auto expression() const {
    const auto prologue = silu(x);
    return anchor(ConvolutionCore<std::remove_cvref_t<decltype(prologue)>>{geometry, prologue, filter}) +
           residual;
  }
};

template <class T> void check_by_taps(const ConvolutionGeometry& g, Extents e, int out, double tolerance) {
  const std::string what =
      to_string(e) + " to " + std::to_string(out) + ", kernel " + std::to_string(g.kernel);
  const LayerByTaps<T> layer(g, e, out);
  Cpu ex(1);
  check_packed_convolution(layer, CpuPacking::taps,
                           naive_convolution(g, eval(ex, silu(layer.x)), layer.filter.raw()), tolerance,
                           what);
}

}  // namespace

TEST_CASE("a convolution by taps is the naive loop's, over channels, sizes, kernels and batches") {
  for (const ConvolutionGeometry g :
       {ConvolutionGeometry{3, 1, 1, 1}, {3, 1, 0, 0}, {2, 1, 0, 1}, {5, 1, 2, 2}})
    for (int out : {1, 2, 3, 4})
      for (const auto& [h, w] : {std::pair{5, 5}, {7, 6}, {40, 131}})
        for (int in : {1, 3, 64}) {
          check_by_taps<float>(g, {h < 40 ? 3 : 1, h, w, in}, out, 1e-6);
          if (in == 3) check_by_taps<double>(g, {1, h, w, in}, out, 1e-14);
        }
}

TEST_CASE("a filter packed by taps is packed anew where the stride is not 1") {
  LayerByTaps<float> layer({3, 2, 0, 1}, {1, 9, 9, 4}, 3);
  Cpu ex(2);
  const auto expected = eval(ex, layer.expression());
  ex.pack(layer.filter, CpuPacking::taps);
  CHECK(same_bits(eval(ex, layer.expression()), expected));
}
