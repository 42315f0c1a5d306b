#include "rfpp/train/augmentation.hpp"

#include <unistd.h>

#include "faces.hpp"
#include "support.hpp"

using namespace rfpp;
using namespace rfpp::test;

TEST_CASE("a face that is not moved keeps its samples") {
  const io::Image image = picture(1, 16);
  const auto same = moved(image.samples, 16, photo::Affine{});
  for (std::size_t i = 0; i < image.samples.size(); ++i)
    CHECK(same.data()[i] == static_cast<float>(image.samples[i]) / 255.0f);
}

TEST_CASE("a shift by whole pixels moves samples and boxes alike") {
  const io::Image image = picture(2, 16);
  const photo::Affine right{1, 0, 3, 0, 1, -2};
  const auto shifted = moved(image.samples, 16, right);
  CHECK(shifted.data()[(5 * 16 + 9) * 3 + 1] == static_cast<float>(image.row(7)[6 * 3 + 1]) / 255.0f);
  const auto boxes = moved(degrade::Components{{4, 5, 1}, {8, 5, 1}, {6, 9, 2}}, right);
  CHECK(boxes.mouth.x == 9);
  CHECK(boxes.mouth.y == 7);
  CHECK(boxes.mouth.half == 2);
}

TEST_CASE("augmentations stay in their ranges and are the same for the same stream") {
  const Augmentation a{0.5, 10, 0.1, 0.05};
  int none = 0;
  for (std::uint64_t k = 0; k < 1000; ++k) {
    const auto map = draw(a, {1, k, 16}, 100);
    if (!map) {
      ++none;
      continue;
    }
    const double size = std::hypot(map->xx, map->yx);
    CHECK(std::abs(size - 1) <= 0.1 + 1e-12);
    CHECK(std::abs(std::atan2(map->yx, map->xx)) <= 10 * std::numbers::pi / 180 + 1e-12);
    const photo::Point centre = (*map)({49.5, 49.5});
    CHECK(std::abs(centre.x - 49.5) <= 5 + 1e-9);
    CHECK(std::abs(centre.y - 49.5) <= 5 + 1e-9);
    CHECK(map->x0 == draw(a, {1, k, 16}, 100)->x0);
  }
  CHECK(none > 400);
  CHECK(none < 600);
}
