#ifndef RFPP_DETECT_RESIZE_HPP
#define RFPP_DETECT_RESIZE_HPP

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "rfpp/core/tensor.hpp"
#include "rfpp/photo/resize.hpp"

namespace rfpp::detect {
inline namespace RFPP_ABI {

/// Bilinear weights with half-pixel centers; where the axis shrinks, as wide in proportion.
inline photo::ResizeTaps triangle_taps(int in, int out) {
  const double ratio = static_cast<double>(in) / out, stretch = std::max(1.0, ratio);
  photo::ResizeTaps taps{2 * static_cast<int>(std::ceil(stretch)), {}, {}};
  for (int i = 0; i < out; ++i) {
    const double center = (i + 0.5) * ratio - 0.5;
    const int first = static_cast<int>(std::floor(center)) - taps.count / 2 + 1;
    const auto weight = [&](int k) { return std::max(0.0, 1 - std::abs(first + k - center) / stretch); };
    double sum = 0;
    for (int k = 0; k < taps.count; ++k) sum += weight(k);
    taps.first.push_back(first);
    for (int k = 0; k < taps.count; ++k) taps.weights.push_back(static_cast<float>(weight(k) / sum));
  }
  return taps;
}

/// A part of an image, inside it.
struct Part {
  int x, y, width, height;
};

/// A row of a part of an image, resized.
inline void resize_part_row(const io::Image& image, const Part& part, int row, const photo::ResizeTaps& taps,
                            std::span<float> out) {
  const auto channels = static_cast<std::size_t>(image.channels);
  const std::uint8_t* in = image.row(part.y + row) + static_cast<std::size_t>(part.x) * channels;
  if (out.size() == static_cast<std::size_t>(part.width) * channels)
    std::copy_n(in, out.size(), out.data());
  else
    photo::resize_row(in, part.width, image.channels, taps, out.data());
}

/// Pixels of an image as RGB: gray is repeated, alpha left out. Returns where the next row goes.
template <class S> float* copy_rgb(const S* row, int pixels, std::size_t channels, float* out) {
  for (int x = 0; x < pixels; ++x, row += channels)
    for (std::size_t c = 0; c < 3; ++c) *out++ = static_cast<float>(row[channels < 3 ? 0 : c]);
  return out;
}

/// A part of an image as RGB in [0, 255], resized bilinearly to {1,height,width,3}: gray is repeated, alpha
/// left out.
inline Tensor<float> resized_rgb(const io::Image& image, const Part& part, int width, int height) {
  const auto channels = static_cast<std::size_t>(image.channels),
             row_size = static_cast<std::size_t>(width) * channels;
  auto out = Tensor<float>::uninitialized({1, height, width, 3});
  float* pixel = out.data();
  if (width == part.width && height == part.height) {
    for (int y = 0; y < height; ++y)
      pixel = copy_rgb(image.row(part.y + y) + static_cast<std::size_t>(part.x) * channels, width, channels,
                       pixel);
    return out;
  }
  const auto rows = triangle_taps(part.height, height), columns = triangle_taps(part.width, width);
  // The last rows made, by their number.
  const auto slots = static_cast<std::size_t>(rows.count);
  std::vector<float> made(slots * row_size), sum(row_size);
  std::vector<int> number(slots, -1);
  for (int y = 0; y < height; ++y) {
    std::fill(sum.begin(), sum.end(), 0.0F);
    for (int k = 0; k < rows.count; ++k) {
      const float weight = rows.weights[static_cast<std::size_t>(y) * slots + static_cast<std::size_t>(k)];
      if (weight == 0) continue;
      const int row = std::clamp(rows.first[static_cast<std::size_t>(y)] + k, 0, part.height - 1);
      const auto slot = static_cast<std::size_t>(row) % slots;
      float* from = made.data() + slot * row_size;
      if (number[slot] != row) {
        resize_part_row(image, part, row, columns, {from, row_size});
        number[slot] = row;
      }
      for (std::size_t i = 0; i < row_size; ++i) sum[i] += weight * from[i];
    }
    pixel = copy_rgb(sum.data(), width, channels, pixel);
  }
  return out;
}

}  // namespace RFPP_ABI
}  // namespace rfpp::detect

#endif
