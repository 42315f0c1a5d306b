#include "rfpp/degrade/blur.hpp"

#include <cmath>
#include <numeric>

#include "degrade/golden.hpp"
#include "rfpp/degrade/resize.hpp"

using namespace rfpp;
using namespace rfpp::test;
using degrade::Blur;
using degrade::KernelShape;

namespace {

const struct {
  const char* name;
  Blur blur;
} kernels[] = {{"iso41_s3.2", {KernelShape::gaussian, 41, 3.2, 3.2, 0}},
               {"iso39_s0.1", {KernelShape::gaussian, 39, 0.1, 0.1, 0}},
               {"aniso39_s6_1.5_t0.7", {KernelShape::gaussian, 39, 6, 1.5, 0.7}},
               {"aniso41_s10_0.2_t-2.3", {KernelShape::gaussian, 41, 10, 0.2, -2.3}}};

/// The sum of absolute differences between a kernel and its terms.
double separation_error(const Blur& blur) {
  auto kernel = degrade::kernel_of(blur);
  for (const auto& [column, row] : degrade::separable_kernel(blur))
    for (std::size_t i = 0; i < column.weights.size(); ++i)
      for (std::size_t j = 0; j < row.weights.size(); ++j) {
        const int y = column.offset + blur.size / 2 + static_cast<int>(i),
                  x = row.offset + blur.size / 2 + static_cast<int>(j);
        kernel[static_cast<std::size_t>(y * blur.size + x)] -= column.weights[i] * row.weights[j];
      }
  return std::accumulate(kernel.begin(), kernel.end(), 0.0,
                         [](double sum, double v) { return sum + std::abs(v); });
}

}  // namespace

TEST_CASE("blur kernels and blurred images agree with the golden values") {
  Cpu ex(2);
  const auto image = degraded::image();
  for (const auto& [name, blur] : kernels) {
    INFO(name);
    const auto kernel = degrade::kernel_of(blur);
    const auto golden = degraded::array(std::string("kernel.") + name);
    REQUIRE(kernel.size() == golden.extents().size());
    double worst = 0;
    for (std::size_t i = 0; i < kernel.size(); ++i)
      worst = std::max(worst, std::abs(kernel[i] - static_cast<double>(golden.data()[i])));
    CHECK(worst <= 1e-6);
    const auto filter =
        degrade::blur_and_resize<float>(degrade::separable_kernel(blur), image.extents(), 256, 256);
    CHECK(degraded::worst_difference(eval(ex, filtered(image, filter)), std::string("blur.") + name) <=
          5e-6f);
  }
}

TEST_CASE("a kernel is the sum of its terms, and an isotropic Gaussian has one") {
  CHECK(degrade::separable_kernel({KernelShape::gaussian, 41, 5, 5, 0}).size() == 1);
  CHECK(degrade::separable_kernel({KernelShape::gaussian, 41, 5, 2, 0}).size() == 1);
  for (const int size : {1, 3, 21, 41})
    for (const double sigma : {0.1, 0.7, 3.0, 10.0})
      for (const double theta : {-3.0, -0.8, 0.3, 1.57})
        for (const auto shape :
             {KernelShape::gaussian, KernelShape::generalized_gaussian, KernelShape::plateau}) {
          const Blur blur{shape, size, sigma, 2.5, theta, 0.8};
          INFO("shape " << static_cast<int>(shape) << ", size " << size << ", sigma " << sigma << ", theta "
                        << theta);
          CHECK(separation_error(blur) <= 6e-7);
        }
}

TEST_CASE("kernels have the shapes that their formulas give") {
  const auto ratio = [](const Blur& blur) {  // of the weight one pixel right of the center to the center's
    const auto kernel = degrade::kernel_of(blur);
    const auto center = static_cast<std::size_t>(blur.size * blur.size / 2);
    return kernel[center + 1] / kernel[center];
  };
  CHECK(ratio({KernelShape::gaussian, 7, 2, 3, 0}) == Approx(std::exp(-0.5 / 4)));
  CHECK(ratio({KernelShape::gaussian, 7, 2, 3, std::acos(0.0)}) == Approx(std::exp(-0.5 / 9)));
  CHECK(ratio({KernelShape::generalized_gaussian, 7, 2, 2, 0, 0.5}) == Approx(std::exp(-0.5 * 0.5)));
  CHECK(ratio({KernelShape::plateau, 7, 2, 2, 0, 2}) == Approx(1 / (1 + 1.0 / 16)));
}

TEST_CASE("impossible blurs are refused with what was expected") {
  const auto message = [](const Blur& blur) { return error_of([&] { degrade::kernel_of(blur); }); };
  CHECK(contains(message({KernelShape::gaussian, 40, 1, 1}), "odd kernel size"));
  CHECK(contains(message({KernelShape::gaussian, 0, 1, 1}), "odd kernel size"));
  CHECK(contains(message({KernelShape::gaussian, 257, 1, 1}), "odd kernel size"));
  CHECK(contains(message({KernelShape::gaussian, 41, -1, 1}), "sigma"));
  CHECK(contains(message({KernelShape::gaussian, 41, 1, std::nan("")}), "sigma"));
  CHECK(contains(message({KernelShape::gaussian, 41, 1, 1, HUGE_VAL}), "angle"));
  CHECK(contains(message({KernelShape::plateau, 41, 1, 1, 0, 0}), "beta"));
}
