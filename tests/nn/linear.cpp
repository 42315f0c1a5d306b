#include "rfpp/nn/linear.hpp"

#include "rfpp/cpu/cpu.hpp"
#include "support.hpp"

using namespace rfpp;
using namespace rfpp::test;

TEST_CASE("images are flattened channel by channel, and back") {
  Cpu ex(1);
  const auto x = random_tensor<float>({2, 3, 4, 5}, 1);
  const auto flat = eval(ex, flatten_channels_first(x));
  REQUIRE((flat.extents() == Extents{1, 1, 2, 60}));
  const auto expected = to_nchw(x);
  CHECK(std::equal(expected.begin(), expected.end(), flat.data()));
  using Adjoint = RemapAdjoint<FlattenChannelsFirst, Tensor<float>>;
  CHECK(same_bits(eval(ex, Adjoint{{3, 4}, flat, x.extents()}), x));
}

TEST_CASE("a linear layer is a matrix product and a bias") {
  Cpu ex(2);
  Linear<7, 3> layer;
  layer.weight = random_tensor<float>(matrix_extents(3, 7), 1);
  layer.bias = random_tensor<float>(vector_extents(3), 2);
  const auto x = random_tensor<float>({1, 1, 4, 7}, 3);
  const auto y = eval(ex, layer(x));
  REQUIRE((y.extents() == Extents{1, 1, 4, 3}));
  for (std::size_t row = 0; row < 4; ++row)
    for (std::size_t out = 0; out < 3; ++out) {
      double sum = static_cast<double>(layer.bias.data()[out]);
      for (std::size_t i = 0; i < 7; ++i)
        sum += static_cast<double>(layer.weight.data()[out * 7 + i]) *
               static_cast<double>(x.data()[row * 7 + i]);
      CHECK(static_cast<double>(y.data()[row * 3 + out]) == Approx(sum).epsilon(1e-5));
    }
}
