#include "rfpp/expr/lanes.hpp"

#include <algorithm>
#include <vector>

#include "rfpp/cpu/operand.hpp"
#include "support.hpp"

using namespace rfpp;

namespace {

constexpr float infinity = std::numeric_limits<float>::infinity();

/// Floats from all over the range, both signs, NaN and infinity among them.
std::vector<float> all_floats() {
  std::vector<float> values = {0.0f, -0.0f, infinity, -infinity, std::nanf(""), -std::nanf("")};
  for (std::uint64_t bits = 0; bits < std::uint64_t{1} << 32; bits += 9973)
    values.push_back(std::bit_cast<float>(static_cast<std::uint32_t>(bits)));
  for (float edge : {-87.0f, -87.33654f, -88.0f, -103.97f, 88.0f, 88.72283f, 88.72284f}) {
    float below = edge, above = edge;
    for (int i = 0; i < 50; ++i) {
      values.push_back(below = std::nextafter(below, -infinity));
      values.push_back(above = std::nextafter(above, infinity));
    }
  }
  for (int i = 0; i <= 200000; ++i) values.push_back(-88.0f + 0.000885f * static_cast<float>(i));
  return values;
}

}  // namespace

TEST_CASE("exponential is exact to about one unit in the last place over the whole float range") {
  constexpr double smallest = 1.67e-38;  // 2^-126 * sqrt(2): what would be less is 0
  double worst = 0;
  for (float x : all_floats()) {
    const float y = exponential(x);
    const double exact = std::exp(static_cast<double>(x));
    if (std::isnan(x)) {
      if (!std::isnan(y)) FAIL_CHECK("exponential(NaN) = " << y);
    } else if (exact < smallest) {
      if (!(y >= 0 && y <= smallest)) FAIL_CHECK("exponential(" << x << ") = " << y << " underflows");
    } else if (static_cast<float>(exact) == infinity) {
      if (y != infinity) FAIL_CHECK("exponential(" << x << ") = " << y << " for infinity");
    } else {
      const double unit = std::ldexp(1.0, std::ilogb(static_cast<float>(exact)) - 23);
      const double error = std::abs(static_cast<double>(y) - exact) / unit;
      if (!(error <= 1.05)) FAIL_CHECK("exponential(" << x << ") = " << y << " for " << exact);
      worst = std::max(worst, error);
    }
  }
  CHECK(worst > 0.4);  // the sweep has compared something
}

TEST_CASE("exponential in double is exact to about one unit in the last place") {
  double worst = 0;
  for (int i = 0; i < 1000000; ++i) {
    const double x = i % 2 == 0 ? -708 + 0.0014177 * i : -2 + 4e-6 * i;
    const long double exact = std::exp(static_cast<long double>(x));
    const auto error =
        static_cast<double>(std::abs(static_cast<long double>(exponential(x)) - exact) / exact);
    worst = std::max(worst, error);
  }
  CHECK(worst <= 2.3e-16);
  CHECK(worst > 1e-17);  // the sweep has compared something
  constexpr double infinite = std::numeric_limits<double>::infinity();
  CHECK(exponential(0.0) == 1);
  CHECK(exponential(-infinite) == 0);
  CHECK(exponential(infinite) == infinite);
  CHECK(exponential(709.782712893384) < infinite);
  CHECK(exponential(709.79) == infinite);
  CHECK(std::isnan(exponential(std::nan(""))));
}

TEST_CASE("exponential at its edges") {
  CHECK(exponential(0.0f) == 1.0f);
  CHECK(exponential(-0.0f) == 1.0f);
  CHECK(exponential(infinity) == infinity);
  CHECK(exponential(-infinity) == 0.0f);
  CHECK(exponential(88.72283f) < infinity);
  CHECK(exponential(88.72284f) == infinity);
  CHECK(exponential(-1e30f) == 0.0f);
  CHECK(exponential(1e30f) == infinity);
}

TEST_CASE("exponential never decreases") {
  auto values = all_floats();
  std::erase_if(values, [](float x) { return std::isnan(x); });
  std::ranges::sort(values);
  float before = 0;
  int falls = 0;
  for (float x : values) {
    const float y = exponential(x);
    // Neighbors may swap in their last bit where the reduction's interval changes.
    if (y < before * (1 - 0x1p-22f)) ++falls;
    before = y;
  }
  CHECK(falls == 0);
}

