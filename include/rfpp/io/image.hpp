#ifndef RFPP_IO_IMAGE_HPP
#define RFPP_IO_IMAGE_HPP

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "rfpp/core/error.hpp"

namespace rfpp::io {
inline namespace v0 {

using Bytes = std::vector<std::uint8_t>;

/// No image, read or made, has a longer side.
inline constexpr int max_side = 32768;
/// No image, read or made, has more pixels: those of a 200-megapixel photo, 600 MB as RGB. To read one takes
/// 1.4 GB.
inline constexpr std::int64_t max_pixels = 200'000'000;

/// Throws Error unless both sides are positive and within max_side and max_pixels.
inline void check_size(std::int64_t width, std::int64_t height) {
  if (width < 1 || height < 1 || width > max_side || height > max_side || width * height > max_pixels) {
    throw Error("image of " + std::to_string(width) + "x" + std::to_string(height) +
                " pixels, expected sides of 1 to " + std::to_string(max_side) + " and at most " +
                std::to_string(max_pixels) + " pixels");
  }
}

/// What an image file says beside its pixels. It is written again where the format can hold it.
struct ImageMetadata {
  std::vector<std::uint8_t> icc_profile;  ///< the color profile, empty for none
  /// The EXIF block from its TIFF header on, for an upright picture: the orientation is applied when a file
  /// is read and set to 1 here, and the thumbnail, which shows the picture as it was, is taken out.
  std::vector<std::uint8_t> exif;
  std::vector<std::uint8_t> xmp;         ///< the XMP packet, its orientation as that of exif
  std::vector<std::uint8_t> png_chunks;  ///< a PNG's gAMA, pHYs and text chunks, whole and in order
  /// The resolution of a print; 0 where the file says none.
  double pixels_per_meter_x = 0, pixels_per_meter_y = 0;
};

/// An image, interleaved, row after row from the top left. Colors are as in the file (usually sRGB); alpha
/// is not premultiplied.
struct Image : ImageMetadata {
  int width = 0, height = 0;
  int channels = 0;                   ///< 1 gray, 2 gray and alpha, 3 RGB, 4 RGB and alpha
  std::vector<std::uint8_t> samples;  ///< height x width x channels
  /// The same in 16 bits, read from a file that has them; else empty. See sample16.
  std::vector<std::uint16_t> samples16;
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
  /// A sample in 16 bits: the file's own, unless the one in 8 bits was changed since.
  std::uint16_t sample16(std::size_t i) const {
    const bool own = i < samples16.size() && (samples16[i] * 255U + 32767U) / 65535U == samples[i];
    return own ? samples16[i] : static_cast<std::uint16_t>(samples[i] * 257U);
  }
  std::uint8_t* row(int y) { return samples.data() + static_cast<std::size_t>(y) * row_size(); }
  const std::uint8_t* row(int y) const { return samples.data() + static_cast<std::size_t>(y) * row_size(); }
};

/// Gives an image samples of 16 bits, and with them those of 8 bits, rounded.
inline void set_samples16(Image& image, std::vector<std::uint16_t> samples) {
  image.samples.resize(samples.size());
  std::ranges::transform(samples, image.samples.begin(), [](std::uint16_t value) {
    return static_cast<std::uint8_t>((value * 255U + 32767U) / 65535U);
  });
  image.samples16 = std::move(samples);
}

/// The nearest of 0 to 255; NaN gives 0.
inline std::uint8_t round_to_byte(float value) {
  return value > 0.0F ? value < 255.0F ? static_cast<std::uint8_t>(value + 0.5F) : std::uint8_t{255}
                      : std::uint8_t{0};
}

/// Writes the colors as RGB in [-1, 1], shape (height, width, 3), gray repeated, alpha left out. Throws
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

}  // namespace v0
}  // namespace rfpp::io

#endif
