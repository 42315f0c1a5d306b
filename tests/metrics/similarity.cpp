#include "rfpp/metrics/similarity.hpp"

#include <cmath>

#include "rfpp/cpu/cpu.hpp"
#include "rfpp/io/image_read.hpp"
#include "support.hpp"

using namespace rfpp;
using namespace rfpp::test;

namespace {

/// 8-bit samples as doubles.
Tensor<double> levels(const std::string& name) {
  const io::Image image = io::read_image(RFPP_TEST_DATA "/" + name);
  Tensor<double> t(Extents{1, image.height, image.width, image.channels});
  std::copy(image.samples.begin(), image.samples.end(), t.data());
  return t;
}

}  // namespace

TEST_CASE("PSNR and SSIM agree with the golden values") {
  const auto a = levels("photo/golden_photo.png"), b = levels("metrics/golden_b.png");
  for (const int threads : {1, 3}) {
    Cpu ex(threads);
    CHECK(metrics::psnr(ex, a, b) == Approx(34.419843721801584).epsilon(1e-9));
    CHECK(metrics::ssim(ex, a, b) == Approx(0.9575590994731183).epsilon(1e-9));
  }
}

TEST_CASE("equal images have an infinite PSNR and an SSIM of 1") {
  Cpu ex(1);
  const auto a = random_tensor<double>({1, 20, 30, 3}, 1, 0, 255);
  CHECK(metrics::psnr(ex, a, copy_of(a)) == HUGE_VAL);
  CHECK(metrics::ssim(ex, a, copy_of(a)) == Approx(1).epsilon(1e-12));
}

TEST_CASE("metrics refuse images of different or too small sizes") {
  Cpu ex(1);
  const Tensor<double> a(Extents{1, 20, 30, 3}), b(Extents{1, 30, 20, 3}), small(Extents{1, 10, 30, 3});
  CHECK(contains(error_of([&] { metrics::psnr(ex, a, b); }), "[1,20,30,3] and [1,30,20,3]"));
  CHECK(contains(error_of([&] { metrics::ssim(ex, small, small); }), "at least 11 pixels"));
}
