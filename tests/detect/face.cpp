#include "rfpp/detect/face.hpp"

#include "support.hpp"

using namespace rfpp;
using namespace rfpp::test;

namespace {

detect::Face face_at(double x, double y, double side, double score = 0.9) {
  return {{x, y, x + side, y + side}, score, photo::ffhq_template};
}
std::vector<std::size_t> chosen(const std::string& text, const std::vector<detect::Face>& faces) {
  return detect::FaceChoice(text)(faces, 100, 80);
}

}  // namespace

TEST_CASE("overlap is the intersection over the union") {
  CHECK(detect::overlap({0, 0, 2, 2}, {1, 0, 3, 2}) == Approx(1.0 / 3));
  CHECK(detect::overlap({0, 0, 2, 2}, {2, 0, 3, 2}) == 0);
  CHECK(detect::overlap({0, 0, 1, 1}, {3, 3, 4, 4}) == 0);  // apart along both axes
  CHECK(detect::overlap({1, 1, 1, 1}, {1, 1, 1, 1}) == 0);
}

TEST_CASE("of faces that overlap the one with the best score stays") {
  const auto kept = detect::suppress_overlapping(
      {face_at(0, 0, 10, 0.6), face_at(1, 0, 10, 0.8), face_at(30, 0, 10, 0.7), face_at(2, 0, 10, 0.7)}, 0.3);
  REQUIRE(kept.size() == 2);
  CHECK(kept[0].score == 0.8);
  CHECK(kept[1].box.x1 == 30);
}

TEST_CASE("faces are chosen by size, place or number") {
  using Indices = std::vector<std::size_t>;
  // The second is the largest but for what lies outside of the photo; the third is nearest to the center.
  const std::vector<detect::Face> faces{face_at(5, 5, 20), face_at(70, 50, 60), face_at(40, 30, 18),
                                        face_at(5, 40, 35)};
  CHECK(chosen("all", faces) == Indices{0, 1, 2, 3});
  CHECK(chosen("largest", faces) == Indices{3});
  CHECK(chosen("center", faces) == Indices{2});
  CHECK(chosen("3,1", faces) == Indices{2, 0});
  CHECK(chosen("2,2", faces) == Indices{1});
  CHECK(chosen("largest", {}).empty());
  CHECK(error_of([&] { chosen("5", faces); }) == "face 5 is asked for, the photo has 4");
  for (const char* wrong : {"", "0", "1,", ",1", "1,,2", "both", "-1", "1 2", "99999999999999999999"})
    CHECK(contains(error_of([&] { detect::FaceChoice choice(wrong); }),
                   "faces: expected all, largest, center"));
}
