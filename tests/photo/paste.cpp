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

/// Noise, so that no pixel is that of another place.
Image noisy(int width, int height, int channels) {
  Image image(width, height, channels);
  unsigned state = 1;
  for (std::uint8_t& sample : image.samples) {
    state = state * 1664525 + 1013904223;
    sample = static_cast<std::uint8_t>(state >> 24);
  }
  return image;
}

/// A restored face: green on the head, blue beyond it, where the crop shows others as they were.
Image green_head() {
  Image image = filled(512, 0, 0, 255);
  for (int y = 0; y < 512; ++y) {
    for (int x = 0; x < 512; ++x) {
      if (head_distance({1.0 * x, 1.0 * y}) < 1) image.row(y)[x * 3 + 1] = 255, image.row(y)[x * 3 + 2] = 0;
    }
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

TEST_CASE("A face is smoothed by [1 2 1] along both axes, mirrored about its outermost pixels") {
  rfpp::io::Image image(6, 5, 3);
  const auto sample = [&](int x, int y, int color) -> std::uint8_t& { return image.row(y)[3 * x + color]; };
  sample(3, 2, 0) = 160;
  sample(0, 0, 1) = 160;
  sample(1, 0, 2) = 160;
  image = smoothed(std::move(image));
  const int taps[] = {1, 2, 1};
  for (int y = 0; y < 5; ++y)
    for (int x = 0; x < 6; ++x) {
      const bool near = std::abs(x - 3) <= 1 && std::abs(y - 2) <= 1;
      CHECK(sample(x, y, 0) == (near ? 10 * taps[x - 2] * taps[y - 1] : 0));
      CHECK(sample(x, y, 1) == (x > 1 || y > 1 ? 0 : 10 * (2 - x) * (2 - y)));
    }
  // The pixel beside the corner counts on both sides of it.
  CHECK(sample(0, 0, 2) == 40);
  CHECK(sample(1, 0, 2) == 40);
  CHECK(sample(2, 0, 2) == 20);
  CHECK(sample(0, 1, 2) == 20);
  CHECK(face_width(ffhq_template) == Approx(2.26 * 125.9216).epsilon(1e-6));
  Landmarks profile = ffhq_template;
  profile[1].x = profile[0].x + 40;
  CHECK(face_width(profile) == Approx(face_width(ffhq_template)).epsilon(0.05));
}

TEST_CASE("Pasted photos equal the golden ones") {
  const Image photo = golden::image("photo");
  std::vector<RestoredFace> faces;
  for (const Landmarks& landmarks : golden::landmarks()) {
    const Affine to_crop = align(landmarks);
    faces.push_back({to_crop, crop_face(photo, to_crop)});
    for (std::uint8_t& sample : faces.back().crop.samples) sample = static_cast<std::uint8_t>(255 - sample);
  }
  const PasteOptions square{.mask = Mask::square};
  golden::check_rows(paste_faces(photo, faces, 1, square), golden::image("paste_1_rows"), 2);
  golden::check_rows(paste_faces(photo, faces, 2, square), golden::image("paste_2_rows"), 4);
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

TEST_CASE("A photo of 16 bits keeps its bits outside the masks, and has 16 inside") {
  Image photo(200, 160, 3);
  std::vector<std::uint16_t> wide(photo.samples.size());
  for (std::size_t i = 0; i < wide.size(); ++i) wide[i] = static_cast<std::uint16_t>(i * 2654435761U >> 16U);
  set_samples16(photo, wide);
  const Affine to_crop = upright_face(0.2, 60, 40);
  const Image result = paste_faces(photo, std::vector<RestoredFace>{{to_crop, filled(512, 100, 150, 200)}});
  REQUIRE(result.samples16.size() == wide.size());
  std::size_t same = 0, fine = 0;
  const Image in_eight = [&] {
    Image plain = photo;
    plain.samples16.clear();
    return paste_faces(plain, std::vector<RestoredFace>{{to_crop, filled(512, 100, 150, 200)}});
  }();
  for (std::size_t i = 0; i < wide.size(); ++i) {
    // What 8 bits leave alone may change by less than one of their levels where the mask is thin.
    if (in_eight.samples[i] == photo.samples[i]) CHECK(std::abs(result.samples16[i] - wide[i]) < 400);
    same += result.samples16[i] == wide[i] ? 1 : 0;
    fine += result.samples16[i] % 257 != 0 ? 1 : 0;
    REQUIRE(std::abs(result.samples[i] - in_eight.samples[i]) <= 1);
  }
  const auto corner = [&](int x, int y) {
    const std::size_t at = static_cast<std::size_t>(y * 600 + x * 3);
    return result.samples16[at] == wide[at];
  };
  CHECK((corner(0, 0) && corner(199, 0) && corner(0, 159) && corner(199, 159)));
  CHECK(same > wide.size() / 2);
  CHECK(same < wide.size() * 95 / 100);
  CHECK(fine > wide.size() / 2);
}

TEST_CASE("A later face does not cover its neighbor") {
  // Two heads side by side, each within the other's crop.
  const Affine left = upright_face(0.5, 20, 30), right = upright_face(0.5, 150, 40);
  const Image red = filled(512, 255, 0, 0), green = filled(512, 0, 255, 0);
  for (const bool left_first : {true, false}) {
    std::vector<RestoredFace> faces{{left, red}, {right, green}};
    if (!left_first) std::swap(faces[0], faces[1]);
    const Image result = paste_faces(Image(450, 350, 3), faces, 1, {.mask = Mask::square});
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

TEST_CASE("No neighbor puts its unrestored pixels over a restored head") {
  const Affine left = upright_face(0.5, 20, 30), right = upright_face(0.45, 135, 50);
  Image photo(450, 350, 3);
  for (std::size_t i = 2; i < photo.samples.size(); i += 3) photo.samples[i] = 255;  // blue: unrestored
  for (const Mask mask : {Mask::face, Mask::square}) {
    std::vector<RestoredFace> faces{{left, green_head()}, {right, green_head()}};
    for (int order = 0; order < 2; ++order, std::swap(faces[0], faces[1])) {
      const Image result = paste_faces(photo, faces, 1, {.mask = mask});
      std::size_t heads = 0;
      for (int y = 0; y < photo.height; ++y) {
        for (int x = 0; x < photo.width; ++x) {
          const Point p{1.0 * x, 1.0 * y};
          const double nearest = std::min(head_distance(left(p)), head_distance(right(p)));
          if (nearest > 0.7) continue;
          ++heads;
          REQUIRE(result.row(y)[x * 3 + 1] >= 254);
          REQUIRE(result.row(y)[x * 3 + 2] <= 1);
        }
      }
      CHECK(heads > 19'000);
    }
  }
}

TEST_CASE("Pixels outside the masks and all at strength 0 are the photo's own") {
  const Image white = filled(512, 255, 255, 255);
  const Affine turned = align(golden::landmarks()[0]), upright = upright_face(0.3, 250, 150);
  for (int channels = 1; channels <= 4; ++channels) {
    const Image photo = noisy(480, 360, channels);
    const std::vector<RestoredFace> faces{{turned, white}, {upright, white}};
    CHECK((paste_faces(photo, faces, 1, {.strength = 0}).samples == photo.samples));
    for (const Mask mask : {Mask::face, Mask::square}) {
      const Image result = paste_faces(photo, faces, 1, {.mask = mask});
      const auto masked = [&](const Affine& face, Point p) {
        const Point t = face(p);
        if (mask == Mask::face) return head_mask(t) > 0;
        const double reach = 256 + std::hypot(face.xx, face.yx);  // the mask's blur: one photo pixel more
        return std::abs(t.x - 255.5) < reach && std::abs(t.y - 255.5) < reach;
      };
      std::size_t changed = 0;
      for (int i = 0; i < 480 * 360; ++i) {
        const Point p{1.0 * (i % 480), 1.0 * (i / 480)};
        const auto* before = photo.samples.data() + i * channels;
        const bool same = std::equal(before, before + channels, result.samples.data() + i * channels);
        changed += same ? 0 : 1;
        INFO("pixel " << p.x << " " << p.y << (mask == Mask::face ? " face" : " square"));
        if (!masked(turned, p) && !masked(upright, p)) REQUIRE(same);
      }
      CHECK(changed > 5'000);
    }
  }
}

TEST_CASE("Half the strength is half the change") {
  const Image photo = noisy(200, 200, 3);
  const std::vector<RestoredFace> faces{{upright_face(0.3, 20, 20), filled(512, 255, 128, 0)}};
  const Image whole = paste_faces(photo, faces), half = paste_faces(photo, faces, 1, {.strength = 0.5});
  for (std::size_t i = 0; i < photo.samples.size(); ++i)
    REQUIRE(std::abs(2 * half.samples[i] - whole.samples[i] - photo.samples[i]) <= 2);
}

TEST_CASE("A parser's mask decides what is pasted, within the square") {
  const Image white = filled(512, 255, 255, 255), photo(256, 256, 3);
  Plane left_half{512, 512, std::vector<float>(512 * 512)};
  for (int y = 0; y < 512; ++y) std::fill_n(left_half.row(y).begin(), 256, 1.0F);
  const Affine face = upright_face(0.5, 0, 0);
  const Image square =
      paste_faces(photo, std::vector<RestoredFace>{{face, white}}, 1, {.mask = Mask::square});
  for (const Mask mask : {Mask::face, Mask::square}) {
    const Image result =
        paste_faces(photo, std::vector<RestoredFace>{{face, white, left_half}}, 1, {.mask = mask});
    for (int y = 0; y < 256; ++y) {
      for (int x = 0; x < 256; ++x) {
        if (x == 127 || x == 128) continue;  // the half's edge lies between them
        REQUIRE(result.row(y)[x * 3] == (x < 128 ? square.row(y)[x * 3] : 0));
      }
    }
  }
}

TEST_CASE("Only the parts around faces become floats") {
  const Image photo(4000, 3000, 3);
  std::vector<Placement> placed;
  for (const Affine& face : {upright_face(0.25, 20, 20), upright_face(0.25, 3800, 2800),
                             upright_face(0.25, 100, 100), upright_face(0.25, 9000, 0)})
    placed.push_back(place({face, Image(512, 512, 3)}, photo, 1));
  const auto parts = joined(placed);
  REQUIRE(parts.size() == 2);
  CHECK(intersection(parts[0], parts[1]).empty());
  CHECK(parts[0].area() + parts[1].area() < 250U * 250 + 150 * 150);
  for (const Placement& face : placed) {
    std::size_t covered = 0;
    for (const Rectangle& part : parts) {
      const Rectangle common = intersection(part, face.region);
      covered += common.empty() ? 0 : common.area();
    }
    CHECK(covered == (face.region.empty() ? 0 : face.region.area()));
  }
}

TEST_CASE("A small face inside a large crop is kept, whichever comes first") {
  const Affine large = upright_face(1, 0, 0), small = upright_face(0.2, 400, 30);
  std::vector<RestoredFace> faces{{small, filled(512, 255, 0, 0)}, {large, filled(512, 0, 255, 0)}};
  for (const Mask mask : {Mask::face, Mask::square}) {
    for (int order = 0; order < 2; ++order, std::swap(faces[0], faces[1])) {
      const Image result = paste_faces(Image(512, 512, 3), faces, 1, {.mask = mask});
      for (const Point landmark : ffhq_template) {
        CHECK(pixel_at(result, small, landmark)[0] == 255);
        CHECK(pixel_at(result, large, landmark)[1] == 255);
      }
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
  CHECK(
      error_of([&] { paste_faces(photo, {}, 0.5); }).starts_with("expected a scale of 1 or more, found 0.5"));
  CHECK(error_of([&] { paste_faces(photo, {}, std::nan("")); }).starts_with("expected a scale"));
  CHECK(error_of([&] {
          paste_faces(photo, {}, 1000);
        }).starts_with("image of 60000x40000 pixels, expected sides of"));
  CHECK(error_of([&] {
          paste_faces(photo, {}, 1, {.strength = 1.5});
        }).starts_with("paste: expected a strength of 0 to 1, found 1.5"));
  CHECK(error_of([&] {
          paste_faces(photo, {}, 1, {.strength = std::nan("")});
        }).starts_with("paste: expected a strength"));
  const std::vector<RestoredFace> masked{
      {Affine{}, Image(64, 64, 3), Plane{32, 32, std::vector<float>(32 * 32)}}};
  CHECK(error_of([&] { paste_faces(photo, masked); }) ==
        "paste: expected a mask of 64x64 like the crop, found 32x32");
  const std::vector<RestoredFace> gray{{Affine{}, Image(64, 64, 1)}}, wide{{Affine{}, Image(64, 32, 3)}};
  CHECK(error_of([&] { paste_faces(photo, gray); }) ==
        "paste: expected a square RGB crop, found 64x64 with 1 channels");
  CHECK(error_of([&] { paste_faces(photo, wide); }) ==
        "paste: expected a square RGB crop, found 64x32 with 3 channels");
}
