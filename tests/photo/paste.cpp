#include "rfpp/photo/paste.hpp"

#include <algorithm>
#include <cstdlib>
#include <string>
#include <vector>

#include "catch.hpp"
#include "io/files.hpp"
#include "photo/golden.hpp"

using namespace rfpp::photo;
using files::error_of;
using rfpp::io::Image;

namespace {

Image filled(int size, std::uint8_t red, std::uint8_t green, std::uint8_t blue) {
  Image image(size, size, 3);
  for (std::size_t i = 0; i < image.samples.size(); i += 3) {
    image.samples[i] = red, image.samples[i + 1] = green, image.samples[i + 2] = blue;
  }
  return image;
}

/// A face of which one template pixel is `scale` photo pixels, its crop beginning at (x, y).
Affine upright_face(double scale, double x, double y) {
  return {1 / scale, 0, -x / scale, 0, 1 / scale, -y / scale};
}

const std::uint8_t* pixel_at(const Image& image, const Affine& face, Point template_point) {
  const Point p = inverse(face)(template_point);
  return image.row(static_cast<int>(std::lround(p.y))) + std::lround(p.x) * image.channels;
}

}  // namespace

TEST_CASE("Pasted photos equal the golden ones") {
  const Image photo = golden::image("photo");
  std::vector<RestoredFace> faces;
  for (const Landmarks& landmarks : golden::landmarks()) {
    const Affine to_crop = align(landmarks);
    faces.push_back({to_crop, crop_face(photo, to_crop)});
    for (std::uint8_t& sample : faces.back().crop.samples) sample = static_cast<std::uint8_t>(255 - sample);
  }
  golden::check_rows(paste_faces(photo, faces, 1), golden::image("paste_1_rows"), 2);
  golden::check_rows(paste_faces(photo, faces, 2), golden::image("paste_2_rows"), 4);
}

TEST_CASE("Faces that were not changed leave the photo as it was") {
  const std::string name = RFPP_TEST_DATA "/../../examples/data/astronaut";
  const Image photo = rfpp::io::read_image(name + ".png");
  const auto landmarks = read_landmarks(name + ".landmarks.json");
  REQUIRE(landmarks.size() == 1);
  const Affine to_crop = align(landmarks[0]);
  const Image result = paste_faces(photo, std::vector<RestoredFace>{{to_crop, crop_face(photo, to_crop)}});
  REQUIRE(result.samples.size() == photo.samples.size());
  double sum = 0;
  std::size_t changed = 0;
  for (std::size_t i = 0; i < photo.samples.size(); ++i) {
    sum += std::abs(result.samples[i] - photo.samples[i]);
    changed += result.samples[i] != photo.samples[i] ? 1 : 0;
  }
  INFO(changed << " of " << photo.samples.size() << " samples changed, by "
               << sum / static_cast<double>(changed));
  CHECK(changed > 0);
  CHECK(changed < photo.samples.size() / 4);  // the face covers a sixth of the photo
  CHECK(sum / static_cast<double>(changed) < 3);
  CHECK((result.icc_profile == photo.icc_profile));
}

TEST_CASE("A later face does not cover its neighbour") {
  // Two heads side by side, each within the other's crop.
  const Affine left = upright_face(0.5, 20, 30), right = upright_face(0.5, 150, 40);
  const Image red = filled(512, 255, 0, 0), green = filled(512, 0, 255, 0);
  for (const bool left_first : {true, false}) {
    std::vector<RestoredFace> faces{{left, red}, {right, green}};
    if (!left_first) std::swap(faces[0], faces[1]);
    const Image result = paste_faces(Image(450, 350, 3), faces);
    for (const Point landmark : ffhq_template) {
      CHECK(pixel_at(result, left, landmark)[0] == 255);
      CHECK(pixel_at(result, left, landmark)[1] == 0);
      CHECK(pixel_at(result, right, landmark)[0] == 0);
      CHECK(pixel_at(result, right, landmark)[1] == 255);
    }
    // Between the heads one face or the other is pasted, never the black photo.
    for (int x = 60; x < 370; ++x) {
      const std::uint8_t* pixel = result.row(160) + x * 3;
      CHECK(std::abs(pixel[0] + pixel[1] - 255) <= 1);
    }
  }
}

