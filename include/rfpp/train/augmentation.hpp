#ifndef RFPP_TRAIN_AUGMENTATION_HPP
#define RFPP_TRAIN_AUGMENTATION_HPP

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <numbers>
#include <optional>
#include <span>

#include "rfpp/core/random.hpp"
#include "rfpp/core/tensor.hpp"
#include "rfpp/degrade/components.hpp"
#include "rfpp/photo/similarity.hpp"

namespace rfpp::inline v0 {

/// How far a face may be turned, scaled and shifted from where it was aligned. Mirroring belongs to the
/// degradation.
struct Augmentation {
  double probability = 0;  ///< that anything is done
  double degrees = 0;      ///< turned by up to this, either way
  double scale = 0;        ///< scaled by 1 - scale to 1 + scale
  double shift = 0;        ///< moved by up to this part of the side, along both axes
};

/// The map from pixels of the face to pixels of the augmented one; none where nothing is done.
inline std::optional<photo::Affine> draw(const Augmentation& a, const RandomStream& stream, int side) {
  enum Draw : std::uint32_t { chance, angle, size, right, down };
  if (uniform(stream, chance) >= a.probability) return std::nullopt;
  const auto symmetric = [&](std::uint32_t draw) { return 2 * uniform(stream, draw) - 1; };
  const double turn = a.degrees * std::numbers::pi / 180 * symmetric(angle);
  const double factor = 1 + a.scale * symmetric(size);
  const double c = factor * std::cos(turn), s = factor * std::sin(turn), centre = 0.5 * (side - 1);
  const double x = centre + a.shift * side * symmetric(right), y = centre + a.shift * side * symmetric(down);
  return photo::Affine{c, -s, x - c * centre + s * centre, s, c, y - s * centre - c * centre};
}

/// Where the map moves a face's boxes. Their centres count from the image's corner, half a pixel beside the
/// centre of the first pixel.
inline degrade::Components moved(degrade::Components c, const photo::Affine& map) {
  for (degrade::Box* box : {&c.left_eye, &c.right_eye, &c.mouth}) {
    const photo::Point p = map({box->x - 0.5, box->y - 0.5});
    *box = {p.x + 0.5, p.y + 0.5, box->half * std::hypot(map.xx, map.yx)};
  }
  return c;
}

namespace detail {
/// Catmull-Rom's cubic: weights of four neighbours, the place being `t` behind the second.
inline std::array<float, 4> cubic_weights(double t) {
  const auto weight = [&](double w) { return static_cast<float>(0.5 * w); };
  return {weight(t * (t * (2 - t) - 1)), weight(t * t * (3 * t - 5) + 2), weight(t * (t * (4 - 3 * t) + 1)),
          weight(t * t * (t - 1))};
}
/// Reflected at the edges, repeating the edge.
inline int reflected(int i, int extent) {
  while (i < 0 || i >= extent) i = i < 0 ? -1 - i : 2 * extent - 1 - i;
  return i;
}
}  // namespace detail

/// The face {side,side,3} of 8-bit samples moved by the map: {1,side,side,3} in [0, 1], by cubic
/// interpolation (Catmull & Rom 1974), reflected outside.
inline Tensor<float> moved(std::span<const std::uint8_t> pixels, int side, const photo::Affine& map) {
  auto out = Tensor<float>::uninitialised({1, side, side, 3});
  float* to = out.data();
  const photo::Affine back = photo::inverse(map);
  for (int y = 0; y < side; ++y)
    for (int x = 0; x < side; ++x, to += 3) {
      const photo::Point p = back({static_cast<double>(x), static_cast<double>(y)});
      const double left = std::floor(p.x), top = std::floor(p.y);
      const auto across = detail::cubic_weights(p.x - left), down = detail::cubic_weights(p.y - top);
      std::array<std::ptrdiff_t, 4> columns{};
      for (int i = 0; i < 4; ++i)
        columns[static_cast<std::size_t>(i)] = 3 * detail::reflected(static_cast<int>(left) + i - 1, side);
      std::array<float, 3> sum{};
      for (int j = 0; j < 4; ++j) {
        const auto* row =
            pixels.data() + std::ptrdiff_t{3} * side * detail::reflected(static_cast<int>(top) + j - 1, side);
        for (std::size_t i = 0; i < 4; ++i)
          for (std::size_t c = 0; c < 3; ++c)
            sum[c] += down[static_cast<std::size_t>(j)] * across[i] *
                      static_cast<float>(row[columns[i] + static_cast<std::ptrdiff_t>(c)]);
      }
      for (std::size_t c = 0; c < 3; ++c) to[c] = std::clamp(sum[c] / 255.0f, 0.0f, 1.0f);
    }
  return out;
}

}  // namespace rfpp::inline v0

#endif
