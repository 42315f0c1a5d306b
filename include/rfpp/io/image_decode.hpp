#ifndef RFPP_IO_IMAGE_DECODE_HPP
#define RFPP_IO_IMAGE_DECODE_HPP

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "rfpp/core/error.hpp"
#include "rfpp/io/codec.hpp"
#include "rfpp/io/image.hpp"
#include "rfpp/io/image_header.hpp"
#include "rfpp/io/image_kind.hpp"
#include "rfpp/io/image_read.hpp"
#include "rfpp/io/jpeg_mend.hpp"
#include "rfpp/io/pnm.hpp"
#include "rfpp/io/stb_read.hpp"

namespace rfpp::io {
inline namespace RFPP_ABI {

/// Moves the first `kept` of every four samples together.
inline void pack_samples(std::uint8_t* samples, std::size_t pixels, std::size_t kept) {
  for (std::size_t i = 0; i < pixels; ++i) {
    std::uint32_t pixel = 0;
    std::memcpy(&pixel, samples + 4 * i, 4);
    std::memcpy(samples + kept * i, &pixel, 4);  // what is too much is the next pixel's
  }
}

/// The pixels of a PNG, JPEG or BMP whose header was read and found possible. stb_image makes `asked` channels
/// of them, or as many as there are where that is 0; the image has as many as there are.
inline Image decode_with_stb(std::span<const std::byte> bytes, const ImageHeader& header, int asked = 0) {
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
          : stb::stbi_load_from_memory(data, size, &width, &height, &channels, asked),
      &std::free);
  if (decoded == nullptr) throw Error("corrupt, truncated or unsupported image data");
  check_size(width, height);
  Image image;
  image.width = width;
  image.height = height;
  image.channels = channels;
  const std::size_t count = image.row_size() * static_cast<std::size_t>(height);
  if (header.sixteen_bit) {
    const auto* samples = static_cast<const std::uint16_t*>(decoded.get());
    set_samples16(image, {samples, samples + count});
  } else {
    auto* samples = static_cast<std::uint8_t*>(decoded.get());
    if (asked == 4)
      pack_samples(samples, count / static_cast<std::size_t>(channels), static_cast<std::size_t>(channels));
    image.samples.assign(samples, samples + count);
  }
  return image;
}

/// Gray where a JPEG's data ended.
inline void blank_missing_units(Image& image, const MendedJpeg& jpeg) {
  const int columns = (image.width + jpeg.unit_width - 1) / jpeg.unit_width;
  for (int y = static_cast<int>(jpeg.units_present / columns) * jpeg.unit_height; y < image.height; ++y) {
    const bool first = y / jpeg.unit_height == jpeg.units_present / columns;
    const int x = first ? static_cast<int>(jpeg.units_present % columns) * jpeg.unit_width : 0;
    std::fill(image.row(y) + x * image.channels, image.row(y) + image.row_size(), std::uint8_t{128});
  }
}

/// Whether a PNG's image data have the checksum behind them. Chunks that are right one by one may have been
/// repeated, which stb_image does not see. Source: RFC 1950.
inline bool png_data_is_whole(std::span<const std::byte> bytes) {
  Bytes stream;
  for (std::size_t at = 8; at + 12 <= bytes.size();) {
    const std::size_t length = load_number(bytes, at, 4);
    if (length > bytes.size() - at - 12) break;
    const auto data = as_bytes8(bytes.subspan(at + 8, length));
    if (as_text(bytes.subspan(at + 4, 4)) == "IDAT") stream.insert(stream.end(), data.begin(), data.end());
    at += 12 + length;
  }
  int size = 0;
  const std::unique_ptr<char, decltype(&std::free)> raw(
      stb::stbi_zlib_decode_malloc(reinterpret_cast<const char*>(stream.data()),
                                   static_cast<int>(stream.size()), &size),
      &std::free);
  if (raw == nullptr || stream.size() < 4) return false;
  std::uint32_t low = 1, high = 0;
  for (const char byte : std::span(raw.get(), static_cast<std::size_t>(size))) {
    low = (low + static_cast<unsigned char>(byte)) % 65521;
    high = (high + low) % 65521;
  }
  return load_number(std::as_bytes(std::span(stream)), stream.size() - 4, 4) == (high << 16U | low);
}

/// stb_image before 2.28 copies to a null pointer for an empty IDAT chunk: they are left out.
inline Image decode_png(std::span<const std::byte> bytes, const ImageHeader& header) {
  if (header.empty_chunks.empty()) return decode_with_stb(bytes, header);
  std::vector<std::byte> kept;
  std::size_t begin = 0;
  for (const std::size_t chunk : header.empty_chunks) {
    kept.insert(kept.end(), bytes.begin() + static_cast<std::ptrdiff_t>(begin),
                bytes.begin() + static_cast<std::ptrdiff_t>(chunk));
    begin = chunk + 12;
  }
  kept.insert(kept.end(), bytes.begin() + static_cast<std::ptrdiff_t>(begin), bytes.end());
  return decode_with_stb(kept, header);
}

inline Image decode_jpeg(std::span<const std::byte> bytes, const ImageHeader& header) {
  MendedJpeg jpeg = mend_jpeg(bytes);
  // stb_image has vector code for colors with a fourth channel alone, which gives the same values.
  const int asked = jpeg.components == 1 ? 0 : 4;
  Image image = decode_with_stb(std::as_bytes(std::span(jpeg.bytes)), header, asked);
  if (jpeg.units_present < jpeg.units && jpeg.single_scan) blank_missing_units(image, jpeg);
  image.warnings = std::move(jpeg.warnings);
  return image;
}

/// "PNG, JPEG, BMP, PBM, PGM, PPM or PAM", with what codecs were added for.
inline std::string readable_forms() {
  std::string forms = "PNG, JPEG, ";
  for (const ImageCodec& codec : image_codecs()) forms.append(codec.name).append(", ");
  return forms + "BMP, PBM, PGM, PPM or PAM";
}

RFPP_COMPILED_ONCE Image decode_image(std::span<const std::byte> bytes) {
  if (bytes.size() > std::size_t{1} << 30) {
    throw Error("expected at most 1 GiB, found " + std::to_string(bytes.size()) + " bytes");
  }
  const bool pnm = bytes.size() > 2 && bytes[0] == std::byte{'P'} && bytes[1] >= std::byte{'1'} &&
                   bytes[1] <= std::byte{'7'};
  if (pnm) return decode_pnm(bytes);
  ImageHeader header;
  const bool jpeg = starts_with(bytes, "\xFF\xD8\xFF");
  const bool png = starts_with(bytes, "\x89PNG\r\n\x1A\n");
  if (png) {
    header = png_header(bytes);
  } else if (jpeg) {
    header = jpeg_header(bytes);
  } else if (starts_with(bytes, "BM")) {
    header = bmp_header(bytes);
  } else if (const ImageCodec* codec = codec_for(bytes)) {
    return codec->decode(bytes);
  } else {
    throw Error(bytes.empty() ? "expected an image, found an empty file"
                              : "expected a " + readable_forms() + " image, found " + image_kind(bytes));
  }
  check_size(header.width, header.height);
  if (header.width * header.height > header.pixels_per_byte * static_cast<std::int64_t>(bytes.size())) {
    throw Error("corrupt or truncated: " + std::to_string(bytes.size()) + " bytes cannot hold " +
                std::to_string(header.width) + "x" + std::to_string(header.height) + " pixels");
  }
  Image image = jpeg  ? decode_jpeg(bytes, header)
                : png ? decode_png(bytes, header)
                      : decode_with_stb(bytes, header);
  if (header.repeats_data && header.warnings.empty() && !png_data_is_whole(bytes))
    header.warnings.emplace_back("damaged PNG: the checksum of its image data is wrong, pixels may be too");
  return finished(std::move(image), std::move(header));
}

}  // namespace RFPP_ABI
}  // namespace rfpp::io

#endif
