#ifndef RFPP_IO_IMAGE_HPP
#define RFPP_IO_IMAGE_HPP

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "rfpp/core/error.hpp"

namespace rfpp::inline v0::io {

/// No image, read or made, has a longer side.
inline constexpr int max_side = 32768;
/// No image, read or made, has more pixels: those of a 200-megapixel photo, 600 MB as RGB, of which reading
/// holds two copies.
inline constexpr std::int64_t max_pixels = 200'000'000;

/// Throws Error unless both sides are positive and within max_side and max_pixels.
inline void check_size(std::int64_t width, std::int64_t height) {
  if (width < 1 || height < 1 || width > max_side || height > max_side || width * height > max_pixels) {
    throw Error("image of " + std::to_string(width) + "x" + std::to_string(height) +
                " pixels, expected sides of 1 to " + std::to_string(max_side) + " and at most " +
                std::to_string(max_pixels) + " pixels");
  }
}

/// An image with 8-bit samples, interleaved, row after row from the top left. What the library writes has 8
/// bits, so 16-bit files are rounded to 8 when read. Colours are as in the file (usually sRGB); alpha is not
/// premultiplied.
struct Image {
  int width = 0, height = 0;
  int channels = 0;                       ///< 1 gray, 2 gray and alpha, 3 RGB, 4 RGB and alpha
  std::vector<std::uint8_t> samples;      ///< height x width x channels
  std::vector<std::uint8_t> icc_profile;  ///< the file's colour profile, empty for none
  /// A PNG's gAMA, pHYs and text chunks, whole and in order; they are written to PNGs again.
  std::vector<std::uint8_t> png_chunks;
  /// What was wrong with the file that this was read from and how much of it is there; each one line.
  std::vector<std::string> warnings;

  Image() = default;
  /// All zero. Throws Error when the size is not a valid one (see check_size).
  Image(int image_width, int image_height, int image_channels)
      : width(image_width), height(image_height), channels(image_channels) {
    check_size(width, height);
    samples.resize(row_size() * static_cast<std::size_t>(height));
  }

  /// 1 or 3: the channels without alpha.
  int colors() const { return channels < 3 ? 1 : 3; }
  /// Samples in a row.
  std::size_t row_size() const {
    return static_cast<std::size_t>(width) * static_cast<std::size_t>(channels);
  }
  std::uint8_t* row(int y) { return samples.data() + static_cast<std::size_t>(y) * row_size(); }
  const std::uint8_t* row(int y) const { return samples.data() + static_cast<std::size_t>(y) * row_size(); }
};

/// The nearest of 0 to 255; NaN gives 0.
inline std::uint8_t round_to_byte(float value) {
  return value > 0.0F ? value < 255.0F ? static_cast<std::uint8_t>(value + 0.5F) : std::uint8_t{255}
                      : std::uint8_t{0};
}

/// Writes the colours as RGB in [-1, 1], shape (height, width, 3), gray repeated, alpha left out. Throws
/// Error unless `out` has that size.
inline void to_floats(const Image& image, std::span<float> out) {
  const std::size_t pixels = static_cast<std::size_t>(image.width) * static_cast<std::size_t>(image.height);
  if (out.size() != pixels * 3) {
    throw Error("to_floats: expected room for " + std::to_string(pixels * 3) + " samples, found " +
                std::to_string(out.size()));
  }
  const auto channels = static_cast<std::size_t>(image.channels);
  for (std::size_t pixel = 0; pixel < pixels; ++pixel) {
    for (std::size_t color = 0; color < 3; ++color) {
      const std::size_t channel = channels < 3 ? 0 : color;
      out[pixel * 3 + color] = static_cast<float>(image.samples[pixel * channels + channel]) / 127.5F - 1.0F;
    }
  }
}

/// The inverse of to_floats for an RGB image of that size: values outside [-1, 1] are clamped. Throws Error
/// unless `values` has height * width * 3 elements.
inline Image to_image(std::span<const float> values, int width, int height) {
  Image image(width, height, 3);
  if (values.size() != image.samples.size()) {
    throw Error("to_image: expected " + std::to_string(image.samples.size()) + " samples, found " +
                std::to_string(values.size()));
  }
  for (std::size_t i = 0; i < values.size(); ++i)
    image.samples[i] = round_to_byte((values[i] + 1.0F) * 127.5F);
  return image;
}

}  // namespace rfpp::inline v0::io

#endif
