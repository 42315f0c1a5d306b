#include "rfpp/train/initialize.hpp"

#include "model/tiny_networks.hpp"
#include "rfpp/model/network.hpp"
#include "support.hpp"

using namespace rfpp;
using namespace rfpp::test;

TEST_CASE("parameters start in the ranges of their kinds, the same for the same seed") {
  Network<RohqdTiny> a, b, other;
  initialize(a, 5);
  initialize(b, 5);
  initialize(other, 6);
  const auto range = [](const Tensor<float>& t) {
    const auto [low, high] = std::ranges::minmax(t.elements());
    return std::pair(low, high);
  };
  const auto weight = a.encoder.mid.block_1.conv1.weight.raw();
  const float bound = 1 / std::sqrt(9.0f * 128);
  CHECK(range(weight).first < -0.99f * bound);
  CHECK(range(weight).first >= -bound);
  CHECK(range(weight).second > 0.99f * bound);
  CHECK(range(weight).second <= bound);
  CHECK(range(a.encoder.mid.block_1.conv1.bias).second > 0.8f * bound);
  CHECK(range(a.encoder.mid.block_1.conv1.bias).second <= bound);
  CHECK(range(a.quantize.weight).second <= 1.0f / 128);
  CHECK(range(a.quantize.weight).second > 0.99f / 128);
  CHECK(range(a.encoder.norm_out.weight) == std::pair(1.0f, 1.0f));
  CHECK(range(a.encoder.norm_out.bias) == std::pair(0.0f, 0.0f));
  CHECK(same_bits(weight, b.encoder.mid.block_1.conv1.weight.raw()));
  CHECK_FALSE(same_bits(weight, other.encoder.mid.block_1.conv1.weight.raw()));
  CHECK_FALSE(same_bits(weight, a.encoder.mid.block_2.conv1.weight.raw()));
}
