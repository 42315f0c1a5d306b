#include "rfpp/nn/adaptive_instance_norm.hpp"

#include "rfpp/cpu/cpu.hpp"
#include "support.hpp"

using namespace rfpp;
using namespace rfpp::test;

namespace {

/// Mean of a channel of an image, and the square root of its variance over n - 1 plus 1e-5.
std::pair<double, double> channel_statistics(const Tensor<double>& t, int image, int channel) {
  const Extents e = t.extents();
  const int count = e.h * e.w;
  const auto value = [&](int p) { return t.data()[(image * count + p) * e.c + channel]; };
  double mean = 0, variance = 0;
  for (int p = 0; p < count; ++p) mean += value(p) / count;
  for (int p = 0; p < count; ++p) variance += (value(p) - mean) * (value(p) - mean) / (count - 1);
  return {mean, std::sqrt(variance + 1e-5)};
}

}  // namespace

TEST_CASE("adaptive instance norm gives every channel of an image the mean and deviation of another's") {
  Cpu ex(2);
  const Extents e{2, 4, 5, 3};
  const auto x = random_tensor<double>(e, 1, -1, 3), style = random_tensor<double>(e, 2, 5, 6);
  const auto found = adaptive_instance_norm(ex, x, style);
  auto expected = Tensor<double>::uninitialized(e);
  for (int n = 0; n < e.n; ++n)
    for (int c = 0; c < e.c; ++c) {
      const auto [mean, deviation] = channel_statistics(x, n, c);
      const auto [other_mean, other_deviation] = channel_statistics(style, n, c);
      for (int p = 0; p < e.h * e.w; ++p) {
        const int i = (n * e.h * e.w + p) * e.c + c;
        expected.data()[i] = (x.data()[i] - mean) / deviation * other_deviation + other_mean;
      }
    }
  check_close(found, expected, 1e-12, "adaptive instance norm");
}
