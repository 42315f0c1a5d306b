#include "rfpp/nn/equalized_conv2d.hpp"

#include "rfpp/cpu/cpu.hpp"
#include "support.hpp"

using namespace rfpp;
using namespace rfpp::test;

TEST_CASE("zero_padded puts zeros around every image") {
  Cpu ex(1);
  const auto x = random_tensor<float>({2, 2, 3, 5}, 1);
  const auto y = eval(ex, zero_padded(x, 2));
  REQUIRE((y.extents() == Extents{2, 6, 7, 5}));
  for (int n = 0; n < 2; ++n)
    for (int h = 0; h < 6; ++h)
      for (int w = 0; w < 7; ++w)
        for (int c = 0; c < 5; ++c) {
          const bool inside = h >= 2 && h < 4 && w >= 2 && w < 5;
          const float expected = inside ? x.data()[((n * 2 + h - 2) * 3 + w - 2) * 5 + c] : 0;
          CHECK(y.data()[((n * 6 + h) * 7 + w) * 5 + c] == expected);
        }
}

TEST_CASE("blurring keeps the sum, and spreads a pixel over four") {
  Cpu ex(2);
  Tensor<double> x(Extents{1, 3, 4, 1});
  x.data()[1 * 4 + 2] = 64;
  const auto y = eval(ex, blurred(x, 2, 1)), inner = eval(ex, blurred(x, 1, 2));
  REQUIRE((y.extents() == Extents{1, 4, 5, 1}));
  const double line[] = {1, 3, 3, 1};
  for (int h = 0; h < 4; ++h)
    for (int w = 0; w < 5; ++w) CHECK(y.data()[h * 5 + w] == (w == 0 ? 0 : line[h] * line[w - 1]));
  REQUIRE((inner.extents() == Extents{1, 2, 3, 1}));
  for (int h = 0; h < 2; ++h)
    for (int w = 0; w < 3; ++w) CHECK(inner.data()[h * 3 + w] == 4 * y.data()[(h + 1) * 5 + w + 1]);
}

TEST_CASE("an equalized convolution scales its weight, not its bias") {
  Cpu ex(2);
  EqualizedConv2d<conv3x3(4, 6)> layer;
  layer.weight.assign(random_tensor<float>({6, 3, 3, 4}, 1));
  layer.bias = random_tensor<float>(vector_extents(6), 2);
  Conv2d<conv3x3(4, 6)> plain;
  plain.weight.assign(eval(ex, layer.weight.raw() * (1 / 6.0)));
  plain.bias = layer.bias;
  const auto x = random_tensor<float>({2, 5, 7, 4}, 3);
  check_close(bare(eval(ex, layer(x))), bare(eval(ex, plain(x))), 1e-6, "equalized");
}
