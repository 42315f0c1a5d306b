#include "rfpp/expr/functors.hpp"

#include <algorithm>
#include <cmath>

#include "rfpp/cpu/cpu.hpp"
#include "support.hpp"

using namespace rfpp;

namespace {

const double samples[] = {-30, -3.5, -1, -0.3, -0.01, 0.02, 0.4, 1, 2.7, 20};

/// f over lanes equals f over scalars.
template <class T, class F, class... A> void check_lanes(F f, A... operands) {
  using V = cpu::Lanes<T>;
  const V lanes = f(splat<V>(static_cast<T>(operands))...);
  const T scalar = f(static_cast<T>(operands)...);
  for (int i = 0; i < LaneTraits<V>::count; ++i) CHECK(lanes[i] == scalar);
}

/// adjoint<I>(g, ...) against the central difference.
template <int I, class F, class... A> void check_adjoint(F f, A... operands) {
  const double g = 1.7, step = 1e-5;
  double shifted[] = {operands...};
  auto value = [&](double delta) {
    double x[] = {operands...};
    x[I] += delta;
    if constexpr (sizeof...(A) == 1)
      return f(x[0]);
    else if constexpr (sizeof...(A) == 2)
      return f(x[0], x[1]);
    else
      return f(x[0], x[1], x[2]);
  };
  const double expected = g * (value(step) - value(-step)) / (2 * step);
  INFO(F::name << " in operand " << I << " at " << shifted[0]);
  if constexpr (F::template passes<I>)
    CHECK(g == Approx(expected).epsilon(1e-6));
  else
    CHECK(f.template adjoint<I>(g, operands...) == Approx(expected).epsilon(1e-6).margin(1e-8));
}

}  // namespace

TEST_CASE("functors compute what they are called") {
  for (double x : samples) {
    CHECK(Silu{}(x) == Approx(x / (1 + std::exp(-x))).epsilon(1e-14));
    CHECK(static_cast<double>(Silu{}(static_cast<float>(x))) ==
          Approx(x / (1 + std::exp(-x))).epsilon(4e-7 + 1e-7 * std::max(0.0, -x)));
    CHECK(Exponential{}(x) == Approx(std::exp(x)).epsilon(1e-14));
    CHECK(LeakyRelu{0.2}(x) == (x > 0 ? x : 0.2 * x));
    CHECK(Relu{}(x) == (x > 0 ? x : 0));
    CHECK(Absolute{}(x) == std::abs(x));
    CHECK(Softplus{}(x) == Approx(std::log1p(std::exp(x))).epsilon(1e-14));
    CHECK(Square{}(x) == x * x);
    CHECK(Scale{-0.5}(x) == -0.5 * x);
    CHECK(Gelu{}(x) == Approx(x / 2 * std::erfc(-x / std::sqrt(2.0))).epsilon(1e-12));
    CHECK(ReciprocalSquareRoot{0.5}(std::abs(x)) == 1 / std::sqrt(std::abs(x) + 0.5));
    for (double y : samples) {
      CHECK(Add{}(x, y) == x + y);
      CHECK(Subtract{}(x, y) == x - y);
      CHECK(Multiply{}(x, y) == x * y);
      CHECK(Divide{}(x, y) == x / y);
      CHECK(Prelu{}(x, y) == (x > 0 ? x : y * x));
      CHECK(Larger{}(x, y) == std::max(x, y));
      CHECK(StraightThrough{}(x, y) == y);
      CHECK(Affine{}(x, y, 3.0) == Approx(x * y + 3).epsilon(1e-14));
    }
  }
}

TEST_CASE("functors at the ends of the range") {
  const float large = 3e38f, infinity = std::numeric_limits<float>::infinity();
  CHECK(Silu{}(large) == large);
  CHECK(Silu{}(infinity) == infinity);
  CHECK(Silu{}(-large) == 0);
  CHECK(std::isnan(Silu{}(std::nanf(""))));
  CHECK(std::isnan(LeakyRelu{0.2}(std::nanf(""))));
  CHECK(LeakyRelu{0.2}(0.0f) == 0);
  CHECK(std::isnan(Relu{}(std::nanf(""))));
  CHECK(std::isnan(Absolute{}(std::nanf(""))));
  CHECK(std::isnan(Softplus{}(std::nanf(""))));
  CHECK(std::isnan(Gelu{}(std::nanf(""))));
  CHECK(Gelu{}(large) == large);
  CHECK(Gelu{}(-large) == 0);
  CHECK(Softplus{}(large) == large);
  CHECK(Softplus{}(-large) == 0);
  CHECK(std::isnan(Larger{}(std::nanf(""), 1.0f)));
  CHECK(std::isnan(Larger{}(1.0f, std::nanf(""))));
}

