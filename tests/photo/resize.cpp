#include "rfpp/photo/resize.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "catch.hpp"

using rfpp::io::Image;
using rfpp::photo::resize;

namespace {

/// A smooth wave; position in [0, 1].
std::uint8_t wave(double x, double y) {
  return static_cast<std::uint8_t>(std::lround(128 + 60 * std::sin(9 * x) + 60 * std::cos(7 * y)));
}

Image waves(int width, int height) {
  Image image(width, height, 1);
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) image.row(y)[x] = wave((x + 0.5) / width, (y + 0.5) / height);
  }
  return image;
}

}  // namespace

TEST_CASE("A smooth image has the same values at any size") {
  const Image image = waves(120, 90);
  const int sizes[][2] = {{240, 180}, {512, 512}, {60, 45}, {31, 200}, {120, 90}};
  for (const auto& [width, height] : sizes) {
    const Image resized = resize(image, width, height), expected = waves(width, height);
    int most = 0;
    for (int y = height / 10; y < height - height / 10; ++y) {
      for (int x = width / 10; x < width - width / 10; ++x) {
        most = std::max(most, std::abs(resized.row(y)[x] - expected.row(y)[x]));
      }
    }
    INFO(width << "x" << height);
    CHECK(most <= 2);
  }
  CHECK((resize(image, 120, 90).samples == image.samples));
}

TEST_CASE("Constant images stay constant, with all their channels") {
  Image image(13, 9, 4);
  for (std::size_t i = 0; i < image.samples.size(); ++i)
    image.samples[i] = static_cast<std::uint8_t>(i % 4 * 85);
  image.icc_profile = {1, 2};
  for (const int size : {1, 5, 40}) {
    const Image resized = resize(image, size, size);
    REQUIRE(resized.channels == 4);
    CHECK((resized.icc_profile == image.icc_profile));
    for (std::size_t i = 0; i < resized.samples.size(); ++i) REQUIRE(resized.samples[i] == i % 4 * 85);
  }
}

TEST_CASE("16 bits stay 16 bits") {
  Image image(16, 8, 2);
  std::vector<std::uint16_t> wide(image.samples.size());
  for (std::size_t i = 0; i < wide.size(); ++i) wide[i] = i % 2 == 0 ? 12345 : 54321;
  set_samples16(image, wide);
  const Image resized = resize(image, 40, 20);
  REQUIRE(resized.samples16.size() == 40 * 20 * 2);
  for (std::size_t i = 0; i < resized.samples16.size(); ++i) {
    REQUIRE(std::abs(resized.samples16[i] - (i % 2 == 0 ? 12345 : 54321)) <= 1);
    REQUIRE(resized.samples[i] == (i % 2 == 0 ? 48 : 211));
  }
}

TEST_CASE("Shrinking averages fine detail away") {
  Image stripes(256, 256, 1);
  for (int y = 0; y < 256; ++y) {
    for (int x = 0; x < 256; ++x) stripes.row(y)[x] = x % 2 == 0 ? 0 : 254;
  }
  const Image small = resize(stripes, 50, 50);
  for (int x = 5; x < 45; ++x) CHECK(std::abs(small.row(25)[x] - 127) <= 1);
}

TEST_CASE("A single pixel fills any size") {
  Image pixel(1, 1, 3);
  pixel.samples = {3, 5, 7};
  const Image large = resize(pixel, 20, 30);
  CHECK(large.row(29)[19 * 3 + 1] == 5);
  CHECK_THROWS_AS(resize(pixel, 0, 5), rfpp::Error);
  CHECK_THROWS_AS(resize(pixel, 40000, 5), rfpp::Error);
}
