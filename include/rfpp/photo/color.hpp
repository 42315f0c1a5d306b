#ifndef RFPP_PHOTO_COLOR_HPP
#define RFPP_PHOTO_COLOR_HPP

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "rfpp/core/error.hpp"
#include "rfpp/io/image.hpp"
#include "rfpp/photo/mask.hpp"

namespace rfpp::photo {
inline namespace v0 {

/// Whose colors a restored face has: the input's, below its detail, or those that the network gave it.
enum class Color { input, restored };

/// The luma of RGB (ITU-R BT.601).
inline std::uint8_t luma(const std::uint8_t* rgb) {
  return io::round_to_byte(0.299F * static_cast<float>(rgb[0]) + 0.587F * static_cast<float>(rgb[1]) +
                           0.114F * static_cast<float>(rgb[2]));
}

/// The luma of an RGB image, with or without alpha, as a gray one without.
inline io::Image to_gray(const io::Image& image) {
  io::Image gray(image.width, image.height, 1);
  for (std::size_t i = 0; i < gray.samples.size(); ++i)
    gray.samples[i] = luma(image.samples.data() + i * static_cast<std::size_t>(image.channels));
  return gray;
}

/// Whether the image has one color channel, or three that are equal everywhere.
inline bool is_gray(const io::Image& image) {
  if (image.colors() == 1) return true;
  const auto channels = static_cast<std::size_t>(image.channels);
  const auto all_equal = [&](const auto& samples) {
    for (std::size_t i = 0; i < samples.size(); i += channels)
      if (samples[i] != samples[i + 1] || samples[i] != samples[i + 2]) return false;
    return true;
  };
  return image.samples16.empty() ? all_equal(image.samples) : all_equal(image.samples16);
}

/// Sets the three colors of every pixel of an RGB image to its luma.
inline void remove_color(io::Image& image) {
  const auto channels = static_cast<std::size_t>(image.channels);
  for (std::size_t i = 0; i < image.samples.size(); i += channels) {
    std::uint8_t* pixel = image.samples.data() + i;
    std::fill_n(pixel, 3, luma(pixel));
  }
}

/// The sigma of the split in keep_colors, in pixels of the 512-pixel template: coarse enough for eyes and
/// mouth to be the restored ones, fine enough for hair, skin and background to have the input's colors each.
inline constexpr double color_sigma = 16;

/// The restored face with the low frequencies, color and brightness both, of the input: restored +
/// blur(input - restored), by a Gaussian of `sigma` pixels. `restored` is RGB; the input has the same size
/// and may be gray. Throws Error when the sizes differ.
inline io::Image keep_colors(io::Image restored, const io::Image& input, double sigma) {
  if (restored.channels != 3 || restored.width != input.width || restored.height != input.height) {
    throw Error("keep_colors: expected an RGB image of " + std::to_string(input.width) + "x" +
                std::to_string(input.height) + ", found " + std::to_string(restored.width) + "x" +
                std::to_string(restored.height) + " with " + std::to_string(restored.channels) + " channels");
  }
  const auto kernel = gaussian_kernel(static_cast<int>(std::ceil(3 * sigma)), sigma);
  const auto channels = static_cast<std::size_t>(input.channels);
  const std::size_t pixels = restored.samples.size() / 3;
  for (std::size_t color = 0; color < 3; ++color) {
    const std::size_t channel = input.colors() == 1 ? 0 : color;
    Plane difference{input.width, input.height, std::vector<float>(pixels)};
    for (std::size_t i = 0; i < pixels; ++i) {
      difference.values[i] = static_cast<float>(input.samples[i * channels + channel]) -
                             static_cast<float>(restored.samples[i * 3 + color]);
    }
    difference = blur(std::move(difference), kernel);
    for (std::size_t i = 0; i < pixels; ++i) {
      std::uint8_t& sample = restored.samples[i * 3 + color];
      sample = io::round_to_byte(static_cast<float>(sample) + difference.values[i]);
    }
  }
  return restored;
}

}  // namespace v0
}  // namespace rfpp::photo

#endif
