// Group norms on an emulated GPU, of what products have summed and of what they have not.
#include <cmath>
#include <cstddef>

#include "catch.hpp"
#include "cuda/emulation/device.hpp"
#include "rfpp/cuda/tensor_core_executor.hpp"
#include "rfpp/model/hashed.hpp"
#include "rfpp/nn/conv2d.hpp"
#include "rfpp/nn/group_norm.hpp"

using namespace rfpp;
using namespace rfpp::test;
using EmulatedGpu = TensorCoreExecutor<emulation::Device>;

namespace {

constexpr int groups = 4;
constexpr double epsilon = 1e-6;

/// A convolution of two images whose result is far from zero.
Tensor<float> convolved(EmulatedGpu& ex, int side, int channels, int out) {
  Filter<float> filter({out, 3, 3, channels});
  filter.assign(ex.upload(hashed_tensor<float>("filter", filter.extents())));
  const auto bias = ex.upload(hashed_tensor<float>("bias", vector_extents(out)));
  const auto x = ex.upload(hashed_tensor<float>("x", {2, side, side, channels}));
  return eval(ex, BareConv2d<float>{{3, 1, 1, 1}, filter, bias}(x) + Constant<float>{1000.0F, {}});
}

/// What was found is what float64 finds in the same elements, within the rounding of a float.
void check_moments(EmulatedGpu& ex, const Tensor<float>& of, const Tensor<float>& found) {
  const auto x = ex.download(of), statistics = ex.download(found);
  const Extents e = x.extents();
  const int width = e.c / groups;
  for (int n = 0; n < e.n; ++n)
    for (int group = 0; group < groups; ++group) {
      const auto sum_of = [&](auto&& f) {
        double sum = 0;
        for (int i = 0; i < e.h * e.w * width; ++i)
          sum +=
              f(static_cast<double>(x.data()[(n * e.h * e.w + i / width) * e.c + group * width + i % width]));
        return sum / (e.h * e.w * width);
      };
      const double mean = sum_of([](double v) { return v; });
      const double variance = sum_of([mean](double v) { return (v - mean) * (v - mean); });
      const float* m = statistics.data() + (2 * n * groups + group);
      INFO("image " << n << ", group " << group);
      CHECK(std::abs(static_cast<double>(m[0]) / mean - 1) <= 1e-7);
      CHECK(std::abs(static_cast<double>(m[groups]) * std::sqrt(variance + epsilon) - 1) <= 1e-6);
    }
}

}  // namespace

TEST_CASE("products sum what they have written, as exactly as float64, where tiles are of one image") {
  EmulatedGpu ex;
  struct Size {
    int side, channels, out;
    bool sums;
  };
  for (const Size& s : {Size{16, 8, 64, true}, Size{16, 8, 96, true}, Size{16, 8, 200, true},
                        Size{8, 8, 64, false}, Size{16, 8, 12, false}, Size{16, 128, 64, false}}) {
    INFO(s.side << "x" << s.side << ", " << s.channels << " to " << s.out << " channels");
    const auto x = convolved(ex, s.side, s.channels, s.out);
    CHECK((x.storage.attached().id() != nullptr) == s.sums);
    if (s.out % groups == 0) check_moments(ex, x, eval(ex, moments(x, groups, epsilon)));
  }
}

TEST_CASE("a norm is one kernel, and reads nothing else where a product has summed") {
  EmulatedGpu ex;
  const auto weight = ex.upload(hashed_tensor<float>("weight", vector_extents(64))),
             bias = ex.upload(hashed_tensor<float>("norm bias", vector_extents(64)));
  const auto x = convolved(ex, 16, 8, 64);
  const auto before = ex.device().mark();
  const auto norm = BareGroupNorm<float>{groups, epsilon, weight, bias}(ex, x);
  CHECK(ex.device().mark() - before == 1);
  check_moments(ex, x, norm.statistics);

  // As if evaluated one after the other.
  const int width = 64 / groups;
  const auto a = ex.download(eval(ex, group_row(norm.statistics, 1, width) * weight));
  const auto b = ex.download(eval(ex, bias - group_row(norm.statistics, 0, width) * norm.a));
  const auto found_a = ex.download(norm.a), found_b = ex.download(norm.b);
  for (std::size_t i = 0; i < a.extents().size(); ++i) {
    CHECK(found_a.data()[i] == a.data()[i]);
    CHECK(std::abs(found_b.data()[i] - b.data()[i]) <= 1e-6F * std::abs(b.data()[i]));
  }

  // The elements are not what they were, the sums are.
  const auto expected = ex.download(norm.statistics);
  ex.for_each_item(x.extents().size(), [data = x.data()](std::size_t i) { data[i] = NAN; });
  const auto found = ex.download(eval(ex, moments(x, groups, epsilon)));
  for (std::size_t i = 0; i < expected.extents().size(); ++i) CHECK(found.data()[i] == expected.data()[i]);
}

TEST_CASE("sums of a tensor are gone where it is written again") {
  EmulatedGpu ex;
  const auto check = [&ex](auto&& write) {
    const auto x = convolved(ex, 16, 8, 64);
    REQUIRE(x.storage.attached().id() != nullptr);
    write(x);
    check_moments(ex, x, eval(ex, moments(x, groups, epsilon)));
  };
  check([&ex](const auto& x) { eval_into(ex, x, x * 3.0); });
  check([&ex](const auto& x) { ex.run(x, x * x, true); });
  check([&ex](const auto& x) { ex.add_reduced(x, x * 3.0); });
  check([&ex](const auto& x) {
    const auto rows = ex.upload(hashed_tensor<float>("rows", {1, 1, 1, 2 * 16 * 16 * 64}));
    ex.scatter_rows(reshaped(x, {1, 1, 1, 2 * 16 * 16 * 64}), ex.upload(Tensor<int>({1, 1, 1, 1})), rows);
  });
}
