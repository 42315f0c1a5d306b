#ifndef RFPP_IO_EXIF_HPP
#define RFPP_IO_EXIF_HPP

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "rfpp/core/error.hpp"
#include "rfpp/io/image.hpp"

namespace rfpp::io {
inline namespace RFPP_ABI {

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

namespace detail {

/// The byte order of an EXIF block, which starts at its TIFF header.
inline Endian exif_endian(std::span<const std::byte> tiff) {
  return load_number(tiff, 0, 2) == 0x4949 ? Endian::little : Endian::big;
}

/// Calls f(tag, where its entry is) for each entry of a directory, and returns where its link to the next
/// is. Throws Error where the block ends before. Source: TIFF 6.0, section 2.
inline std::size_t for_each_tag(std::span<const std::byte> tiff, std::size_t directory, auto&& f) {
  const Endian endian = exif_endian(tiff);
  const std::size_t end = directory + 2 + load_number(tiff, directory, 2, endian) * std::size_t{12};
  for (std::size_t entry = directory + 2; entry < end; entry += 12)
    f(load_number(tiff, entry, 2, endian), entry);
  return end;
}

inline void store_number(std::span<std::byte> bytes, std::size_t offset, std::size_t size,
                         std::uint32_t number, Endian endian) {
  for (std::size_t i = 0; i < size; ++i) {
    const std::size_t shift = 8 * (endian == Endian::big ? size - 1 - i : i);
    bytes[offset + i] = static_cast<std::byte>(number >> shift);
  }
}

}  // namespace detail

/// The orientation, 1 to 8, in an EXIF block that starts at its TIFF header; 1 when there is none or the
/// block is broken, since that leaves the picture readable. Source: EXIF 2.3, tag 0x0112.
inline int exif_orientation(std::span<const std::byte> tiff) {
  std::uint32_t orientation = 1;
  try {
    const Endian endian = detail::exif_endian(tiff);
    bool found = false;
    detail::for_each_tag(tiff, load_number(tiff, 4, 4, endian), [&](std::uint32_t tag, std::size_t entry) {
      if (tag != 0x0112 || found) return;
      orientation = load_number(tiff, entry + 8, 2, endian);
      found = true;
    });
  } catch (const Error&) {}
  return orientation >= 1 && orientation <= 8 ? static_cast<int>(orientation) : 1;
}

/// Makes an EXIF block that of an upright picture of that size: sets the orientation and, where they are
/// there, the pixel dimensions, and takes the thumbnail out. A broken block stays as it is. Source: EXIF 2.3,
/// tags 0x0112, 0xA002 and 0xA003.
inline void make_exif_upright(std::span<std::byte> tiff, int width, int height) try {
  using detail::store_number;
  const Endian endian = detail::exif_endian(tiff);
  std::size_t more = 0;
  const std::size_t link =
      detail::for_each_tag(tiff, load_number(tiff, 4, 4, endian), [&](std::uint32_t tag, std::size_t entry) {
        const std::uint32_t value = load_number(tiff, entry + 8, 4, endian);
        if (tag == 0x0112) store_number(tiff, entry + 8, 2, 1, endian);
        if (tag == 0x8769) more = value;
      });
  if (link + 4 <= tiff.size()) store_number(tiff, link, 4, 0, endian);
  if (more == 0) return;
  detail::for_each_tag(tiff, more, [&](std::uint32_t tag, std::size_t entry) {
    if (tag != 0xA002 && tag != 0xA003) return;
    const std::size_t size = load_number(tiff, entry + 2, 2, endian) == 3 ? 2 : 4;
    load_number(tiff, entry + 8, 4);  // throws where the block ends
    store_number(tiff, entry + 8, size, static_cast<std::uint32_t>(tag == 0xA002 ? width : height), endian);
  });
} catch (const Error&) {}

/// Sets the orientation in an XMP packet, tiff:Orientation, to 1.
inline void make_xmp_upright(std::span<std::uint8_t> packet) {
  constexpr std::string_view name = "tiff:Orientation";
  const std::string_view text(reinterpret_cast<const char*>(packet.data()), packet.size());
  for (std::size_t at = text.find(name); at != text.npos; at = text.find(name, at + 1)) {
    const std::size_t value = text.find_first_not_of("=\"'> \t\r\n", at + name.size());
    if (value != text.npos && text[value] >= '2' && text[value] <= '8') packet[value] = '1';
  }
}

/// The image as it is to be seen: turned and mirrored as an EXIF orientation of 1 to 8 says.
inline Image apply_orientation(Image image, int orientation) {
  if (orientation == 1) return image;
  const bool swap_axes = orientation >= 5;
  const bool flip_x = orientation == 2 || orientation == 3 || orientation == 7 || orientation == 8;
  const bool flip_y = orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7;
  Image turned(swap_axes ? image.height : image.width, swap_axes ? image.width : image.height,
               image.channels);
  static_cast<ImageMetadata&>(turned) = std::move(static_cast<ImageMetadata&>(image));
  if (swap_axes) std::swap(turned.pixels_per_meter_x, turned.pixels_per_meter_y);
  turned.warnings = std::move(image.warnings);
  const auto turn = [&](const auto& from, auto& to) {
    auto out = to.begin();
    for (int y = 0; y < turned.height; ++y) {
      for (int x = 0; x < turned.width; ++x, out += image.channels) {
        const int column = swap_axes ? y : x, line = swap_axes ? x : y;
        const auto row = static_cast<std::size_t>(flip_y ? image.height - 1 - line : line) * image.row_size();
        const int in = (flip_x ? image.width - 1 - column : column) * image.channels;
        std::copy_n(from.begin() + static_cast<std::ptrdiff_t>(row) + in, image.channels, out);
      }
    }
  };
  turn(image.samples, turned.samples);
  turned.samples16.resize(image.samples16.size());
  if (!image.samples16.empty()) turn(image.samples16, turned.samples16);
  return turned;
}

}  // namespace RFPP_ABI
}  // namespace rfpp::io

#endif