TEST_CASE("A small face inside a large crop is kept, whichever comes first") {
  const Affine large = upright_face(1, 0, 0), small = upright_face(0.2, 400, 30);
  std::vector<RestoredFace> faces{{small, filled(512, 255, 0, 0)}, {large, filled(512, 0, 255, 0)}};
  for (int order = 0; order < 2; ++order, std::swap(faces[0], faces[1])) {
    const Image result = paste_faces(Image(512, 512, 3), faces);
    for (const Point landmark : ffhq_template) {
      CHECK(pixel_at(result, small, landmark)[0] == 255);
      CHECK(pixel_at(result, large, landmark)[1] == 255);
    }
  }
}

TEST_CASE("Gray photos stay gray and alpha stays") {
  const std::vector<RestoredFace> faces{{upright_face(0.25, 10, 10), filled(512, 200, 100, 50)}};
  for (int channels = 1; channels <= 4; ++channels) {
    Image photo(150, 150, channels);
    for (std::size_t i = 0; i < photo.samples.size(); ++i)
      photo.samples[i] = static_cast<std::uint8_t>(i % 251);
    const Image result = paste_faces(photo, faces);
    REQUIRE(result.channels == channels);
    const std::uint8_t* middle = result.row(74) + 74 * channels;
    CHECK(middle[0] == (channels < 3 ? 124 : 200));
    if (channels >= 3) CHECK(middle[2] == 50);
    for (int i = 0; channels % 2 == 0 && i < 150 * 150; ++i) {
      const std::size_t alpha = static_cast<std::size_t>(i * channels + channels - 1);
      REQUIRE(result.samples[alpha] == photo.samples[alpha]);
    }
  }
}

TEST_CASE("Faces beside the photo, tiny and huge ones change nothing they should not") {
  Image photo(60, 40, 3);
  std::fill(photo.samples.begin(), photo.samples.end(), std::uint8_t{9});
  const Image white = filled(512, 255, 255, 255);
  for (const Affine& face :
       {upright_face(0.2, 1000, 0), upright_face(0.2, 0, -5000), upright_face(1e-4, 20, 20)}) {
    CHECK((paste_faces(photo, std::vector<RestoredFace>{{face, white}}).samples == photo.samples));
  }
  const Image covered =
      paste_faces(photo, std::vector<RestoredFace>{{upright_face(1000, -250'000, -250'000), white}}, 1.5);
  CHECK(covered.width == 90);
  CHECK(covered.height == 60);
  CHECK(covered.row(30)[45 * 3] == 255);
}

TEST_CASE("A photo without faces is resized only") {
  const Image photo = golden::image("photo");
  CHECK((paste_faces(photo, {}).samples == photo.samples));
  CHECK((paste_faces(photo, {}, 1.5).samples == resize(photo, 720, 540).samples));
}

TEST_CASE("What cannot be pasted is one clear line") {
  const Image photo(60, 40, 3);
  CHECK(error_of([&] {
          paste_faces(photo, {}, 0.5);
        }).starts_with("paste: expected a scale of 1 or more, found 0.5"));
  CHECK(error_of([&] { paste_faces(photo, {}, std::nan("")); }).starts_with("paste: expected a scale"));
  CHECK(error_of([&] {
          paste_faces(photo, {}, 1000);
        }).starts_with("image of 60000x40000 pixels, expected sides of"));
  const std::vector<RestoredFace> gray{{Affine{}, Image(64, 64, 1)}}, wide{{Affine{}, Image(64, 32, 3)}};
  CHECK(error_of([&] { paste_faces(photo, gray); }) ==
        "paste: expected a square RGB crop, found 64x64 with 1 channels");
  CHECK(error_of([&] { paste_faces(photo, wide); }) ==
        "paste: expected a square RGB crop, found 64x32 with 3 channels");
}
