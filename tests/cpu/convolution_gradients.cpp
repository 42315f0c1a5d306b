#include "rfpp/cpu/convolution_gradients.hpp"

#include "rfpp/cpu/cpu.hpp"
#include "support.hpp"

using namespace rfpp;
using namespace rfpp::test;

namespace {

double dot(const Tensor<double>& a, const Tensor<double>& b) {
  REQUIRE((a.extents() == b.extents()));
  double sum = 0;
  for (std::size_t i = 0; i < a.extents().size(); ++i) sum += a.data()[i] * b.data()[i];
  return sum;
}

}  // namespace

TEST_CASE("the gradients of a convolution are its adjoints") {
  Cpu one(1), three(3);
  struct Case {
    ConvolutionGeometry geometry;
    Extents x;
    int out;
  };
  for (const auto& [g, e, channels] : {Case{{3, 1, 1, 1}, {2, 7, 5, 3}, 4},
                                       {{1, 1, 0, 0}, {3, 4, 5, 6}, 5},
                                       {{3, 2, 0, 1}, {1, 17, 13, 2}, 3},
                                       {{4, 2, 1, 1}, {2, 8, 6, 5}, 1},
                                       {{3, 1, 1, 1}, {1, 1, 1, 1}, 1},
                                       {{5, 3, 2, 1}, {1, 9, 11, 2}, 2},
                                       {{2, 1, 2, 0}, {1, 6, 5, 2}, 3},
                                       {{3, 1, 1, 1}, {2, 35, 300, 17}, 40},
                                       {{3, 2, 0, 1}, {2, 40, 33, 35}, 29}}) {
    INFO("convolution of " << to_string(e) << ", kernel " << g.kernel << ", stride " << g.stride);
    const auto x = random_tensor<double>(e, 1);
    Filter<double> filter({channels, g.kernel, g.kernel, e.c});
    filter.assign(random_tensor<double>(filter.extents(), 2));
    const auto y = eval(one, anchor(ConvolutionCore<Tensor<double>>{g, x, filter}));
    const auto gradient = random_tensor<double>(y.extents(), 3);
    const auto data = anchor(ConvolutionDataGradientCore<Tensor<double>>{g, gradient, filter, e});
    const auto weight = anchor(
        ConvolutionFilterGradientCore<Tensor<double>, Tensor<double>>{g, x, gradient, filter.extents()});
    const double expected = dot(y, gradient);
    CHECK(dot(x, eval(one, data)) == Approx(expected).epsilon(1e-12));
    CHECK(dot(filter.raw(), eval(one, weight)) == Approx(expected).epsilon(1e-12));
    CHECK(same_bits(eval(three, data), eval(one, data)));
    CHECK(same_bits(eval(three, weight), eval(one, weight)));
    const auto accumulated = copy_of(eval(one, weight));
    one.run(accumulated, weight * 2.0, true);
    check_close(accumulated, eval(one, weight * 3.0), 1e-14, "accumulated");
  }
}

TEST_CASE("the gradients of a convolution in float follow those in double") {
  Cpu ex(2);
  auto check = [&]<class T>(T, const ConvolutionGeometry& g, Extents e, int out) {
    Filter<T> filter({out, g.kernel, g.kernel, e.c});
    filter.assign(random_tensor<T>(filter.extents(), 2));
    const auto x = random_tensor<T>(e, 1);
    const auto gradient = random_tensor<T>(ConvolutionCore<Tensor<T>>{g, x, filter}.extents(), 3);
    return std::pair{
        copy_of(eval(ex, anchor(ConvolutionDataGradientCore<Tensor<T>>{g, gradient, filter, e}))),
        copy_of(eval(ex, anchor(ConvolutionFilterGradientCore<Tensor<T>, Tensor<T>>{g, x, gradient,
                                                                                    filter.extents()})))};
  };
  for (const auto& [g, e, out] : {std::tuple{ConvolutionGeometry{3, 1, 1, 1}, Extents{2, 70, 66, 64}, 32},
                                  {{3, 1, 1, 1}, {3, 16, 16, 128}, 64},
                                  {{1, 1, 0, 0}, {1, 20, 20, 64}, 64},
                                  {{3, 2, 0, 1}, {1, 34, 34, 32}, 32},
                                  {{3, 1, 1, 1}, {1, 33, 37, 16}, 48},
                                  {{3, 1, 1, 1}, {3, 64, 201, 32}, 32},  // many rows of tiles
                                  {{3, 1, 1, 1}, {1, 40, 300, 3}, 32},
                                  {{3, 1, 1, 1}, {1, 40, 70, 32}, 3}}) {
    const std::string what = to_string(e) + " to " + std::to_string(out);
    const auto expected = check(double{}, g, e, out);
    const auto found = check(float{}, g, e, out);
    check_close(found.first, expected.first, 2e-6, "input of " + what);
    check_close(found.second, expected.second, 2e-6, "filter of " + what);
  }
}

TEST_CASE(
    "a filter's gradient by tiles adds up, reads through prologues, and has the same bits on any threads") {
  Cpu one(1), three(3);
  const ConvolutionGeometry g{3, 1, 1, 1};
  const Extents e{2, 46, 38, 32}, filter{16, 3, 3, 32};
  const auto small = random_tensor<float>({2, 23, 19, 32}, 1);
  const auto gradient = random_tensor<float>({2, 46, 38, 16}, 2);
  const auto upsampled = silu(upsample2(small));
  const auto through =
      anchor(ConvolutionFilterGradientCore<std::remove_const_t<decltype(upsampled)>, Tensor<float>>{
          g, upsampled, gradient, filter});
  const auto plain = anchor(
      ConvolutionFilterGradientCore<Tensor<float>, Tensor<float>>{g, eval(one, upsampled), gradient, filter});
  REQUIRE(cpu::sums_gradient_by_tiles<float>({g, e, filter}));
  const auto found = copy_of(eval(one, through));
  CHECK(same_bits(found, eval(three, through)));
  CHECK(same_bits(found, eval(three, plain)));
  const auto accumulated = copy_of(found);
  one.run(accumulated, plain * 2.0f, true);
  check_close(accumulated, eval(one, plain * 3.0f), 1e-6, "accumulated");
}
