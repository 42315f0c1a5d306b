#include "rfpp/nn/layer_norm.hpp"

#include "cpu/fusion.hpp"
#include "rfpp/model/hashed.hpp"

using namespace rfpp;
using namespace rfpp::test;

TEST_CASE("layer norm normalizes every pixel over its channels") {
  Cpu ex(2);
  LayerNorm<24> norm;
  fill_hashed(norm);
  const auto x = random_tensor<float>({2, 3, 5, 24}, 1, -1, 3);
  const auto found = eval(ex, norm(ex, x));
  auto expected = Tensor<double>({2, 3, 5, 24});
  for (std::size_t p = 0; p < 30; ++p) {
    const float* row = x.data() + p * 24;
    double mean = 0, variance = 0;
    for (int c = 0; c < 24; ++c) mean += static_cast<double>(row[c]) / 24;
    for (int c = 0; c < 24; ++c) variance += std::pow(static_cast<double>(row[c]) - mean, 2) / 24;
    for (int c = 0; c < 24; ++c)
      expected.data()[p * 24 + static_cast<std::size_t>(c)] = (static_cast<double>(row[c]) - mean) /
                                                                  std::sqrt(variance + 1e-5) *
                                                                  static_cast<double>(norm.weight.data()[c]) +
                                                              static_cast<double>(norm.bias.data()[c]);
  }
  check_close(found, expected, 3e-7, "layer norm");
}

TEST_CASE("a fused layer norm gives what it gives node by node") {
  Cpu ex(2);
  LayerNorm<20, double> norm;
  fill_hashed(norm);
  const auto x = random_tensor<double>({2, 7, 3, 20}, 1);
  const auto fused = gelu(norm(ex, silu(x))) + x;
  check_close(eval(ex, fused), Unfused<double>{ex}(fused), 1e-14, "fused");
}

TEST_CASE("a layer norm of other channels is an error") {
  Cpu ex(1);
  LayerNorm<20> norm;
  fill_hashed(norm);
  CHECK(contains(error_of([&] { eval(ex, norm(ex, Tensor<float>({1, 2, 2, 19}))); }), "[1,2,2,19]"));
}
