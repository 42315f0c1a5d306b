#include "rfpp/nn/roi_align.hpp"

#include "rfpp/cpu/cpu.hpp"
#include "support.hpp"

using namespace rfpp;
using namespace rfpp::test;

TEST_CASE("a region of whole pixels is averaged between neighbors, and outside is zero") {
  Cpu ex(2);
  const auto x = random_tensor<double>({2, 4, 5, 3}, 1);
  const auto at = [&](int n, int h, int w, int c) { return x.data()[((n * 4 + h) * 5 + w) * 3 + c]; };
  // One sample for each output, in the middle of four pixels.
  const auto y = roi_align(ex, x, {{1, 1, 1, 3, 3}, {0, -9, -9, -5, -5}}, 2);
  REQUIRE((y.extents() == Extents{2, 2, 2, 3}));
  for (int c = 0; c < 3; ++c) {
    const double mean = (at(1, 1, 2, c) + at(1, 2, 2, c) + at(1, 1, 3, c) + at(1, 2, 3, c)) / 4;
    CHECK(y.data()[1 * 3 + c] == Approx(mean));
  }
  for (std::size_t i = 12; i < 24; ++i) CHECK(y.data()[i] == 0);
}

TEST_CASE("regions that no image has are an error") {
  Cpu ex(1);
  const Tensor<float> x(Extents{2, 4, 5, 3});
  CHECK(contains(error_of([&] { roi_align(ex, x, {{2, 0, 0, 1, 1}}, 2); }), "image 2"));
  CHECK(contains(error_of([&] { roi_align(ex, x, {{0, 3, 0, 1, 1}}, 2); }), "[2,4,5,3]"));
}
