#include "rfpp/detect/draw.hpp"

#include <array>
#include <limits>
#include <vector>

#include "catch.hpp"

using namespace rfpp;

TEST_CASE("faces are drawn with box, number and landmarks, and nothing else changes") {
  for (const int channels : {1, 2, 3, 4}) {
    io::Image photo(120, 90, channels);
    std::fill(photo.samples.begin(), photo.samples.end(), std::uint8_t{10});
    const detect::Face face{{40, 30, 80, 70}, 0.9, {{{50, 45}, {70, 45}, {60, 52}, {52, 62}, {68, 62}}}};
    const io::Image drawn = detect::draw_faces(photo, std::vector{face});
    REQUIRE(drawn.channels == 3);
    const auto is = [&](int x, int y, detect::Ink ink) {
      return std::equal(ink.begin(), ink.end(), drawn.row(y) + 3 * x);
    };
    CHECK(is(60, 30, {80, 220, 90}));
    CHECK(is(79, 69, {80, 220, 90}));
    CHECK(is(40, 29, {80, 220, 90}));  // the number's plate
    CHECK(is(50, 45, {255, 60, 60}));
    CHECK(is(70, 45, {70, 120, 255}));
    CHECK(is(60, 52, {255, 220, 0}));
    CHECK(is(60, 40, {10, 10, 10}));
    CHECK(is(81, 50, {10, 10, 10}));
    CHECK(is(80, 70, {10, 10, 10}));
    int black = 0;
    for (std::size_t i = 0; i < drawn.samples.size(); i += 3)
      black += drawn.samples[i] == 0 && drawn.samples[i + 1] == 0 && drawn.samples[i + 2] == 0 ? 1 : 0;
    CHECK(black > 8);  // the digit
  }
}

TEST_CASE("faces that reach beyond the photo are drawn as far as they are in it") {
  const io::Image photo(20, 10, 3);
  const detect::Face everywhere{{-1e9, -50, 1e9, 50}, 1, {}}, nowhere{{100, 100, 90, 90}, 1, {}};
  const io::Image drawn = detect::draw_faces(photo, std::vector{everywhere, nowhere});
  CHECK((drawn.width == 20 && drawn.height == 10));
}
