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
    const photo::Point center = (*map)({49.5, 49.5});
    CHECK(std::abs(center.x - 49.5) <= 5 + 1e-9);
    CHECK(std::abs(center.y - 49.5) <= 5 + 1e-9);
    CHECK(map->x0 == draw(a, {1, k, 16}, 100)->x0);
  }
  CHECK(none > 400);
  CHECK(none < 600);
}

TEST_CASE("recoloring leaves grays gray but for the gain, and turns hues without changing luma") {
  const Recoloring turns{1, 30, 0, 0};
  const auto face = Tensor<float>::uninitialized({1, 1, 2, 3});
  const std::array<float, 6> before{0.5f, 0.5f, 0.5f, 0.6f, 0.4f, 0.3f};
  std::ranges::copy(before, face.data());
  recolor(face, *draw(turns, {1, 5, 16}));
  const float* p = face.data();
  for (std::size_t c = 0; c < 3; ++c) CHECK(p[c] == Approx(0.5).epsilon(4e-3));
  const auto luma = [](const float* q) { return 0.299 * q[0] + 0.587 * q[1] + 0.114 * q[2]; };
  CHECK(luma(p + 3) == Approx(luma(before.data() + 3)).epsilon(4e-3));
  CHECK(std::abs(p[3] - before[3]) + std::abs(p[4] - before[4]) > 0.01);

  std::ranges::copy(before, face.data());
  recolor(face, *draw(Recoloring{1, 0, 0, 0}, {1, 5, 16}));
  for (std::size_t i = 0; i < 6; ++i) CHECK(face.data()[i] == Approx(before[i]).epsilon(1e-6));
}

TEST_CASE("colors change as often as asked, within their ranges, the same for the same stream") {
  const Recoloring r{0.25, 0, 0.4, 0.1};
  int changed = 0;
  for (std::uint64_t k = 0; k < 1000; ++k) {
    const auto m = draw(r, {1, k, 16});
    if (!m) continue;
    ++changed;
    CHECK(*m == *draw(r, {1, k, 16}));
    for (std::size_t i = 0; i < 9; i += 3) {
      const float gain = (*m)[i] + (*m)[i + 1] + (*m)[i + 2];  // what gray becomes
      CHECK(std::abs(gain - 1) <= 0.1f + 1e-5f);
    }
  }
  CHECK(changed > 200);
  CHECK(changed < 300);
}
