#include "rfpp/photo/landmarks.hpp"

#include <string>

#include "catch.hpp"
#include "io/files.hpp"

using files::error_of;
using rfpp::photo::read_landmarks;

namespace {

/// The error for a file with this content, without the file's name.
std::string error_for(const std::string& content) {
  const files::TemporaryFolder folder;
  const auto path = folder.path / "faces.json";
  files::write(path, content);
  const std::string error = error_of([&] { read_landmarks(path); });
  return error.starts_with(path.string() + ": ") ? error.substr(path.string().size() + 2) : error;
}

}  // namespace

TEST_CASE("Landmarks are read, other keys are not") {
  const files::TemporaryFolder folder;
  const auto path = folder.path / "faces.json";
  files::write(path, R"({"photo": "a.jpg", "faces": [
    {"score": 0.99, "landmarks": [[1, 2], [3.5, 4], [5, 6], [-7, 8e0], [9, 10]]},
    {"landmarks": [[11, 2], [3, 4], [5, 6], [7, 8], [9, 10]], "box": [1, 2, 3, 4]}]})");
  const auto faces = read_landmarks(path);
  REQUIRE(faces.size() == 2);
  CHECK(faces[0][1].x == 3.5);
  CHECK(faces[0][3].x == -7);
  CHECK(faces[0][4].y == 10);
  CHECK(faces[1][0].x == 11);
  files::write(path, R"({"faces": []})");
  CHECK(read_landmarks(path).empty());
}

TEST_CASE("What is not a file of landmarks is one clear line") {
  const std::string form = "expected JSON of the form {\"faces\": [{\"landmarks\": [[x, y], ...]}]}, found ";
  CHECK(error_for("") == form + "no JSON");
  CHECK(error_for("{\"faces\": [") == form + "no JSON");
  CHECK(error_for(std::string(100'000, '[')) == form + "no JSON");
  CHECK(error_for("{\"faces\": [{\"landmarks\": [[1e999, 1], [1, 2], [1, 3], [1, 4], [1, 5]]}]}") ==
        form + "no JSON");
  CHECK(error_for("[1, 2]") == form + "other JSON");
  CHECK(error_for("{\"faces\": 3}") == form + "other JSON");
  const std::string five = "face 0: expected \"landmarks\": five [x, y] points, found ";
  const auto of_landmarks = [](const std::string& points) {
    return error_for("{\"faces\": [{\"landmarks\": " + points + "}]}");
  };
  CHECK(error_for("{\"faces\": [7]}") == five + "number");
  CHECK(error_for("{\"faces\": [{}]}") == five + "nothing");
  CHECK(error_for("{\"faces\": [{\"bbox\": [], \"kps\": []}]}") == five + "only \"bbox\", \"kps\"");
  CHECK(of_landmarks("7") == five + "number");
  CHECK(of_landmarks("[[1, 2], [3, 4], [5, 6], [7, 8]]") == five + "4 values");
  CHECK(of_landmarks("[1, 2, 3, 4, 5, 6, 7, 8, 9, 10]") == five + "10 values");
  const std::string point = "face 0: landmark 0: expected [x, y] in pixels, found ";
  const std::string others = ", [3, 4], [5, 6], [7, 8], [9, 9]]";
  CHECK(of_landmarks("[[1, 2], [3, 4], [5, 6], [7, 8], null]") ==
        "face 0: landmark 4: expected [x, y] in pixels, found null");
  CHECK(of_landmarks("[{\"x\": 1, \"y\": 2}" + others) == point + "object");
  CHECK(of_landmarks("[[1, 2, 3]" + others) == point + "an array of 3");
  CHECK(of_landmarks("[[1, null]" + others) == point + "an array that holds null");
  CHECK(of_landmarks("[[\"1\", \"2\"]" + others) == point + "text; write numbers without quotation marks");
  CHECK(of_landmarks("[[NaN, 2]" + others) == form + "NaN, which is no number in JSON; leave such faces out");
  CHECK(error_for("{\"faces\": [{\"landmarks\": [[1, 2], [3, 1e7], [5, 6], [7, 8], [9, 9]]}]}") ==
        "face 0: landmark 1: expected coordinates below a million pixels");
  CHECK(error_for("{\"faces\": [{\"landmarks\": [[5, 5], [5, 5], [5, 5], [5, 5], [5, 5]]}]}") ==
        "face 0: landmarks: expected five finite points that span a face, found points that coincide");
  CHECK(error_of([] { read_landmarks("none.json"); }) == "none.json: cannot read: No such file or directory");
}

TEST_CASE("Eyes given right to left are recognized and put in order, profiles are left alone") {
  using rfpp::photo::Landmarks;
  const auto same = [](const Landmarks& a, const Landmarks& b) {
    for (std::size_t i = 0; i < 5; ++i)
      if (a[i].x != b[i].x || a[i].y != b[i].y) return false;
    return true;
  };
  const Landmarks face{{{203, 101}, {246, 104}, {225, 127}, {200, 139}, {246, 141}}};
  CHECK_FALSE(rfpp::photo::are_right_to_left(face));
  CHECK(same(left_to_right(face), face));
  const Landmarks own_side{{face[1], face[0], face[2], face[4], face[3]}};
  CHECK(rfpp::photo::are_right_to_left(own_side));
  CHECK(same(left_to_right(own_side), face));
  const Landmarks eyes_only{{face[1], face[0], face[2], face[3], face[4]}};
  CHECK(same(left_to_right(eyes_only), face));
  const Landmarks head_down{{{246, 141}, {200, 139}, {225, 120}, {246, 104}, {203, 101}}};
  CHECK(same(left_to_right(head_down), head_down));
  const Landmarks profile{{{205, 101}, {203, 101}, {190, 127}, {200, 140}, {199, 140}}};
  CHECK(same(left_to_right(profile), profile));
}
