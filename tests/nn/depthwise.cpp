#include "rfpp/nn/depthwise.hpp"

#include "rfpp/cpu/cpu.hpp"
#include "support.hpp"

using namespace rfpp;
using namespace rfpp::test;

namespace {

template <class T> T& element_at(const Tensor<T>& t, int n, int h, int w, int c) {
  const Extents e = t.extents();
  return t.data()[((static_cast<std::ptrdiff_t>(n) * e.h + h) * e.w + w) * e.c + c];
}

Tensor<double> naive_depthwise(const ConvolutionGeometry& g, const Tensor<double>& x,
                               const Tensor<double>& weight) {
  const Extents e = x.extents();
  Tensor<double> y({e.n, g.output(e.h), g.output(e.w), e.c});
  const Extents out = y.extents();
  for (int n = 0; n < out.n; ++n)
    for (int h = 0; h < out.h; ++h)
      for (int w = 0; w < out.w; ++w)
        for (int c = 0; c < out.c; ++c)
          for (int i = 0; i < g.kernel; ++i)
            for (int j = 0; j < g.kernel; ++j) {
              const int row = h * g.stride + i - g.pad_before, column = w * g.stride + j - g.pad_before;
              if (row < 0 || row >= e.h || column < 0 || column >= e.w) continue;
              element_at(y, n, h, w, c) += element_at(x, n, row, column, c) * element_at(weight, c, i, j, 0);
            }
  return y;
}

template <class T> void check_depthwise(const ConvolutionGeometry& g, Extents e, double tolerance) {
  const auto wide = random_tensor<double>(e, 1);
  const auto weight = random_tensor<double>({e.c, g.kernel, g.kernel, 1}, 2);
  const auto narrow = [](const Tensor<double>& t) {
    auto out = Tensor<T>::uninitialized(t.extents());
    for (std::size_t i = 0; i < t.extents().size(); ++i) out.data()[i] = static_cast<T>(t.data()[i]);
    return out;
  };
  Cpu one(1), two(2);
  auto expected = naive_depthwise(g, wide, weight);
  const auto x = narrow(wide), w = narrow(weight);
  const std::string what =
      to_string(e) + " kernel " + std::to_string(g.kernel) + " stride " + std::to_string(g.stride);
  const auto plain = eval(two, depthwise(g, x, w));
  check_close(plain, expected, tolerance, what);
  CHECK(same_bits(plain, eval(one, depthwise(g, x, w))));
  // A prologue (the rows are then staged) and an epilogue.
  for (double& v : expected.elements()) v = std::max(0.0, 2 * v);
  check_close(eval(two, relu(depthwise(g, x * 2.0, w))), expected, tolerance, what + ", fused");
}

}  // namespace

TEST_CASE("depthwise convolutions equal plain loops, alone and fused, for any number of threads") {
  for (const Extents e :
       {Extents{1, 1, 1, 1}, Extents{2, 9, 13, 35}, Extents{1, 20, 7, 16}, Extents{1, 3, 40, 200}})
    for (const int stride : {1, 2, 3}) {
      check_depthwise<float>({3, stride, 1, 1}, e, 1e-6);
      check_depthwise<double>({3, stride, 1, 1}, e, 1e-14);
      check_depthwise<float>({1, stride, 0, 0}, e, 1e-6);
      check_depthwise<float>({5, stride, 2, 2}, e, 1e-6);
      check_depthwise<float>({3, stride, 0, 2}, e, 1e-6);
    }
}

TEST_CASE("a depthwise convolution refuses weights for another number of channels") {
  Cpu ex(1);
  const auto x = random_tensor<float>({1, 4, 4, 3}, 1), weight = random_tensor<float>({2, 3, 3, 1}, 2);
  CHECK(error_of([&] {
          eval(ex, depthwise({3, 1, 1, 1}, x, weight));
        }) ==
        "depthwise convolution: input [1,4,4,3] and weight [2,3,3,1], expected one kernel for every channel");
}

TEST_CASE("a transposed convolution writes every tap's product to its own place") {
  Cpu ex(2);
  TransposedConv2d<5, 3> layer;
  layer.weight = random_tensor<float>({3, 2, 2, 5}, 1);
  layer.bias = random_tensor<float>({1, 1, 1, 3}, 2);
  const auto x = random_tensor<float>({2, 3, 4, 5}, 3);
  Tensor<double> expected({2, 6, 8, 3});
  for (int n = 0; n < 2; ++n)
    for (int h = 0; h < 6; ++h)
      for (int w = 0; w < 8; ++w)
        for (int c = 0; c < 3; ++c) {
          double sum = static_cast<double>(layer.bias.data()[c]);
          for (int i = 0; i < 5; ++i)
            sum += static_cast<double>(element_at(layer.weight, c, h % 2, w % 2, i)) *
                   static_cast<double>(element_at(x, n, h / 2, w / 2, i));
          element_at(expected, n, h, w, c) = sum;
        }
  check_close(bare(eval(ex, layer(ex, x))), expected, 1e-6, "transposed");
}
