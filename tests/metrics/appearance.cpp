#include "rfpp/metrics/appearance.hpp"

#include <cmath>

#include "support.hpp"

using namespace rfpp;
using namespace rfpp::test;

namespace {
template <class F> Tensor<double> picture_of(int side, F&& level) {
  Tensor<double> t(Extents{1, side, side, 3});
  for (int i = 0; i < side * side * 3; ++i) t.data()[i] = level(i / 3 / side, i / 3 % side, i % 3);
  return t;
}
}  // namespace

TEST_CASE("sharpness is the mean absolute Laplacian of the gray face") {
  CHECK(metrics::sharpness(picture_of(64, [](int y, int x, int) { return 2.0 * x + y; })) < 1e-9);
  CHECK(metrics::sharpness(picture_of(64, [](int y, int, int) { return 0.5 * y * y; })) == Approx(1));
  // A chessboard of 0 and 10: each pixel's neighbors differ from it by 10, four times; of green 0.587
  // counts.
  const auto board = [](int y, int x, int c) { return (x + y) % 2 == 1 && c == 1 ? 10.0 : 0.0; };
  CHECK(metrics::sharpness(picture_of(256, board)) == Approx(40 * 0.587));
  // One point inside the face of 256x256: |-4| + 4 |1| over 196 rows and 156 columns; outside it is not seen.
  const auto point = [](int at) {
    return picture_of(256, [at](int y, int x, int) { return y == at && x == 100 ? 1.0 : 0.0; });
  };
  CHECK(metrics::sharpness(point(100)) == Approx(8.0 / (196 * 156)));
  CHECK(metrics::sharpness(point(20)) == 0);
  CHECK(contains(error_of([] { metrics::sharpness(Tensor<double>(Extents{1, 8, 64, 3})); }), "at least 16"));
}

TEST_CASE("CIELAB has the published coordinates of the primaries") {
  const auto red = metrics::lab(255, 0, 0);
  CHECK(red[0] == Approx(53.2408).epsilon(1e-4));
  CHECK(red[1] == Approx(80.0925).epsilon(1e-4));
  CHECK(red[2] == Approx(67.2032).epsilon(1e-4));
  CHECK(metrics::lab(255, 255, 255)[0] == Approx(100));
}

TEST_CASE("the color error is of blurred colors") {
  const auto flat = [](double level) { return picture_of(64, [=](int, int, int) { return level; }); };
  CHECK(metrics::color_error(flat(90), flat(90)) == 0);
  CHECK(metrics::color_error(flat(0), flat(255)) == Approx(100).epsilon(1e-4));
  CHECK(metrics::color_error(flat(119), flat(0)) == Approx(50.034).epsilon(1e-3));  // L* of gray 119
  const auto board = picture_of(64, [](int y, int x, int) { return (x + y) % 2 == 1 ? 140.0 : 100.0; });
  CHECK(metrics::color_error(board, flat(120)) < 0.1);
  CHECK(contains(
      error_of([] {
        metrics::color_error(Tensor<double>(Extents{1, 8, 9, 3}), Tensor<double>(Extents{1, 9, 8, 3}));
      }),
      "one size"));
}
