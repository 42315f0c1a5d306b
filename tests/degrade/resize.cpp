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
    const degrade::SeparableKernel none{degrade::OuterProduct{}};
    const auto down =
        eval(ex, filtered(image, degrade::blur_and_resize<float>(none, image.extents(), side, side)));
    CHECK(degraded::worst_difference(down, std::string("resize_down.") + ratio) <= 5e-6f);
    const auto up = eval(ex, filtered(down, degrade::blur_and_resize<float>(none, down.extents(), 256, 256)));
    CHECK(degraded::worst_difference(up, std::string("resize_up.") + ratio) <= 5e-6f);
  }
}

TEST_CASE("a blur and the resizing after it are one filter with the same result") {
  Cpu ex(2);
  const auto x = random_tensor<float>({1, 37, 52, 3}, 1, 0, 1);
  const auto kernel = degrade::separable_kernel({degrade::KernelShape::gaussian, 15, 3, 1, 0.5});
  const degrade::SeparableKernel none{degrade::OuterProduct{}};
  for (const auto& [height, width] :
       {std::pair(9, 20), std::pair(1, 1), std::pair(37, 52), std::pair(60, 71)}) {
    const auto blurred = eval(ex, filtered(x, degrade::blur_and_resize<float>(kernel, x.extents(), 37, 52)));
    const auto after =
        eval(ex, filtered(blurred, degrade::blur_and_resize<float>(none, x.extents(), height, width)));
    const auto at_once =
        eval(ex, filtered(x, degrade::blur_and_resize<float>(kernel, x.extents(), height, width)));
    check_close(at_once, after, 1e-6, std::to_string(height) + "x" + std::to_string(width));
  }
}

TEST_CASE("images of one pixel, row or column can be resized") {
  Cpu ex(1);
  const degrade::SeparableKernel none{degrade::OuterProduct{}};
  for (const Extents e : {Extents{1, 1, 1, 3}, {1, 1, 9, 3}, {1, 9, 1, 3}}) {
    Tensor<float> x(e);
    std::fill_n(x.data(), e.size(), 0.25f);
    const auto y = eval(ex, filtered(x, degrade::blur_and_resize<float>(none, e, 5, 4)));
    for (const float v : y.elements()) CHECK(v == Approx(0.25));
  }
}
