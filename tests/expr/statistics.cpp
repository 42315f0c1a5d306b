#include "rfpp/expr/statistics.hpp"

#include <cmath>

#include "rfpp/cpu/cpu.hpp"
#include "rfpp/nn/attention.hpp"
#include "support.hpp"

using namespace rfpp;
using namespace rfpp::test;

namespace {

template <class T> Tensor<double> naive_softmax(const Tensor<T>& x) {
  const Extents e = x.extents();
  auto y = Tensor<double>::uninitialized(e);
  const auto channels = static_cast<std::size_t>(e.c);
  for (std::size_t pixel = 0; pixel < e.pixels(); ++pixel) {
    const T* in = x.data() + pixel * channels;
    double* out = y.data() + pixel * channels;
    const double maximum = static_cast<double>(*std::max_element(in, in + channels));
    double sum = 0;
    for (std::size_t c = 0; c < channels; ++c) sum += out[c] = std::exp(static_cast<double>(in[c]) - maximum);
    for (std::size_t c = 0; c < channels; ++c) out[c] /= sum;
  }
  return y;
}

}  // namespace

TEST_CASE("softmax over the channels") {
  Cpu ex(2);
  for (int channels : {1, 2, 5, 16, 33, 100})
    for (double range : {1.0, 30.0, 1000.0}) {
      const Extents e{2, 3, 5, channels};
      const std::string what = to_string(e) + " in +-" + std::to_string(range);
      const auto x = random_tensor<float>(e, 1, -range, range);
      check_close(eval(ex, softmax(ex, x)), naive_softmax(x), 1e-6, what);
      const auto d = random_tensor<double>(e, 1, -range, range);
      check_close(eval(ex, softmax(ex, d)), naive_softmax(d), 1e-14, what);
      const auto lazy = eval(ex, softmax(ex, silu(d) * 0.5));
      check_close(lazy, naive_softmax(eval(ex, silu(d) * 0.5)), 1e-14, "softmax(silu(x) / 2) of " + what);
    }
}

TEST_CASE("softmax keeps a NaN, and gives masked places nothing") {
  Cpu ex(1);
  const float endless = std::numeric_limits<float>::infinity();
  auto x = random_tensor<float>({1, 1, 2, 20}, 1);
  x.data()[3] = std::nanf("");
  x.data()[25] = -endless;
  const auto y = eval(ex, softmax(ex, x));
  for (int c = 0; c < 20; ++c) {
    CHECK(std::isnan(y.data()[c]));
    CHECK_FALSE(std::isnan(y.data()[20 + c]));
  }
  CHECK(y.data()[25] == 0);
}

TEST_CASE("normalized is x * a + b, with statistics per image") {
  Cpu ex(2);
  const auto x = random_tensor<double>({3, 4, 5, 6}, 1), a = random_tensor<double>({3, 1, 1, 6}, 2),
             b = random_tensor<double>({3, 1, 1, 6}, 3);
  const Tensor<double> unused;
  const auto y = eval(ex, Normalized<Tensor<double>>{x, unused, a, b, unused, unused});
  for (std::size_t i = 0; i < x.extents().size(); ++i) {
    const std::size_t k = i / 120 * 6 + i % 6;
    CHECK(y.data()[i] == Approx(x.data()[i] * a.data()[k] + b.data()[k]).epsilon(1e-14).margin(1e-14));
  }
}