TEST_CASE(
    "x over the sigmoid's denominator is SiLU to three units in the last place, and 1.5 |x| more for x < 0") {
  constexpr double smallest = 3e-37;  // from about -88.7 on the denominator is infinity
  double worst = 0;
  for (float x : all_floats()) {
    const float y = x / sigmoid_denominator(x);
    const double exact = static_cast<double>(x) / (1 + std::exp(-static_cast<double>(x)));
    if (std::isnan(x)) {
      if (!std::isnan(y)) FAIL_CHECK("silu(NaN) = " << y);
    } else if (std::abs(exact) < smallest) {
      if (!(std::abs(y) <= 1.01 * smallest)) FAIL_CHECK("silu(" << x << ") = " << y << " for " << exact);
    } else if (std::isfinite(x)) {
      const double unit = std::ldexp(1.0, std::ilogb(static_cast<float>(exact)) - 23);
      const double error = std::abs(static_cast<double>(y) - exact) / unit;
      if (!(error <= 3 + std::max(0.0f, -1.5f * x)))
        FAIL_CHECK("silu(" << x << ") = " << y << " for " << exact);
      worst = std::max(worst, error);
    }
  }
  CHECK(worst > 0.4);
  CHECK(sigmoid_denominator(infinity) == 1);
  CHECK(sigmoid_denominator(-infinity) == infinity);
  CHECK(sigmoid_denominator(-2.0) == 1 + std::exp(2.0));
}

TEST_CASE("the normal distribution of float is within 2e-7 everywhere, its tail relatively so") {
  double worst = 0, worst_tail = 0;
  for (float x = -12.5f; x < 12.5f; x += 0.0003f) {
    const double expected = 0.5 * std::erfc(-static_cast<double>(x) / std::sqrt(2.0));
    const double error = std::abs(static_cast<double>(normal_distribution(x)) - expected);
    worst = std::max(worst, error);
    if (x < -1 && x > -12) worst_tail = std::max(worst_tail, error / expected / std::max(1.0f, x * x));
  }
  CHECK(worst <= 2e-7);
  CHECK(worst_tail <= 4e-7);
  CHECK(normal_distribution(-infinity) == 0);
  CHECK(normal_distribution(infinity) == 1);
  CHECK(normal_distribution(0.3) == 0.5 * std::erfc(-0.3 * 0.70710678118654752));
}

TEST_CASE("functions of lanes have the bits of the scalar ones") {
  using V = cpu::Lanes<float>;
  constexpr std::size_t lanes = LaneTraits<V>::count;
  auto values = all_floats();
  values.resize(values.size() / lanes * lanes);
  auto differing = [&](auto function) {
    std::vector<float> results(values.size());
    for (std::size_t i = 0; i < values.size(); i += lanes)
      store_lanes(results.data() + i, function(load_lanes<V>(values.data() + i)));
    std::size_t differ = 0;
    for (std::size_t i = 0; i < values.size(); ++i) {
      const float scalar = function(values[i]);
      if (std::isnan(scalar) && std::isnan(results[i])) continue;
      if (std::bit_cast<std::uint32_t>(scalar) != std::bit_cast<std::uint32_t>(results[i])) ++differ;
    }
    return differ;
  };
  CHECK(differing([](auto x) { return exponential(x); }) == 0);
  CHECK(differing([](auto x) { return x / sigmoid_denominator(x); }) == 0);
  CHECK(differing([](auto x) { return normal_distribution(x); }) == 0);
}

TEST_CASE("exponential of double is std::exp, scalar and lanes") {
  using V = cpu::Lanes<double>;
  for (double x : {-800.0, -1.5, 0.0, 0.3, 700.0, 800.0}) {
    CHECK(exponential(x) == std::exp(x));
    const V lanes = exponential(splat<V>(x));
    for (int i = 0; i < LaneTraits<V>::count; ++i) CHECK(lanes[i] == std::exp(x));
  }
}

TEST_CASE("splat, load and store") {
  using V = cpu::Lanes<float>;
  constexpr int lanes = LaneTraits<V>::count;
  static_assert(std::is_same_v<element_t<V>, float> && std::is_same_v<element_t<double>, double>);
  CHECK(splat<float>(3.5f) == 3.5f);
  const V v = splat<V>(-0.25f);
  float stored[lanes + 1] = {};
  store_lanes(stored + 1, v);  // need not be aligned
  CHECK(stored[0] == 0);
  for (int i = 1; i <= lanes; ++i) CHECK(stored[i] == -0.25f);
  stored[3] = 9;
  CHECK(load_lanes<V>(stored + 1)[2] == 9);
}
