#include "rfpp/photo/color.hpp"

#include <cmath>
#include <cstdint>
#include <numbers>

#include "catch.hpp"
#include "io/files.hpp"

using namespace rfpp::photo;

namespace {

/// A wave across an RGB image around `level`, of that height and length in pixels.
rfpp::io::Image wave(double level, double height, double length) {
  rfpp::io::Image image(192, 64, 3);
  for (int y = 0; y < 64; ++y) {
    for (int x = 0; x < 192; ++x) {
      for (int c = 0; c < 3; ++c) {
        image.row(y)[x * 3 + c] = static_cast<std::uint8_t>(
            std::lround(level + 10 * c + height * std::cos(2 * std::numbers::pi * x / length)));
      }
    }
  }
  return image;
}

}  // namespace

TEST_CASE("Kept colors are the input's low and the restored face's high frequencies") {
  const double sigma = 8;
  // A Gaussian passes exp(-2 (pi sigma / length)^2) of a wave.
  const rfpp::io::Image input = wave(100, 20, 96), restored = wave(140, 30, 8);
  const rfpp::io::Image mixed = keep_colors(restored, input, sigma);
  const double passed = std::exp(-2 * std::pow(std::numbers::pi * sigma / 96, 2));
  for (int x = 30; x < 162; ++x) {  // mirroring about the edges keeps these waves whole, but for their phase
    for (int c = 0; c < 3; ++c) {
      const double expected = 100 + 10 * c + passed * 20 * std::cos(2 * std::numbers::pi * x / 96) +
                              30 * std::cos(2 * std::numbers::pi * x / 8);
      REQUIRE(mixed.row(20)[x * 3 + c] == Approx(expected).margin(1.5));
    }
  }
}

TEST_CASE("Keeping the colors of the same picture changes nothing") {
  const rfpp::io::Image same = wave(120, 60, 10);
  CHECK((keep_colors(same, same, 16).samples == same.samples));
}

TEST_CASE("Colors of a gray input are gray") {
  rfpp::io::Image flat(40, 40, 3), gray(40, 40, 2);
  for (std::size_t i = 0; i < flat.samples.size(); ++i) flat.samples[i] = i % 3 == 0 ? 200 : 100;
  for (std::size_t i = 0; i < gray.samples.size(); i += 2) gray.samples[i] = 77;
  for (const std::uint8_t sample : keep_colors(flat, gray, 5).samples) REQUIRE(sample == 77);
}

TEST_CASE("Images with equal colors are gray, whatever their channels") {
  for (int channels = 1; channels <= 4; ++channels) {
    rfpp::io::Image image(3, 2, channels);
    std::fill(image.samples.begin(), image.samples.end(), std::uint8_t{90});
    if (channels == 4) image.samples[3] = 255;  // alpha is no color
    CHECK(is_gray(image));
    if (channels < 3) continue;
    image.row(1)[2 * channels + 2] = 91;
    CHECK_FALSE(is_gray(image));
    remove_color(image);
    CHECK(is_gray(image));
    CHECK(image.row(0)[0] == 90);
    if (channels == 4) CHECK(image.samples[3] == 255);
    image.samples16.assign(image.samples.size(), std::uint16_t{90 * 257});
    CHECK(is_gray(image));
    image.samples16[static_cast<std::size_t>(channels)] += 1;  // the same in eight bits
    CHECK_FALSE(is_gray(image));
  }
}

TEST_CASE("Luma weighs red, green and blue by BT.601") {
  rfpp::io::Image image(1, 1, 3);
  image.samples = {200, 100, 50};
  CHECK(to_gray(image).samples[0] == 124);
}

TEST_CASE("Colors of an input of another size are one clear line") {
  CHECK(files::error_of([] { keep_colors(rfpp::io::Image(8, 8, 3), rfpp::io::Image(8, 9, 3), 2); }) ==
        "keep_colors: expected an RGB image of 8x9, found 8x8 with 3 channels");
}
