#include "rfpp/photo/warp.hpp"

#include <string>

#include "catch.hpp"
#include "photo/golden.hpp"

using namespace rfpp::photo;
using rfpp::io::Image;

TEST_CASE("Crops equal the golden ones") {
  const Image photo = golden::image("photo");
  const auto landmarks = golden::landmarks();
  for (std::size_t face = 0; face < 2; ++face) {
    INFO("face " << face);
    const Image crop = crop_face(photo, align(landmarks[face]));
    golden::check_rows(crop, golden::image("crop_" + std::to_string(face) + "_rows"), 4);
  }
}

TEST_CASE("Whole shifts move pixels, half shifts average them") {
  Image image(4, 3, 3);
  for (std::size_t i = 0; i < image.samples.size(); ++i) image.samples[i] = static_cast<std::uint8_t>(i * 6);
  CHECK((warp(image, rfpp::photo::Affine{}, {0, 0, 4, 3}, 3, {0, 0, 0}) == image.samples));
  const auto shifted = warp(image, rfpp::photo::Affine{1, 0, 2, 0, 1, 1}, {1, 0, 3, 2}, 3, {200, 201, 202});
  CHECK((shifted == std::vector<std::uint8_t>{image.row(1)[9], image.row(1)[10], image.row(1)[11], 200, 201,
                                              202, image.row(2)[9], image.row(2)[10], image.row(2)[11], 200,
                                              201, 202}));
  const auto half = warp(image, rfpp::photo::Affine{1, 0, 0.5, 0, 1, 0}, {0, 0, 1, 1}, 3, {0, 0, 0});
  CHECK((half == std::vector<std::uint8_t>{9, 15, 21}));
}

TEST_CASE("A crop beside the photo is all border, however far away") {
  const Image photo(8, 8, 3);
  for (const double far : {1e4, 1e9, 1e300}) {
    const Image crop = crop_face(photo, rfpp::photo::Affine{1, 0, far, 0, 1, 0}, 4);
    for (std::size_t i = 0; i < crop.samples.size(); ++i) {
      REQUIRE(crop.samples[i] == (i % 3 == 0 ? 132 : i % 3 == 1 ? 133 : 135));
    }
  }
}

TEST_CASE("Gray photos and photos with alpha give RGB crops") {
  Image gray(6, 6, 2), color(6, 6, 4);
  for (std::size_t i = 0; i < 36; ++i) {
    gray.samples[i * 2] = static_cast<std::uint8_t>(i);
    for (std::size_t c = 0; c < 3; ++c) color.samples[i * 4 + c] = static_cast<std::uint8_t>(i);
  }
  const Image from_gray = crop_face(gray, rfpp::photo::Affine{}, 6),
              from_color = crop_face(color, rfpp::photo::Affine{}, 6);
  REQUIRE(from_gray.channels == 3);
  CHECK((from_gray.samples == from_color.samples));
  CHECK(from_gray.row(5)[5 * 3 + 2] == 35);
}
