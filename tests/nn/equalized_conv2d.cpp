#include "rfpp/nn/equalized_conv2d.hpp"

#include "rfpp/cpu/cpu.hpp"
#include "support.hpp"

using namespace rfpp;
using namespace rfpp::test;

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

TEST_CASE("blurring takes what lies beyond the edges for zeros, however small the image") {
  Cpu ex(2);
  for (const auto& [h, w] : {std::pair{1, 1}, {2, 3}, {4, 9}})
    for (const int channels : {1, 16, 33}) {
      const auto x = random_tensor<double>({2, h, w, channels}, 1);
      Tensor<double> wide(Extents{2, h + 4, w + 4, channels});
      for (int n = 0; n < 2; ++n)
        for (int row = 0; row < h; ++row)
          std::copy_n(x.data() + (n * h + row) * w * channels, w * channels,
                      wide.data() + ((n * (h + 4) + row + 2) * (w + 4) + 2) * channels);
      const auto y = eval(ex, blurred(x, 2, 1));
      REQUIRE((y.extents() == Extents{2, h + 1, w + 1, channels}));
      Tensor<double> expected(y.extents());
      constexpr double line[] = {.125, .375, .375, .125};
      for (int n = 0; n < 2; ++n)
        for (int row = 0; row <= h; ++row)
          for (int column = 0; column <= w; ++column)
            for (int c = 0; c < channels; ++c)
              for (int i = 0; i < 4; ++i)
                for (int j = 0; j < 4; ++j)
                  expected.data()[((n * (h + 1) + row) * (w + 1) + column) * channels + c] +=
                      line[i] * line[j] *
                      wide.data()[((n * (h + 4) + row + i) * (w + 4) + column + j) * channels + c];
      check_close(y, expected, 1e-14, to_string(x.extents()));
    }
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
