#ifndef RFPP_IO_IMAGE_READ_HPP
#define RFPP_IO_IMAGE_READ_HPP

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <utility>

#include "rfpp/core/error.hpp"
#include "rfpp/io/image.hpp"
#include "rfpp/io/image_header.hpp"
#include "rfpp/io/mapped_file.hpp"
#include "rfpp/io/pnm.hpp"
#include "rfpp/io/stb_read.hpp"

namespace rfpp::inline v0::io {

/// The pixels of a PNG, JPEG or BMP whose header was read and found possible.
inline Image decode_with_stb(std::span<const std::byte> bytes, const ImageHeader& header) {
  const auto* data = reinterpret_cast<const stb::stbi_uc*>(bytes.data());
  const int size = static_cast<int>(bytes.size());
  // The largest block: 8 bytes a pixel, doubled when a stream is longer than expected; JPEG pads to whole
  // blocks.
  stb::allocation_limit = (std::size_t{1} << 16) + 2 * bytes.size() +
                          16 * static_cast<std::size_t>((header.width + 64) * (header.height + 64));
  int width = 0, height = 0, channels = 0;
  using Buffer = std::unique_ptr<void, decltype(&std::free)>;
  const Buffer decoded(
      header.sixteen_bit
          ? static_cast<void*>(stb::stbi_load_16_from_memory(data, size, &width, &height, &channels, 0))
          : stb::stbi_load_from_memory(data, size, &width, &height, &channels, 0),
      &std::free);
  if (decoded == nullptr) throw Error("corrupt, truncated or unsupported image data");
  Image image(width, height, channels);
  if (header.sixteen_bit) {
    const auto* samples = static_cast<const std::uint16_t*>(decoded.get());
    std::transform(samples, samples + image.samples.size(), image.samples.begin(), [](std::uint16_t value) {
      return static_cast<std::uint8_t>((value * 255U + 32767U) / 65535U);
    });
  } else {
    std::copy_n(static_cast<const std::uint8_t*>(decoded.get()), image.samples.size(), image.samples.begin());
  }
  return image;
}

/// The image in the bytes of a PNG, JPEG, BMP, or binary PGM or PPM file, turned as its EXIF orientation
/// says. 16-bit samples are rounded to 8. Throws Error for anything else, for corrupt and truncated files,
/// for sizes beyond check_size, and for sizes that so few bytes cannot hold: memory stays in proportion to
/// the file.
inline Image decode_image(std::span<const std::byte> bytes) {
  if (bytes.size() > std::size_t{1} << 30) {
    throw Error("expected at most 1 GiB, found " + std::to_string(bytes.size()) + " bytes");
  }
  if (starts_with(bytes, "P5") || starts_with(bytes, "P6")) return decode_pnm(bytes);
  ImageHeader header;
  if (starts_with(bytes, "\x89PNG\r\n\x1A\n")) {
    header = png_header(bytes);
  } else if (starts_with(bytes, "\xFF\xD8\xFF")) {
    header = jpeg_header(bytes);
  } else if (starts_with(bytes, "BM")) {
    header = bmp_header(bytes);
  } else {
    throw Error(bytes.empty() ? "expected an image, found an empty file"
                              : "expected a PNG, JPEG, BMP or binary PGM or PPM image, found something else");
  }
  check_size(header.width, header.height);
  if (header.width * header.height > header.pixels_per_byte * static_cast<std::int64_t>(bytes.size())) {
    throw Error("corrupt or truncated: " + std::to_string(bytes.size()) + " bytes cannot hold " +
                std::to_string(header.width) + "x" + std::to_string(header.height) + " pixels");
  }
  Image image = decode_with_stb(bytes, header);
  if (icc_fits(header.icc_profile, image.colors())) image.icc_profile = std::move(header.icc_profile);
  return apply_orientation(std::move(image), header.orientation);
}

/// The image in a file; see decode_image. Errors name the file.
inline Image read_image(const std::filesystem::path& path) {
  const MappedFile file(path);
  try {
    return decode_image(file.bytes());
  } catch (const Error& error) {
    throw Error(path.string() + ": " + error.what());
  }
}

}  // namespace rfpp::inline v0::io

#endif
