#include "rfpp/degrade/resize.hpp"

#include "degrade/golden.hpp"
#include "rfpp/degrade/stages.hpp"

using namespace rfpp;
using namespace rfpp::test;

TEST_CASE("downsampled sides are Python's floor division") {
  CHECK(degrade::downsampled_side(256, 0.8) == 319);
  CHECK(degrade::downsampled_side(256, 1) == 256);
  CHECK(degrade::downsampled_side(256, 2.35) == 108);
  CHECK(degrade::downsampled_side(512, 8) == 64);
  CHECK(degrade::downsampled_side(93, 2.6) == 35);
}

TEST_CASE("images made smaller and larger agree with the golden values") {
  Cpu ex(2);
  const auto image = degraded::image();
  for (const char* ratio : {"0.8", "1", "2.35", "3.7", "8"}) {
    const int side = degrade::downsampled_side(256, std::stod(ratio));
    INFO("ratio " << ratio << ", side " << side);
    const auto down = eval(ex, resized(image, side, side));
    CHECK(degraded::worst_difference(down, std::string("resize_down.") + ratio) <= 5e-6f);
    const auto up = eval(ex, resized(down, 256, 256));
    CHECK(degraded::worst_difference(up, std::string("resize_up.") + ratio) <= 5e-6f);
  }
}

TEST_CASE("a blur and the resizing after it are one filter with the same result") {
  Cpu ex(2);
  const auto x = random_tensor<float>({1, 37, 52, 3}, 1, 0, 1);
  const auto kernel = degrade::separable_kernel({degrade::KernelShape::gaussian, 15, 3, 1, 0.5});
  for (const auto& [height, width] :
       {std::pair(9, 20), std::pair(1, 1), std::pair(37, 52), std::pair(60, 71)}) {
    const auto blurred = eval(ex, filtered(x, degrade::blur_and_resize<float>(kernel, x.extents(), 37, 52)));
    const auto after = eval(ex, resized(blurred, height, width));
    const auto at_once =
        eval(ex, filtered(x, degrade::blur_and_resize<float>(kernel, x.extents(), height, width)));
    check_close(at_once, after, 1e-6, std::to_string(height) + "x" + std::to_string(width));
  }
}

TEST_CASE("images of one pixel, row or column can be resized") {
  Cpu ex(1);
  for (const Extents e : {Extents{1, 1, 1, 3}, {1, 1, 9, 3}, {1, 9, 1, 3}}) {
    Tensor<float> x(e);
    std::fill_n(x.data(), e.size(), 0.25f);
    const auto y = eval(ex, resized(x, 5, 4));
    for (const float v : y.elements()) CHECK(v == Approx(0.25));
  }
}

TEST_CASE("a kernel of more terms than an image justifies at once is applied part by part") {
  Cpu ex(2);
  const auto x = random_tensor<float>({1, 40, 30, 3}, 1, 0, 1);
  const degrade::Blur blur{degrade::KernelShape::plateau, 255, 98, 0.17, 2.35, 0.64};
  const auto kernel = degrade::separable_kernel(blur);
  REQUIRE(kernel.size() > degrade::terms_at_once(kernel, 40, 30));
  const auto whole = eval(ex, filtered(x, degrade::blur_and_resize<float>(kernel, x.extents(), 40, 30)));
  const std::vector<degrade::Stage> stages{blur, degrade::Haze{0.8}};
  check_close(degrade::apply(ex, stages, x), eval(ex, map(degrade::Haze{0.8}, whole)), 1e-5, "in parts");
  const auto usual = degrade::separable_kernel({degrade::KernelShape::gaussian, 41, 10, 0.2, -2.3});
  CHECK(usual.size() <= degrade::terms_at_once(usual, 512, 512));
}