TEST_CASE("functors give the same over lanes as over scalars") {
  auto check = [](auto type) {
    using T = decltype(type);
    for (double x : samples) {
      check_lanes<T>(Silu{}, x);
      check_lanes<T>(Exponential{}, x);
      check_lanes<T>(LeakyRelu{0.2}, x);
      check_lanes<T>(Relu{}, x);
      check_lanes<T>(Absolute{}, x);
      check_lanes<T>(Softplus{}, x);
      check_lanes<T>(Square{}, x);
      check_lanes<T>(Scale{0.3}, x);
      check_lanes<T>(Gelu{}, x);
      check_lanes<T>(ReciprocalSquareRoot{0.5}, std::abs(x));
      for (double y : samples) {
        check_lanes<T>(Add{}, x, y);
        check_lanes<T>(Subtract{}, x, y);
        check_lanes<T>(Multiply{}, x, y);
        check_lanes<T>(Divide{}, x, y);
        check_lanes<T>(Prelu{}, x, y);
        check_lanes<T>(Larger{}, x, y);
        check_lanes<T>(StraightThrough{}, x, y);
        check_lanes<T>(Affine{}, x, y, 0.7);
        check_lanes<T>(Adjoint<Silu, 0>{}, x, y);
        check_lanes<T>(Adjoint<Gelu, 0>{}, x, y);
      }
    }
  };
  check(float());
  check(double());
}

TEST_CASE("functors know their derivatives") {
  for (double x : {-3.5, -1.0, -0.3, 0.02, 0.4, 2.7}) {
    check_adjoint<0>(Silu{}, x);
    check_adjoint<0>(Exponential{}, x);
    check_adjoint<0>(LeakyRelu{0.2}, x);
    check_adjoint<0>(Relu{}, x);
    check_adjoint<0>(Absolute{}, x);
    check_adjoint<0>(Softplus{}, x);
    check_adjoint<0>(Square{}, x);
    check_adjoint<0>(Scale{0.3}, x);
    check_adjoint<0>(Gelu{}, x);
    check_adjoint<0>(ReciprocalSquareRoot{0.5}, std::abs(x));
    for (double y : {-2.0, 0.5}) {
      check_adjoint<0>(Add{}, x, y);
      check_adjoint<1>(Add{}, x, y);
      check_adjoint<0>(Subtract{}, x, y);
      check_adjoint<1>(Subtract{}, x, y);
      check_adjoint<0>(Prelu{}, x, y);
      check_adjoint<1>(Prelu{}, x, y);
      check_adjoint<0>(Larger{}, x, y);
      check_adjoint<1>(Larger{}, x, y);
      check_adjoint<0>(Multiply{}, x, y);
      check_adjoint<1>(Multiply{}, x, y);
      check_adjoint<0>(Divide{}, x, y);
      check_adjoint<1>(Divide{}, x, y);
      check_adjoint<0>(Affine{}, x, y, 0.7);
      check_adjoint<1>(Affine{}, x, y, 0.7);
      check_adjoint<2>(Affine{}, x, y, 0.7);
      CHECK(Adjoint<Multiply, 1>{}(3.0, x, y) == 3.0 * x);
      CHECK(StraightThrough{}.adjoint<1>(3.0, x, y) == 0);  // by definition, not by the difference
      CHECK(StraightThrough::passes<0>);
    }
  }
}

TEST_CASE("numbers are operands of either side, in the element type of the other") {
  Cpu ex(1);
  const auto check = [&](auto type) {
    using T = decltype(type);
    const auto x = test::random_tensor<T>({1, 2, 3, 19}, 1, 0.5, 2),
               y = test::random_tensor<T>({1, 1, 1, 19}, 2, 0.5, 2);
    const auto agrees = [&](const auto& e, auto&& f) {
      const Tensor<T> actual = eval(ex, e);
      for (std::size_t i = 0; i < x.extents().size(); ++i) {
        INFO("element " << i);
        CHECK(actual.data()[i] == f(x.data()[i], y.data()[i % 19]));
      }
    };
    agrees(2 * x, [](T a, T) { return 2 * a; });
    agrees(x * 0.1, [](T a, T) { return static_cast<T>(0.1) * a; });
    agrees(x + 1, [](T a, T) { return a + 1; });
    agrees(0.1 + x, [](T a, T) { return a + static_cast<T>(0.1); });
    agrees(x - 0.1, [](T a, T) { return a - static_cast<T>(0.1); });
    agrees(1 - x, [](T a, T) { return 1 - a; });
    agrees(x / 3, [](T a, T) { return a / 3; });
    agrees(3 / x, [](T a, T) { return 3 / a; });
    agrees(x / y, [](T a, T b) { return a / b; });
    agrees(-x, [](T a, T) { return -a; });
  };
  check(float());
  check(double());
  static_assert(channels_of<decltype(1 - tag<4>(Tensor<float>()) / 2)> == 4);
}
