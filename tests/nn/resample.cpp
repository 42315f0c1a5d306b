#include "rfpp/nn/resample.hpp"

#include "nn/golden.hpp"

using namespace rfpp;
using namespace rfpp::test;

namespace {

template <class T> void check() {
  Cpu ex(2);
  Upsample<8, T> up;
  fill_convolution<T>(up.conv, "up.conv.weight", "up.conv.bias");
  check_golden(bare(eval(ex, up(unrounded<T>("up.x", {1, 5, 6, 8})))), "up.y");
  Downsample<6, T> down;
  fill_convolution<T>(down.conv, "down.w", "down.b");
  check_golden(bare(eval(ex, down(unrounded<T>("down.x", {1, 16, 14, 6})))), "down.y");
}

}  // namespace

TEST_CASE("upsampling and downsampling give the golden values") {
  check<float>();
  check<double>();
}

TEST_CASE("downsampling halves, odd extents downwards") {
  Cpu ex(1);
  Downsample<2> down;
  fill_convolution<float>(down.conv, "w", "b");
  CHECK((down(Tensor<float>({1, 16, 14, 2})).extents() == Extents{1, 8, 7, 2}));
  CHECK((down(Tensor<float>({1, 7, 5, 2})).extents() == Extents{1, 3, 2, 2}));
}

TEST_CASE("nearest-neighbor resizing takes the pixel at floor(i in / out)") {
  Cpu ex(1);
  const auto x = random_tensor<float>({2, 3, 5, 2}, 1);
  for (const auto& [h, w] : {std::pair{6, 10}, {5, 9}, {2, 4}, {3, 1}, {7, 5}}) {
    const auto y = eval(ex, resized_nearest(x, h, w));
    REQUIRE((y.extents() == Extents{2, h, w, 2}));
    for (int i = 0; i < 2 * h * w * 2; ++i) {
      const int c = i % 2, column = i / 2 % w, row = i / 2 / w % h, n = i / 2 / w / h;
      REQUIRE(y.data()[i] == x.data()[((n * 3 + row * 3 / h) * 5 + column * 5 / w) * 2 + c]);
    }
  }
}
