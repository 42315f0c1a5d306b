#ifndef RFPP_IO_IMAGE_ENCODE_HPP
#define RFPP_IO_IMAGE_ENCODE_HPP

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "rfpp/core/error.hpp"
#include "rfpp/io/icc.hpp"
#include "rfpp/io/image.hpp"
#include "rfpp/io/image_header.hpp"
#include "rfpp/io/image_write.hpp"
#include "rfpp/io/jpeg_gray.hpp"
#include "rfpp/io/stb_write.hpp"

namespace rfpp::io {
inline namespace RFPP_ABI {

/// A whole PNG chunk.
inline Bytes png_chunk(std::string_view type, std::span<const std::uint8_t> data) {
  Bytes chunk;
  append_number(chunk, static_cast<std::uint32_t>(data.size()), 4);
  append_text(chunk, type);
  chunk.insert(chunk.end(), data.begin(), data.end());
  append_number(chunk, png_checksum(std::as_bytes(std::span(chunk)).subspan(4)), 4);
  return chunk;
}

/// The samples as a PNG of 16 bits, which stb does not write, with its filters and compression.
inline Bytes encode_png16(const Image& image) {
  const std::size_t pixel = 2 * static_cast<std::size_t>(image.channels), row = 2 * image.row_size();
  Bytes raw(row * static_cast<std::size_t>(image.height));
  for (std::size_t i = 0; i < image.samples.size(); ++i) {
    const std::uint16_t value = image.sample16(i);
    raw[2 * i] = static_cast<std::uint8_t>(value >> 8U);
    raw[2 * i + 1] = static_cast<std::uint8_t>(value);
  }
  Bytes filtered;
  filtered.reserve(raw.size() + static_cast<std::size_t>(image.height));
  std::vector<signed char> line(row), best(row);
  for (int y = 0; y < image.height; ++y) {
    int best_filter = 0;
    std::int64_t smallest = -1;
    for (int filter = 0; filter < 5; ++filter) {
      stb::stbiw__encode_png_line(raw.data(), static_cast<int>(row), image.width, image.height, y,
                                  static_cast<int>(pixel), filter, line.data());
      std::int64_t sum = 0;
      for (const signed char value : line) sum += std::abs(value);
      if (smallest >= 0 && sum >= smallest) continue;
      smallest = sum;
      best_filter = filter;
      best.swap(line);
    }
    filtered.push_back(static_cast<std::uint8_t>(best_filter));
    filtered.insert(filtered.end(), best.begin(), best.end());
  }
  int size = 0;
  unsigned char* stream =
      stb::stbi_zlib_compress(filtered.data(), static_cast<int>(filtered.size()), &size, 8);
  if (stream == nullptr) throw Error("not enough memory for a PNG of this image");
  Bytes header;
  append_number(header, static_cast<std::uint32_t>(image.width), 4);
  append_number(header, static_cast<std::uint32_t>(image.height), 4);
  const int color_type = (image.colors() == 3 ? 2 : 0) + (image.channels % 2 == 0 ? 4 : 0);
  for (const int value : {16, color_type, 0, 0, 0}) header.push_back(static_cast<std::uint8_t>(value));
  Bytes file;
  append_text(file, "\x89PNG\r\n\x1A\n");
  for (const Bytes& chunk :
       {png_chunk("IHDR", header), png_chunk("IDAT", {stream, static_cast<std::size_t>(size)}),
        png_chunk("IEND", {})})
    file.insert(file.end(), chunk.begin(), chunk.end());
  std::free(stream);
  return file;
}

/// What an image's metadata are in a PNG: whole chunks.
inline Bytes png_metadata(const Image& image) {
  Bytes chunks;
  const auto add = [&](const Bytes& more) { chunks.insert(chunks.end(), more.begin(), more.end()); };
  if (icc_fits(image.icc_profile, image.colors())) add(icc_to_png(image.icc_profile));
  add(image.png_chunks);
  const std::string_view kept(reinterpret_cast<const char*>(image.png_chunks.data()),
                              image.png_chunks.size());
  if (image.pixels_per_meter_x > 0 && image.pixels_per_meter_y > 0 && kept.find("pHYs") == kept.npos) {
    Bytes data;
    append_number(data, static_cast<std::uint32_t>(std::lround(image.pixels_per_meter_x)), 4);
    append_number(data, static_cast<std::uint32_t>(std::lround(image.pixels_per_meter_y)), 4);
    data.push_back(1);
    add(png_chunk("pHYs", data));
  }
  if (!image.exif.empty()) add(png_chunk("eXIf", image.exif));
  if (!image.xmp.empty()) {
    Bytes data;
    append_text(data, png_xmp_keyword);
    data.insert(data.end(), image.xmp.begin(), image.xmp.end());
    add(png_chunk("iTXt", data));
  }
  return chunks;
}

RFPP_COMPILED_ONCE Bytes encode_png(const Image& image) {
  Bytes file;
  if (!image.samples16.empty()) {
    file = encode_png16(image);
  } else if (stb::stbi_write_png_to_func(append_encoded, &file, image.width, image.height, image.channels,
                                         image.samples.data(), 0) == 0) {
    throw Error("not enough memory for a PNG of this image");
  }
  const Bytes chunks = png_metadata(image);
  file.insert(file.begin() + 33, chunks.begin(), chunks.end());  // after the signature and IHDR
  return file;
}

/// What an image's metadata are in a JPEG: segments, without those that are larger than segments can be.
inline Bytes jpeg_metadata(const Image& image) {
  Bytes segments;
  const auto add = [&](std::string_view signature, const Bytes& data) {
    const std::size_t size = 2 + signature.size() + data.size();
    if (data.empty() || size > 65535) return;
    append_number(segments, 0xFFE1, 2);
    append_number(segments, static_cast<std::uint32_t>(size), 2);
    append_text(segments, signature);
    segments.insert(segments.end(), data.begin(), data.end());
  };
  add(exif_jpeg_signature, image.exif);
  add(xmp_jpeg_signature, image.xmp);
  if (icc_fits(image.icc_profile, image.colors())) {
    const Bytes profile = icc_to_jpeg(image.icc_profile);
    segments.insert(segments.end(), profile.begin(), profile.end());
  }
  return segments;
}

RFPP_COMPILED_ONCE Bytes encode_jpeg(const Image& image, int quality) {
  Bytes file;
  if (image.colors() == 1) {
    file = encode_gray_jpeg(image, quality);
  } else {
    stb::stbi_write_jpg_to_func(append_encoded, &file, image.width, image.height, image.channels,
                                image.samples.data(), quality);
  }
  const auto dpi_x = std::lround(image.pixels_per_meter_x * 0.0254),
             dpi_y = std::lround(image.pixels_per_meter_y * 0.0254);
  if (dpi_x > 0 && dpi_y > 0 && dpi_x <= 65535 && dpi_y <= 65535) {
    Bytes density{1};
    append_number(density, static_cast<std::uint32_t>(dpi_x), 2);
    append_number(density, static_cast<std::uint32_t>(dpi_y), 2);
    std::copy(density.begin(), density.end(), file.begin() + 13);
  }
  const Bytes segments = jpeg_metadata(image);
  file.insert(file.begin() + 20, segments.begin(), segments.end());  // after the JFIF header
  return file;
}

}  // namespace RFPP_ABI
}  // namespace rfpp::io

#endif
