#include "rfpp/nn/sft.hpp"

#include "cpu/naive.hpp"
#include "nn/golden.hpp"

using namespace rfpp;
using namespace rfpp::test;

namespace {

Tensor<double> naive_pair(const ConvPair<5, double>& pair, const Tensor<double>& x) {
  auto layer = [](const auto& conv, const Tensor<double>& input) {
    auto y = naive_convolution({3, 1, 1, 1}, input, conv.weight.raw());
    for (std::size_t i = 0; i < y.extents().size(); ++i) y.data()[i] += conv.bias.data()[i % 5];
    return y;
  };
  auto h = layer(pair.first, x);
  for (double& v : h.elements()) v = v > 0 ? v : 0.2 * v;
  return layer(pair.second, h);
}

}  // namespace

TEST_CASE("spatial feature transform is prior * (1 + scale) + shift") {
  SftBlock<5, double> block;
  fill_hashed(block);
  Cpu one(1), three(3);
  const auto prior = random_tensor<double>({2, 7, 6, 5}, 1),
             degraded = random_tensor<double>({2, 7, 6, 5}, 2);
  const auto y = bare(block(one, prior, degraded));
  const auto scale = naive_pair(block.scale, degraded), shift = naive_pair(block.shift, degraded);
  auto expected = Tensor<double>::uninitialized(prior.extents());
  for (std::size_t i = 0; i < prior.extents().size(); ++i)
    expected.data()[i] = prior.data()[i] * (1 + scale.data()[i]) + shift.data()[i];
  check_close(y, expected, 1e-14, "sft");
  CHECK(same_bits(bare(block(three, prior, degraded)), y));
  for (int n = 0; n < 2; ++n)
    CHECK(same_bits(bare(block(three, image_of(prior, n), image_of(degraded, n))), image_of(y, n)));
}

TEST_CASE("spatial feature transform's fields number the convolutions as the checkpoint does") {
  const SftBlock<5> block;
  std::vector<std::string> names;
  walk([&](const std::string& name, const auto&) { names.push_back(name); }, block);
  CHECK(names == std::vector<std::string>{"scale.0.weight", "scale.0.bias", "scale.2.weight", "scale.2.bias",
                                          "shift.0.weight", "shift.0.bias", "shift.2.weight",
                                          "shift.2.bias"});
}
