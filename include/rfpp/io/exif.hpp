#ifndef RFPP_IO_EXIF_HPP
#define RFPP_IO_EXIF_HPP

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>

#include "rfpp/core/error.hpp"
#include "rfpp/io/image.hpp"

namespace rfpp::inline v0::io {

enum class Endian { big, little };

/// The unsigned number in `size` bytes at `offset`. Throws Error when the data ends before.
inline std::uint32_t load_number(std::span<const std::byte> bytes, std::size_t offset, std::size_t size,
                                 Endian endian = Endian::big) {
  if (offset > bytes.size() || size > bytes.size() - offset) {
    throw Error("truncated: " + std::to_string(size) + " bytes expected at byte " + std::to_string(offset) +
                ", the data ends at byte " + std::to_string(bytes.size()));
  }
  std::uint32_t number = 0;
  for (std::size_t i = 0; i < size; ++i) {
    const std::size_t position = offset + (endian == Endian::big ? i : size - 1 - i);
    number = number << 8 | std::to_integer<std::uint32_t>(bytes[position]);
  }
  return number;
}

/// The orientation, 1 to 8, in an EXIF block that starts at its TIFF header; 1 when there is none or the
/// block is broken, since that leaves the picture readable. Source: EXIF 2.3, tag 0x0112.
inline int exif_orientation(std::span<const std::byte> tiff) try {
  const Endian endian = load_number(tiff, 0, 2) == 0x4949 ? Endian::little : Endian::big;
  const std::size_t directory = load_number(tiff, 4, 4, endian);
  const std::size_t entries = load_number(tiff, directory, 2, endian);
  for (std::size_t entry = directory + 2; entry < directory + 2 + entries * 12; entry += 12) {
    if (load_number(tiff, entry, 2, endian) == 0x0112) {
      const std::uint32_t orientation = load_number(tiff, entry + 8, 2, endian);
      return orientation >= 1 && orientation <= 8 ? static_cast<int>(orientation) : 1;
    }
  }
  return 1;
} catch (const Error&) {
  return 1;
}

/// The image as it is to be seen: turned and mirrored as an EXIF orientation of 1 to 8 says.
inline Image apply_orientation(Image image, int orientation) {
  if (orientation == 1) return image;
  const bool swap_axes = orientation >= 5;
  const bool flip_x = orientation == 2 || orientation == 3 || orientation == 7 || orientation == 8;
  const bool flip_y = orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7;
  Image turned(swap_axes ? image.height : image.width, swap_axes ? image.width : image.height,
               image.channels);
  turned.icc_profile = std::move(image.icc_profile);
  turned.png_chunks = std::move(image.png_chunks);
  turned.warnings = std::move(image.warnings);
  for (int y = 0; y < turned.height; ++y) {
    std::uint8_t* out = turned.row(y);
    for (int x = 0; x < turned.width; ++x) {
      const int column = swap_axes ? y : x, line = swap_axes ? x : y;
      const std::uint8_t* in = image.row(flip_y ? image.height - 1 - line : line) +
                               (flip_x ? image.width - 1 - column : column) * image.channels;
      for (int channel = 0; channel < image.channels; ++channel) *out++ = in[channel];
    }
  }
  return turned;
}

}  // namespace rfpp::inline v0::io

#endif
