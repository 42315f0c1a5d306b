#include "rfpp/cpu/transposed_convolution.hpp"

#include "cpu/packed_convolution.hpp"

using namespace rfpp;
using namespace rfpp::test;

namespace {

constexpr ConvolutionGeometry transposing{3, 1, 2, 2};

/// silu(x), zeros between its pixels, convolved, plus a residual.
template <class T> struct TransposedLayer {
  Tensor<T> x, residual;
  Filter<T> filter;

  TransposedLayer(Extents e, int out)
      : x(random_tensor<T>(e, 1)),
        residual(random_tensor<T>({e.n, 2 * e.h + 1, 2 * e.w + 1, out}, 3)),
        filter({out, 3, 3, e.c}) {
    filter.assign(random_tensor<T>(filter.extents(), 2));
  }
  auto expression() const {
    const auto prologue = zero_inserted2(silu(x));
    return anchor(ConvolutionCore<std::remove_cvref_t<decltype(prologue)>>{transposing, prologue, filter}) +
           residual;
  }
};

template <class T> void check_transposed(Extents e, int out, double tolerance) {
  const std::string what = to_string(e) + " to " + std::to_string(out);
  const TransposedLayer<T> layer(e, out);
  Cpu ex(1);
  const auto naive =
      naive_convolution(transposing, eval(ex, zero_inserted2(silu(layer.x))), layer.filter.raw());
  check_packed_convolution(layer, CpuPacking::transposed, naive, tolerance, what);
}

}  // namespace

TEST_CASE("a transposed convolution is the naive loop's with zeros inserted") {
  for (const auto& [h, w] : {std::pair{1, 1}, {1, 4}, {3, 1}, {5, 7}, {8, 8}, {33, 61}})
    for (int in : {1, 3, 16, 48})
      for (int out : {1, 5, 32, 40}) {
        check_transposed<float>({h < 33 ? 2 : 1, h, w, in}, out, 1e-6);
        if (in == 3) check_transposed<double>({1, h, w, in}, out, 1e-14);
      }
}

TEST_CASE("a transposed convolution of rows that are longer than the staged ones should be") {
  check_transposed<float>({1, 3, 150, 1024}, 16, 1e-6);
}

TEST_CASE("a filter packed for a transposed convolution is packed anew for another") {
  TransposedLayer<float> layer({1, 9, 9, 16}, 16);
  Cpu ex(2);
  const auto plain = [&] {
    return eval(ex, anchor(ConvolutionCore<Tensor<float>>{{3, 1, 1, 1}, layer.x, layer.filter}) * 1.0);
  };
  const auto expected = plain();
  ex.pack(layer.filter, CpuPacking::transposed);
  CHECK(same_bits(plain(), expected));
  layer.filter.drop_raw();
  CHECK_THROWS_AS(plain(), Error);
}
