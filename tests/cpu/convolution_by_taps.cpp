#include "rfpp/cpu/convolution_by_taps.hpp"

#include "cpu/naive.hpp"
#include "rfpp/cpu/cpu.hpp"

using namespace rfpp;
using namespace rfpp::test;

namespace {

/// silu(x) convolved, plus a residual.
template <class T> struct Layer {
  ConvolutionGeometry geometry;
  Tensor<T> x, residual;
  Filter<T> filter;

  Layer(const ConvolutionGeometry& g, Extents e, int out)
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

template <class T> void check(const ConvolutionGeometry& g, Extents e, int out, double tolerance) {
  const std::string what =
      to_string(e) + " to " + std::to_string(out) + ", kernel " + std::to_string(g.kernel);
  Layer<T> layer(g, e, out);
  Cpu one(1), three(3);
  const auto naive = naive_convolution(g, eval(one, silu(layer.x)), layer.filter.raw());
  auto expected = Tensor<double>::uninitialised(naive.extents());
  for (std::size_t i = 0; i < expected.extents().size(); ++i)
    expected.data()[i] = naive.data()[i] + static_cast<double>(layer.residual.data()[i]);
  one.pack(layer.filter, CpuPacking::taps);
  layer.filter.drop_raw();
  const auto y = eval(one, layer.expression());
  check_close(y, expected, tolerance, what);
  INFO(what);
  CHECK(same_bits(eval(three, layer.expression()), y));
  CHECK(cpu::attached_sums(y).id() != nullptr);
  check_close(eval(one, moments(y, 1, 1e-6)), naive_moments(y, 1, 1e-6), 1e-5, what);

  const auto sum = copy_of(layer.residual);
  three.run(sum, layer.expression(), true);
  CHECK(same_bits(sum, eval(one, y + layer.residual)));
}

}  // namespace

TEST_CASE("a convolution by taps is the naive loop's, over channels, sizes, kernels and batches") {
  for (const ConvolutionGeometry g :
       {ConvolutionGeometry{3, 1, 1, 1}, {3, 1, 0, 0}, {2, 1, 0, 1}, {5, 1, 2, 2}})
    for (int out : {1, 2, 3, 4})
      for (const auto& [h, w] : {std::pair{5, 5}, {7, 6}, {40, 131}})
        for (int in : {1, 3, 64}) {
          check<float>(g, {h < 40 ? 3 : 1, h, w, in}, out, 1e-6);
          if (in == 3) check<double>(g, {1, h, w, in}, out, 1e-14);
        }
}

TEST_CASE("a filter packed by taps is packed anew where the stride is not 1") {
  Layer<float> layer({3, 2, 0, 1}, {1, 9, 9, 4}, 3);
  Cpu ex(2);
  const auto expected = eval(ex, layer.expression());
  ex.pack(layer.filter, CpuPacking::taps);
  CHECK(same_bits(eval(ex, layer.expression()), expected));
}
