#include "rfpp/photo/similarity.hpp"

#include <cmath>
#include <limits>

#include "catch.hpp"
#include "photo/golden.hpp"

using namespace rfpp::photo;

namespace {

/// The template, turned, scaled and shifted into a photo.
Landmarks face_in_photo(double angle, double scale, double x, double y) {
  Landmarks landmarks;
  for (std::size_t i = 0; i < 5; ++i) {
    const Point p = ffhq_template[i];
    landmarks[i] = {scale * (std::cos(angle) * p.x - std::sin(angle) * p.y) + x,
                    scale * (std::sin(angle) * p.x + std::cos(angle) * p.y) + y};
  }
  return landmarks;
}

}  // namespace

TEST_CASE("Transforms equal the golden ones") {
  const auto landmarks = golden::landmarks();
  const auto robust = golden::transforms("robust"), least_squares = golden::transforms("least_squares");
  REQUIRE(landmarks.size() == 2);
  for (std::size_t face = 0; face < 2; ++face) {
    CHECK(golden::distance(align(landmarks[face]), robust[face]) <= 1e-4);
    CHECK(golden::distance(least_squares_similarity(landmarks[face]).value(), least_squares[face]) <= 1e-8);
  }
}

TEST_CASE("A turned, scaled and shifted face is found exactly") {
  const Landmarks landmarks = face_in_photo(0.7, 0.31, 123, -45);
  const Affine to_crop = align(landmarks);
  for (std::size_t i = 0; i < 5; ++i) {
    const Point p = to_crop(landmarks[i]), back = inverse(to_crop)(p);
    CHECK(std::hypot(p.x - ffhq_template[i].x, p.y - ffhq_template[i].y) < 1e-9);
    CHECK(std::hypot(back.x - landmarks[i].x, back.y - landmarks[i].y) < 1e-9);
  }
  CHECK(eye_distance(landmarks) == Approx(0.31 * eye_distance(ffhq_template)));
  CHECK(golden::distance(align(landmarks, 256), scaled(to_crop, 0.5)) < 1e-12);
}

TEST_CASE("One bad landmark does no harm") {
  const Landmarks good = face_in_photo(-0.2, 0.5, 10, 20);
  for (std::size_t bad = 0; bad < 5; ++bad) {
    Landmarks landmarks = good;
    landmarks[bad].x += 40;
    INFO("landmark " << bad);
    CHECK(golden::distance(align(landmarks), align(good)) < 1e-6);
    CHECK(golden::distance(least_squares_similarity(landmarks).value(), align(good)) > 1);
  }
}

TEST_CASE("Points that span no face are refused") {
  Landmarks same;
  same.fill({7, 7});
  CHECK_THROWS_AS(align(same), rfpp::Error);
  Landmarks infinite = ffhq_template, nan = ffhq_template;
  infinite.fill({std::numeric_limits<double>::infinity(), 0});
  CHECK_THROWS_AS(align(infinite), rfpp::Error);
  nan.fill({std::nan(""), 0});
  CHECK_THROWS_AS(align(nan), rfpp::Error);
  CHECK_THROWS_AS(inverse(Affine{0, 0, 1, 0, 0, 1}), rfpp::Error);
}
