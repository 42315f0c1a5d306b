#include "rfpp/cpu/moments.hpp"

#include "cpu/naive.hpp"
#include "rfpp/cpu/cpu.hpp"
#include "rfpp/nn/conv2d.hpp"

using namespace rfpp;
using namespace rfpp::test;

namespace {

/// A convolution of x by a random filter to `out` channels, far from zero.
template <class T> Tensor<T> convolved(Cpu& ex, const Tensor<T>& x, int kernel, int out, Packing::Kind kind) {
  Filter<T> filter({out, kernel, kernel, x.extents().c});
  filter.assign(random_tensor<T>(filter.extents(), 1));
  ex.pack(filter, kind);
  const auto bias = random_tensor<T>(vector_extents(out), 2, 5, 6);
  return eval(ex, anchor(ConvolutionCore<Tensor<T>>{{kernel, 1, kernel / 2, kernel / 2}, x, filter}) + bias);
}

template <class T> void check_attached(Cpu& ex, const Tensor<T>& y, double tolerance) {
  REQUIRE(attached_to(y).id() != nullptr);
  CHECK(attached_to(copy_of(y)).id() == nullptr);
  check_close(eval(ex, moments(y, 1, 1e-6)), naive_moments(y, 1, 1e-6), tolerance, to_string(y.extents()));
}

}  // namespace

TEST_CASE("moments are the two-pass mean and deviation") {
  Cpu ex(2);
  for (const Extents e : shapes)
    for (int groups : {1, 3, 4, e.c}) {
      if (e.c % groups != 0) continue;
      const std::string what = std::to_string(groups) + " groups of " + to_string(e);
      for (double mean : {0.0, 100.0}) {
        const auto x = random_tensor<float>(e, 1, mean - 1, mean + 1);
        check_close(eval(ex, moments(x, groups, 1e-3)), naive_moments(x, groups, 1e-3), 2e-7, what);
        const auto d = random_tensor<double>(e, 1, mean - 1, mean + 1);
        check_close(eval(ex, moments(d, groups, 1e-3)), naive_moments(d, groups, 1e-3), 1e-10, what);
      }
    }
}

TEST_CASE("moments of a constant have the deviation sqrt(epsilon), never NaN") {
  Cpu ex(1);
  for (float value : {0.0f, 1.0f, -3.3f, 1e6f}) {
    const Tensor<float> x({1, 5, 7, 4});
    std::fill_n(x.data(), x.extents().size(), value);
    const auto y = eval(ex, moments(x, 2, 1e-2));
    for (int g = 0; g < 2; ++g) {
      CHECK(y.data()[g] == Approx(value));
      CHECK(y.data()[2 + g] == Approx(10).epsilon(value > 1e5f ? 0.5 : 1e-5));
    }
  }
}

TEST_CASE("a NaN or infinity makes its group's moments NaN, and no other") {
  Cpu ex(2);
  for (float poison : {std::nanf(""), infinity}) {
    const auto x = random_tensor<float>({2, 5, 4, 8}, 1);
    x.data()[(5 * 4 + 7) * 8 + 3] = poison;  // image 1, group 1
    const auto y = eval(ex, moments(x, 4, 1e-6));
    for (int n = 0; n < 2; ++n)
      for (int g = 0; g < 4; ++g) CHECK(std::isnan(element(y, n, 1, 0, g)) == (n == 1 && g == 1));
  }
}

TEST_CASE("a convolution leaves the moments of what it wrote, for every algorithm") {
  Cpu ex(2);
  constexpr int lanes = cpu::lane_count<float>;
  for (const Extents e : {Extents{2, 7, 5, lanes}, {1, 60, 70, 2 * lanes}}) {
    const auto x = random_tensor<float>(e, 3);
    for (const auto kind :
         {CpuPacking::panels, CpuPacking::winograd_f2, CpuPacking::winograd_f4, CpuPacking::winograd_f6})
      check_attached(ex, convolved(ex, x, 3, 3 * lanes, kind), 3e-6);
    check_attached(ex, convolved(ex, x, 1, 5, CpuPacking::panels), 3e-6);
    check_attached(ex, convolved(ex, random_tensor<double>(e, 3), 3, 5, CpuPacking::panels), 1e-12);
  }
}

TEST_CASE("any later write drops the moments that a convolution left") {
  Cpu ex(2);
  const auto x = random_tensor<float>({1, 6, 6, 4}, 3);
  const auto y = convolved(ex, x, 3, 4, CpuPacking::panels);
  eval_into(ex, y, y + y);
  CHECK(attached_to(y).id() == nullptr);
  check_close(eval(ex, moments(y, 2, 1e-6)), naive_moments(y, 2, 1e-6), 2e-7, "after a write");
}

TEST_CASE("moments have the same bits for any number of threads and in any batch") {
  const auto x = random_tensor<float>({3, 50, 40, 32}, 3);
  Cpu one(1), three(3);
  for (const auto kind : {CpuPacking::panels, CpuPacking::winograd_f4}) {
    const auto expected = copy_of(eval(one, moments(convolved(one, x, 3, 32, kind), 2, 1e-6)));
    CHECK(same_bits(eval(three, moments(convolved(three, x, 3, 32, kind), 2, 1e-6)), expected));
    for (int n = 0; n < 3; ++n)
      CHECK(same_bits(eval(three, moments(convolved(three, image_of(x, n), 3, 32, kind), 2, 1e-6)),
                      image_of(expected, n)));
  }
}
