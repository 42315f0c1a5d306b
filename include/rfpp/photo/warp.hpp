#ifndef RFPP_PHOTO_WARP_HPP
#define RFPP_PHOTO_WARP_HPP

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "rfpp/io/image.hpp"
#include "rfpp/photo/similarity.hpp"

namespace rfpp::photo {
inline namespace v0 {

/// Pixels x0 <= x < x1, y0 <= y < y1.
struct Rectangle {
  int x0 = 0, y0 = 0, x1 = 0, y1 = 0;

  int width() const { return x1 - x0; }
  int height() const { return y1 - y0; }
  bool empty() const { return x0 >= x1 || y0 >= y1; }
  std::size_t area() const { return static_cast<std::size_t>(width()) * static_cast<std::size_t>(height()); }
};

inline Rectangle intersection(const Rectangle& a, const Rectangle& b) {
  return {std::max(a.x0, b.x0), std::max(a.y0, b.y0), std::min(a.x1, b.x1), std::min(a.y1, b.y1)};
}

inline Rectangle bounding(const Rectangle& a, const Rectangle& b) {
  return {std::min(a.x0, b.x0), std::min(a.y0, b.y0), std::max(a.x1, b.x1), std::max(a.y1, b.y1)};
}

/// Where a bilinear sample lies: its top left pixel and the weights of the pixels to the right and below.
struct SamplePosition {
  std::int64_t x = 0, y = 0;
  float right = 0, below = 0;
};

/// Calls sample(position) for every pixel of `region`, row by row, with the place that `inverse_map` takes it
/// to, rounded to 1/32 pixel. The fixed-point arithmetic is that of OpenCV's warpAffine.
template <class Sample>
void for_each_sample(const Affine& inverse_map, const Rectangle& region, Sample sample) {
  const auto fixed = [](double value) { return std::llrint(std::clamp(value * 1024, -1e9, 1e9)); };
  std::vector<std::array<std::int64_t, 2>> columns;
  for (int x = region.x0; x < region.x1; ++x)
    columns.push_back({fixed(inverse_map.xx * x), fixed(inverse_map.yx * x)});
  for (int y = region.y0; y < region.y1; ++y) {
    const std::int64_t row_x = fixed(inverse_map.xy * y + inverse_map.x0) + 16;
    const std::int64_t row_y = fixed(inverse_map.yy * y + inverse_map.y0) + 16;
    for (const auto& column : columns) {
      const std::int64_t x = (row_x + column[0]) >> 5, y32 = (row_y + column[1]) >> 5;
      sample(SamplePosition{x >> 5, y32 >> 5, static_cast<float>(x & 31) / 32,
                            static_cast<float>(y32 & 31) / 32});
    }
  }
}

/// The bilinear sample of a width x height raster; get(x, y) is only asked for pixels inside, `border` is
/// what lies outside.
template <class Get> float bilinear(const SamplePosition& at, int width, int height, float border, Get get) {
  const auto pixel = [&](std::int64_t x, std::int64_t y) {
    const bool inside = x >= 0 && y >= 0 && x < width && y < height;
    return inside ? get(static_cast<int>(x), static_cast<int>(y)) : border;
  };
  const float top = pixel(at.x, at.y) * (1 - at.right) + pixel(at.x + 1, at.y) * at.right;
  const float bottom = pixel(at.x, at.y + 1) * (1 - at.right) + pixel(at.x + 1, at.y + 1) * at.right;
  return top * (1 - at.below) + bottom * at.below;
}

/// The part `region` of the image moved by a map whose inverse is given: its colors, rounded to 8 bits, with
/// `border` outside. `colors` is 1 or 3; a gray image gives three equal colors, a color image cannot give
/// one.
inline std::vector<std::uint8_t> warp(const io::Image& image, const Affine& inverse_map,
                                      const Rectangle& region, int colors,
                                      const std::array<std::uint8_t, 3>& border) {
  std::vector<std::uint8_t> out;
  out.reserve(region.area() * static_cast<std::size_t>(colors));
  for_each_sample(inverse_map, region, [&](const SamplePosition& at) {
    for (int color = 0; color < colors; ++color) {
      const int channel = image.colors() == 1 ? 0 : color;
      const auto get = [&](int x, int y) {
        return static_cast<float>(image.row(y)[x * image.channels + channel]);
      };
      const float outside = static_cast<float>(border[static_cast<std::size_t>(color)]);
      out.push_back(io::round_to_byte(bilinear(at, image.width, image.height, outside, get)));
    }
  });
  return out;
}

/// The aligned face: an RGB image of size x size that `to_crop` (see align) takes from the photo; outside the
/// photo it is (132, 133, 135).
inline io::Image crop_face(const io::Image& photo, const Affine& to_crop, int size = template_size) {
  io::Image crop(size, size, 3);
  crop.samples = warp(photo, inverse(to_crop), {0, 0, size, size}, 3, {132, 133, 135});
  return crop;
}

}  // namespace v0
}  // namespace rfpp::photo

#endif
