#include "finite_differences.hpp"
#include "rfpp/model/lpips.hpp"
#include "rfpp/train/losses.hpp"

using namespace rfpp;
using namespace rfpp::test;

namespace {

/// Over random shapes, the operands of which broadcast; elements are in [low, 1).
template <class Functor> void check_unary(Functor f, double low = -1) {
  RandomShapes shapes;
  for (std::uint64_t seed = 1; seed <= 3; ++seed) {
    const auto a = random_tensor<double>(shapes.next(), seed, low, 1);
    check_gradients(Functor::name, {a}, [&](auto& ex) { return eval(ex, map(f, a)); });
  }
}
template <class Functor> void check_binary(Functor f, double low = -1) {
  RandomShapes shapes;
  for (std::uint64_t seed = 1; seed <= 6; ++seed) {
    const Extents e = shapes.next();
    const auto a = random_tensor<double>(seed % 2 == 0 ? e : shapes.broadcasting(e), seed, low, 1),
               b = random_tensor<double>(shapes.broadcasting(e), seed + 10, low, 1);
    check_gradients(Functor::name, {a, b}, [&](auto& ex) { return eval(ex, map(f, a, b)); });
  }
}
template <class F> void check_loss(const std::string& name, F f, int channels = 0) {
  RandomShapes shapes;
  for (std::uint64_t seed = 1; seed <= 3; ++seed) {
    Extents e = shapes.next();
    if (channels > 0) e.c = channels;
    const auto a = random_tensor<double>(e, seed, -2, 2), b = random_tensor<double>(e, seed + 10, -2, 2);
    check_gradients(name, {a, b}, [&](auto& ex) { return f(ex, a, b); });
  }
}

}  // namespace

TEST_CASE("gradients of functors agree with finite differences") {
  check_binary(Add{});
  check_binary(Subtract{});
  check_binary(Multiply{});
  check_binary(Divide{}, 0.2);
  check_binary(Prelu{});
  check_binary(Larger{});
  check_binary(NormScale{1e-5}, 0.1);
  check_unary(Scale{-0.7});
  check_unary(Square{});
  check_unary(Exponential{});
  check_unary(Silu{});
  check_unary(Gelu{});
  check_unary(ReciprocalSquareRoot{1e-5}, 0.1);
  check_unary(LeakyRelu{0.2});
  check_unary(Relu{});
  check_unary(Absolute{});
  check_unary(Softplus{});
  check_unary(InverseNorm{}, 0.1);
  RandomShapes shapes;
  const Extents e = shapes.next();
  const auto a = random_tensor<double>(e, 1), b = random_tensor<double>(shapes.broadcasting(e), 2),
             c = random_tensor<double>(shapes.broadcasting(e), 3);
  check_gradients("affine", {a, b, c}, [&](auto& ex) { return eval(ex, map(Affine{}, a, b, c)); });
}

TEST_CASE("functors whose gradient is not that of their value are as they are defined") {
  CHECK(StraightThrough{}(1.0, 2.0) == 2.0);
  CHECK(StraightThrough::passes<0>);
  CHECK(StraightThrough{}.adjoint<1>(5.0, 1.0, 2.0) == 0.0);
  CHECK(Absolute{}.adjoint<0>(5.0, 0.0) == 0.0);
  CHECK(InverseNorm{}.adjoint<0>(5.0, 0.0) == 0.0);
}

TEST_CASE("gradients of losses agree with finite differences") {
  check_loss("mean", [](auto& ex, const auto& a, const auto& b) { return losses::mean(ex, a * b); });
  check_loss("l1", [](auto& ex, const auto& a, const auto& b) { return losses::l1(ex, a, b); });
  check_loss(
      "color", [](auto& ex, const auto& a, const auto& b) { return losses::color(ex, a, b); }, 3);
  check_loss(
      "texture", [](auto& ex, const auto& a, const auto& b) { return losses::texture(ex, a, b); }, 3);
  check_loss("hinge", [](auto& ex, const auto& a, const auto& b) { return losses::hinge(ex, a, b); });
  check_loss("logistic", [](auto& ex, const auto& a, const auto& b) { return losses::logistic(ex, a, b); });
  check_loss("style", [](auto& ex, const auto& a, const auto& b) { return losses::style(ex, a, b); });
  check_loss("adversarial", [](auto& ex, const auto& a, const auto& b) {
    return eval(ex, losses::adversarial(ex, a) + losses::non_saturating(ex, b));
  });
}

TEST_CASE("the texture loss sees how strong detail is, not which") {
  Cpu cpu(1);
  const auto stripes = [](int phase, double strength) {
    auto image = Tensor<double>::uninitialized({1, 64, 64, 3});
    for (std::size_t i = 0; i < image.elements().size(); ++i)
      image.data()[i] = (i / 3 + static_cast<std::size_t>(phase)) % 2 == 0 ? strength : -strength;
    return image;
  };
  CHECK(losses::texture(cpu, stripes(0, 0.3), stripes(1, 0.3)).data()[0] == Approx(0).margin(1e-12));
  CHECK(losses::texture(cpu, stripes(0, 0.3), stripes(0, 0.1)).data()[0] == Approx(4 * 0.2));
  CHECK(losses::texture(cpu, stripes(0, 0), stripes(0, 0.1)).data()[0] == Approx(4 * 0.1));
}

TEST_CASE("the color loss sees what a blur leaves of a difference") {
  Cpu cpu(1);
  const Extents e{2, 64, 64, 3};
  auto a = Tensor<double>::uninitialized(e), b = Tensor<double>::uninitialized(e);
  std::ranges::fill(b.elements(), 0.5);
  std::ranges::fill(a.elements(), 0.75);
  CHECK(losses::color(cpu, a, b).data()[0] == Approx(2 * 0.25));
  for (std::size_t i = 0; i < a.elements().size(); ++i) a.data()[i] = 0.5 + (i / 3 % 2 == 0 ? 0.3 : -0.3);
  CHECK(losses::l1(cpu, a, b).data()[0] == Approx(0.3));
  CHECK(losses::color(cpu, a, b).data()[0] < 1e-3);
  // 10 levels of red on gray change L by 0.8, a by 3.7 and b by 0.8; a neutral change of 10 levels L by 3.9.
  for (std::size_t i = 0; i < a.elements().size(); ++i) a.data()[i] = 0.5 + (i % 3 == 0 ? 0.1 : 0);
  CHECK(losses::color(cpu, a, b).data()[0] == Approx(2 * (0.02126 + 0.0954 + 0.0336)).epsilon(1e-3));
}
