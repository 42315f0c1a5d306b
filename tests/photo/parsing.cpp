#include "rfpp/photo/parsing.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <vector>

#include "photo/golden.hpp"
#include "rfpp/model/parsenet.hpp"
#include "rfpp/photo/paste.hpp"
#include "support.hpp"

using namespace rfpp::photo;

namespace {

/// The class map of the golden values, of ParseNet's classes.
ClassMap drawn_classes() {
  const auto image = golden::image("classes");
  return {image.width, image.height, image.samples};
}

/// A parser that sees class 1 in the left half of a face and class 0 in the right one.
struct LeftHalf {
  static constexpr int classes = 3, side = 64;
  static constexpr std::array<double, 3> mean{0.5, 0.25, 0}, deviation{0.5, 0.25, 1};
  static constexpr bool is_face(int label) { return label == 1; }

  rfpp::Tensor<float> operator()(auto&, const rfpp::Tensor<float>& x) const {
    CHECK((x.extents() == rfpp::Extents{1, side, side, 3}));
    CHECK(x.data()[0] == Approx(1));
    CHECK(x.data()[1] == Approx(3));
    CHECK(x.data()[2] == Approx(1));
    rfpp::Tensor<float> logits({1, side, side, classes});
    for (int i = 0; i < side * side; ++i) logits.data()[i * classes + 1] = i % side < side / 2 ? 1.0F : -1.0F;
    return logits;
  }
};

struct HostExecutor {
  auto upload(const auto& t) { return t; }
  auto download(const auto& t) { return t; }
};

}  // namespace

TEST_CASE("The mask of a parsed face is the reference's") {
  const auto file = rfpp::io::Checkpoint::open(RFPP_TEST_DATA "/photo/parsing.safetensors");
  const auto expected = rfpp::test::golden(file, "soft_mask.sub8");
  const Plane mask = parsing_mask(drawn_classes(), rfpp::ParseNet<>::is_face, 512);
  REQUIRE(mask.values.size() == 512 * 512);
  double most = 0;
  for (std::size_t i = 0; i < 64 * 64; ++i)
    most = std::max(most, std::abs(static_cast<double>(mask.values[i / 64 * 8 * 512 + i % 64 * 8]) -
                                   static_cast<double>(expected.data()[i])));
  CHECK(most < 1e-5);
  // The same at another size: every pixel the mean of 2x2.
  const Plane half = parsing_mask(drawn_classes(), rfpp::ParseNet<>::is_face, 256);
  REQUIRE(half.values.size() == 256 * 256);
  for (std::size_t i = 0; i < half.values.size(); ++i) {
    const float* four = mask.values.data() + i / 256 * 2 * 512 + i % 256 * 2;
    REQUIRE(half.values[i] == Approx((four[0] + four[1] + four[512] + four[513]) / 4).margin(1e-5));
  }
}

TEST_CASE("Faces pasted by a parser's mask equal the golden ones, where the square does not end first") {
  const auto photo = golden::image("photo");
  const auto rows = golden::image("parsed_paste_1_rows");
  const Plane mask = parsing_mask(drawn_classes(), rfpp::ParseNet<>::is_face, 512);
  std::vector<RestoredFace> faces;
  for (const Landmarks& landmarks : golden::landmarks()) {
    const Affine to_crop = align(landmarks);
    faces.push_back({to_crop, crop_face(photo, to_crop), mask});
    for (std::uint8_t& sample : faces.back().crop.samples) sample = static_cast<std::uint8_t>(255 - sample);
  }
  const auto result = paste_faces(photo, faces);
  // Where the square is the smaller of the two, the reference, which has only the parser's mask, differs.
  std::vector<bool> ends(result.samples.size() / 3);
  for (const RestoredFace& face : faces) {
    const Placement placed = place(face, photo, 1);
    const auto square = square_mask(placed.from_canvas, placed.region, 512, 1).soft;
    const auto narrowed = paste_mask(face, placed, 1, Mask::square).soft;
    for (int y = placed.region.y0; y < placed.region.y1; ++y)
      for (int x = placed.region.x0; x < placed.region.x1; ++x) {
        const auto i =
            static_cast<std::size_t>((y - placed.region.y0) * placed.region.width() + x - placed.region.x0);
        if (narrowed.values[i] >= square.values[i] && square.values[i] < 1)
          ends[static_cast<std::size_t>(y * photo.width + x)] = true;
      }
  }
  std::size_t compared = 0, over_1 = 0, changed = 0;
  for (int y = 0; y < photo.height; y += 4)
    for (int x = 0; x < photo.width; ++x) {
      if (ends[static_cast<std::size_t>(y * photo.width + x)]) continue;
      for (int c = 0; c < 3; ++c) {
        const int found = result.row(y)[3 * x + c], expected = rows.row(y / 4)[3 * x + c];
        REQUIRE(std::abs(found - expected) <= 2);
        ++compared;
        over_1 += std::abs(found - expected) > 1 ? 1U : 0U;
        changed += found != photo.row(y)[3 * x + c] ? 1U : 0U;
      }
    }
  CHECK(over_1 * 1000 <= compared);
  CHECK(compared > rows.samples.size() * 3 / 4);
  CHECK(changed > 10'000);
}

TEST_CASE("A parser sees the face at its own size and scale, and its mask is the crop's size") {
  HostExecutor ex;
  rfpp::io::Image face(128, 128, 3);
  std::fill(face.samples.begin(), face.samples.end(), std::uint8_t{255});
  const ClassMap classes = parse_face(ex, LeftHalf{}, face);
  REQUIRE(classes.labels.size() == 64 * 64);
  for (std::size_t i = 0; i < classes.labels.size(); ++i) REQUIRE(classes.labels[i] == (i % 64 < 32 ? 1 : 0));
  const Plane mask = parsing_mask(classes, LeftHalf::is_face, 128);
  CHECK((mask.width == 128 && mask.height == 128));
}

TEST_CASE("GPEN's mask has the neck, and its margin is cleared before the blurs") {
  constexpr ParsedMask how{.sigma = 4, .margin = 26, .blurs_margin = true, .has_neck = true};
  ClassMap neck{512, 512, std::vector<std::uint8_t>(512 * 512, 17)};
  const Plane without = parsing_mask<rfpp::ParseNet<>>(neck, 512, {});
  CHECK(std::ranges::all_of(without.values, [](float v) { return v == 0; }));
  const Plane mask = parsing_mask<rfpp::ParseNet<>>(neck, 512, how);
  // Two blurs of sigma 4 are one of sigma sqrt(32): across the edge at 25.5 the normal distribution.
  for (int x = 0; x < 60; ++x) {
    const double expected = 0.5 * std::erfc(-(x - 25.5) / std::sqrt(2 * 32.0));
    INFO(x);
    CHECK(mask.values[256 * 512 + static_cast<std::size_t>(x)] == Approx(expected).margin(2e-3));
  }
  for (std::uint8_t& label : neck.labels) label = 18;
  const Plane cloth = parsing_mask<rfpp::ParseNet<>>(neck, 512, how);
  CHECK(std::ranges::all_of(cloth.values, [](float v) { return v == 0; }));
}
