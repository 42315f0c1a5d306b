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
#include "rfpp/metrics/appearance.hpp"
#include "rfpp/photo/similarity.hpp"

namespace rfpp {
inline namespace RFPP_ABI {

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
  const double c = factor * std::cos(turn), s = factor * std::sin(turn), center = 0.5 * (side - 1);
  const double x = center + a.shift * side * symmetric(right), y = center + a.shift * side * symmetric(down);
  return photo::Affine{c, -s, x - c * center + s * center, s, c, y - s * center - c * center};
}

/// Where the map moves a face's boxes. Their centers count from the image's corner, half a pixel beside the
/// center of the first pixel.
inline degrade::Components moved(degrade::Components c, const photo::Affine& map) {
  for (degrade::Box* box : {&c.left_eye, &c.right_eye, &c.mouth}) {
    const photo::Point p = map({box->x - 0.5, box->y - 0.5});
    *box = {p.x + 0.5, p.y + 0.5, box->half * std::hypot(map.xx, map.yx)};
  }
  return c;
}

/// How a face's colors may be changed, so that colors are not guessed from suits and flags.
struct Recoloring {
  double probability = 0;  ///< that anything is done
  double degrees = 0;      ///< hue turned by up to this, either way
  double saturation = 0;   ///< saturation multiplied by 1 - saturation to 1 + saturation
  double gain = 0;         ///< every channel multiplied by 1 - gain to 1 + gain
};
using ColorMatrix = std::array<float, 9>;

/// Red, green and blue as sums of what they were; none where nothing is done. Hue turns around the axis of
/// grays, in the plane of equal luma (ITU-R BT.601).
inline std::optional<ColorMatrix> draw(const Recoloring& r, const RandomStream& stream) {
  enum Draw : std::uint32_t { chance = 8, hue, saturation, red, green, blue };
  if (uniform(stream, chance) >= r.probability) return std::nullopt;
  const auto symmetric = [&](std::uint32_t draw) { return 2 * uniform(stream, draw) - 1; };
  const double angle = r.degrees * std::numbers::pi / 180 * symmetric(hue),
               factor = 1 + r.saturation * symmetric(saturation), c = factor * std::cos(angle),
               s = factor * std::sin(angle);
  constexpr auto luma = metrics::luma_of_rgb;
  // The turn by a right angle, of colors without luma, to colors without luma.
  constexpr std::array<std::array<double, 3>, 3> quarter{
      {{0.168, 0.330, -0.497}, {-0.328, 0.035, 0.292}, {1.250, -1.050, -0.203}}};
  ColorMatrix m{};
  for (std::size_t i = 0; i < 3; ++i) {
    const double by = 1 + r.gain * symmetric(red + static_cast<std::uint32_t>(i));
    for (std::size_t j = 0; j < 3; ++j)
      m[3 * i + j] =
          static_cast<float>(by * (luma[j] + c * ((i == j ? 1 : 0) - luma[j]) + s * quarter[i][j]));
  }
  return m;
}
/// The colors of {1,h,w,3} in [0, 1], in place, clamped to that range.
inline void recolor(const Tensor<float>& face, const ColorMatrix& m) {
  float* p = face.data();
  for (std::size_t i = 0; i < face.extents().size(); i += 3, p += 3) {
    const std::array from{p[0], p[1], p[2]};
    for (std::size_t k = 0; k < 3; ++k)
      p[k] = std::clamp(m[3 * k] * from[0] + m[3 * k + 1] * from[1] + m[3 * k + 2] * from[2], 0.0f, 1.0f);
  }
}

namespace detail {
/// Catmull-Rom's cubic: weights of four neighbors, the place being `t` behind the second.
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
  auto out = Tensor<float>::uninitialized({1, side, side, 3});
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

}  // namespace RFPP_ABI
}  // namespace rfpp

#endif
