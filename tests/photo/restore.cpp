#include "rfpp/photo/restore.hpp"

#include <array>
#include <cstdlib>
#include <vector>

#include "catch.hpp"
#include "photo/golden.hpp"

using namespace rfpp::photo;

namespace {

struct PainterSpec {
  int resolution = 256;
};

/// A network that gives every face one color.
struct Painter {
  static constexpr PainterSpec spec{};
  std::array<float, 3> color;

  struct Output {
    rfpp::Tensor<float> image;
  };
  Output operator()(auto&, const rfpp::Tensor<float>& face) const {
    auto image = rfpp::Tensor<float>::uninitialized(face.extents());
    for (std::size_t i = 0; i < image.elements().size(); ++i) image.elements()[i] = color[i % 3];
    return {image};
  }
};

const Painter painter{{1, -1, 0.5F}};
int no_executor = 0;

}  // namespace

TEST_CASE("Strength 0 gives the photo back, sharp as it was") {
  const auto photo = golden::image("photo");
  CHECK((restore_photo(no_executor, painter, photo, golden::landmarks(), {.strength = 0}).samples ==
         photo.samples));
  CHECK((restore_photo(no_executor, painter, photo, golden::landmarks()).samples != photo.samples));
}

TEST_CASE("Gray photos with three channels stay gray") {
  auto photo = golden::image("photo");
  remove_color(photo);
  for (const Color color : {Color::input, Color::restored}) {
    const auto result = restore_photo(no_executor, painter, photo, golden::landmarks(), {.color = color});
    CHECK((result.samples != photo.samples));
    CHECK(is_gray(result));
  }
  CHECK(is_gray(restore_face(no_executor, painter, photo)));
}

TEST_CASE("The input's colors survive a network that repaints everything") {
  rfpp::io::Image photo(300, 300, 3);
  for (std::size_t i = 0; i < photo.samples.size(); ++i)
    photo.samples[i] = static_cast<std::uint8_t>(60 + 50 * (i % 3));
  std::vector<Landmarks> faces{ffhq_template};
  for (Point& p : faces[0]) p = {p.x / 2 + 20, p.y / 2 + 20};
  const auto kept = restore_photo(no_executor, painter, photo, faces, {.color = Color::input});
  for (std::size_t i = 0; i < photo.samples.size(); ++i)
    REQUIRE(std::abs(kept.samples[i] - photo.samples[i]) <= 1);
  const auto repainted = restore_photo(no_executor, painter, photo, faces, {.color = Color::restored});
  CHECK(repainted.row(150)[150 * 3] == 255);
  CHECK(repainted.row(150)[150 * 3 + 1] == 0);
}

TEST_CASE("A photo is restored where its parser says") {
  const auto photo = golden::image("photo");
  const auto faces = golden::landmarks();
  int parsed = 0;
  RestoreOptions options;
  options.parser = [&](const rfpp::io::Image& face) {
    // Painted: what is parsed is the restored face.
    CHECK((face.width == 256 && face.row(100)[300] == 255 && face.row(100)[301] == 0));
    return Plane{256, 256, std::vector<float>(256 * 256, parsed++ == 0 ? 0.0F : 1.0F)};
  };
  const auto restored = restore_photo(no_executor, painter, photo, faces, options);
  CHECK(parsed == 2);
  // Nothing of the first face, all of the second within its square.
  const auto second =
      restore_photo(no_executor, painter, photo, std::span(faces).subspan(1), {.mask = Mask::square});
  CHECK((restored.samples == second.samples));
}
