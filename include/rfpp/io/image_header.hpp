#ifndef RFPP_IO_IMAGE_HEADER_HPP
#define RFPP_IO_IMAGE_HEADER_HPP

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <map>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "rfpp/core/error.hpp"
#include "rfpp/io/byte_reader.hpp"
#include "rfpp/io/exif.hpp"
#include "rfpp/io/icc.hpp"
#include "rfpp/io/image.hpp"

namespace rfpp::io {
inline namespace RFPP_ABI {

/// What must be known of a PNG, JPEG or BMP file before its pixels are decoded.
struct ImageHeader {
  std::int64_t width = 0, height = 0;
  /// The most pixels that a byte of such a file can stand for: a larger image is a lie or a truncated file.
  std::int64_t pixels_per_byte = 0;
  bool sixteen_bit = false;
  int orientation = 1;
  ImageMetadata metadata;
  bool repeats_data = false;              ///< two IDAT chunks of a PNG are the same
  std::vector<std::size_t> empty_chunks;  ///< where empty IDAT chunks of a PNG lie
  std::vector<std::string> warnings;
};

inline bool starts_with(std::span<const std::byte> bytes, std::string_view prefix) {
  return bytes.size() >= prefix.size() &&
         std::equal(prefix.begin(), prefix.end(), reinterpret_cast<const char*>(bytes.data()));
}

/// A chunk's type for messages: whatever is no letter becomes a question mark.
inline std::string printable(std::string_view text) {
  std::string result(text);
  std::ranges::replace_if(
      result, [](char c) { return (c < 'A' || c > 'Z') && (c < 'a' || c > 'z'); }, '?');
  return result;
}

/// The checksum of a PNG chunk's type and data, eight bytes a step. Source: PNG specification, annex D.
inline std::uint32_t png_checksum(std::span<const std::byte> bytes) {
  static const auto tables = [] {
    std::array<std::array<std::uint32_t, 256>, 8> t{};
    for (std::uint32_t i = 0; i < 256; ++i) {
      t[0][i] = i;
      for (int bit = 0; bit < 8; ++bit)
        t[0][i] = (t[0][i] & 1U) != 0 ? 0xEDB88320U ^ t[0][i] >> 1 : t[0][i] >> 1;
    }
    for (std::size_t k = 1; k < 8; ++k)
      for (std::size_t i = 0; i < 256; ++i) t[k][i] = t[k - 1][i] >> 8 ^ t[0][t[k - 1][i] & 255U];
    return t;
  }();
  std::uint32_t crc = 0xFFFFFFFFU;
  for (; bytes.size() >= 8; bytes = bytes.subspan(8)) {
    std::uint64_t word = 0;
    std::memcpy(&word, bytes.data(), 8);
    word ^= crc;
    crc = 0;
    for (std::size_t k = 0; k < 8; ++k) crc ^= tables[7 - k][word >> (8 * k) & 255U];
  }
  for (const std::byte byte : bytes)
    crc = crc >> 8 ^ tables[0][(crc ^ std::to_integer<std::uint32_t>(byte)) & 255U];
  return ~crc;
}

inline std::span<const std::uint8_t> as_bytes8(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()};
}

/// Takes an EXIF block into a header, with the orientation that it says; one of another form is left out.
inline void read_exif(ImageHeader& header, std::span<const std::byte> tiff) {
  if (!starts_with(tiff, "II*") && !starts_with(tiff, "MM")) return;
  header.orientation = exif_orientation(tiff);
  const auto block = as_bytes8(tiff);
  header.metadata.exif.assign(block.begin(), block.end());
}

inline constexpr std::string_view png_xmp_keyword{"XML:com.adobe.xmp\0\0\0\0\0", 22};

/// Takes what a PNG's chunk says beside its pixels into the header. False for chunks that are to be kept as
/// they are.
inline bool read_png_metadata(ImageHeader& header, std::string_view type, std::span<const std::byte> data) {
  ImageMetadata& metadata = header.metadata;
  if (type == "iCCP") {
    metadata.icc_profile = icc_from_png(data);
  } else if (type == "eXIf") {
    read_exif(header, data);
  } else if (type == "iTXt" && starts_with(data, png_xmp_keyword)) {
    const auto packet = as_bytes8(data.subspan(png_xmp_keyword.size()));
    metadata.xmp.assign(packet.begin(), packet.end());
  } else {
    if (type == "pHYs" && data.size() == 9 && data[8] == std::byte{1}) {
      metadata.pixels_per_meter_x = load_number(data, 0, 4);
      metadata.pixels_per_meter_y = load_number(data, 4, 4);
    }
    return type != "gAMA" && type != "pHYs" && type != "tEXt" && type != "zTXt" && type != "iTXt";
  }
  return true;
}

/// Throws Error when there is no image data. What is wrong behind it is left to the decoder. Source: PNG
/// specification, third edition.
inline ImageHeader png_header(std::span<const std::byte> bytes) {
  constexpr std::size_t most_kept = std::size_t{1} << 20;
  if (bytes.size() >= 16 && as_text(bytes.first(16)).ends_with("CgBI")) {
    throw Error("unsupported PNG: Apple's CgBI form; convert it to a standard PNG first");
  }
  if (load_number(bytes, 12, 4) != 0x49484452) throw Error("corrupt PNG: expected an IHDR chunk first");
  ImageHeader header;
  header.width = load_number(bytes, 16, 4);
  header.height = load_number(bytes, 20, 4);
  header.sixteen_bit = load_number(bytes, 24, 1) == 16;
  header.pixels_per_byte = 1032 * 8;  // deflate's best ratio, one-bit pixels
  bool found_data = false;
  std::set<std::pair<std::size_t, std::uint32_t>> data_seen;
  for (std::size_t position = 8; position < bytes.size();) {
    const std::size_t length = load_number(bytes, position, 4);
    const auto type =
        as_text(bytes.subspan(position + 4, std::min<std::size_t>(4, bytes.size() - position - 4)));
    if (length > bytes.size() - position - 8) {
      if (!found_data && type != "IDAT") throw Error("corrupt or truncated PNG: no image data");
      break;
    }
    const auto data = bytes.subspan(position + 8, length);
    found_data = found_data || (type == "IDAT" && length > 0);
    if (position + 12 + length > bytes.size()) break;
    if (load_number(bytes, position + 8 + length, 4) !=
            png_checksum(bytes.subspan(position + 4, length + 4)) &&
        header.warnings.empty()) {
      header.warnings.push_back("damaged PNG: the checksum of its " + printable(type) + " chunk at byte " +
                                std::to_string(position) + " is wrong, pixels may be too");
    }
    if (type == "IDAT" && length > 0 &&
        !data_seen.emplace(length, load_number(bytes, position + 8 + length, 4)).second)
      header.repeats_data = true;
    if (type == "IDAT" && length == 0) header.empty_chunks.push_back(position);
    if (!read_png_metadata(header, type, data)) {
      const auto whole = as_bytes8(bytes.subspan(position, length + 12));
      auto& chunks = header.metadata.png_chunks;
      if (chunks.size() + whole.size() <= most_kept) chunks.insert(chunks.end(), whole.begin(), whole.end());
    }
    if (type == "IEND") break;
    position += 12 + length;
  }
  if (!found_data && !header.empty_chunks.empty()) throw Error("corrupt PNG: empty image data");
  return header;
}

/// Throws Error for Huffman tables of more than 256 symbols, which stb_image before 2.28 writes past its own
/// tables. `position` is that of the segment's length.
inline void check_huffman_tables(std::span<const std::byte> bytes, std::size_t position) {
  const std::size_t end = position + load_number(bytes, position, 2);
  for (position += 2; position < end;) {
    std::size_t symbols = 0;
    for (std::size_t i = 1; i <= 16; ++i) symbols += load_number(bytes, position + i, 1);
    if (symbols > 256)
      throw Error("corrupt JPEG: a Huffman table of " + std::to_string(symbols) + " symbols");
    position += 17 + symbols;
  }
}

/// Where the next marker's code is, at or after `position`: past fill bytes, the escaped 0xFF of compressed
/// data and restart markers. The end of the data if there is none.
inline std::size_t next_jpeg_marker(std::span<const std::byte> bytes, std::size_t position) {
  while (position + 1 < bytes.size()) {
    const void* found = std::memchr(bytes.data() + position, 0xFF, bytes.size() - 1 - position);
    if (found == nullptr) break;
    position = static_cast<std::size_t>(static_cast<const std::byte*>(found) - bytes.data()) + 1;
    const auto code = std::to_integer<unsigned>(bytes[position]);
    const bool is_data = code == 0 || code == 0xFF || (code >= 0xD0 && code <= 0xD7);
    if (!is_data) return position;
  }
  return bytes.size();
}

inline constexpr std::string_view exif_jpeg_signature{"Exif\0\0", 6};
inline constexpr std::string_view xmp_jpeg_signature{"http://ns.adobe.com/xap/1.0/\0", 29};

/// Takes what an APP0, APP1 or APP2 segment of a JPEG says into the header; the parts of a color profile, in
/// whatever order they come, into `icc_parts` by their numbers. Sources: JFIF 1.02; EXIF 2.3, 4.5.4; XMP part
/// 3; ICC.1, annex B.4.
inline void read_jpeg_metadata(ImageHeader& header, std::span<const std::byte> segment,
                               std::map<std::uint32_t, std::span<const std::uint8_t>>& icc_parts) {
  ImageMetadata& metadata = header.metadata;
  if (starts_with(segment, std::string_view("JFIF\0", 5)) && segment.size() >= 12) {
    const std::uint32_t unit = load_number(segment, 7, 1);
    const double scale = unit == 1 ? 1 / 0.0254 : unit == 2 ? 100 : 0;
    metadata.pixels_per_meter_x = scale * load_number(segment, 8, 2);
    metadata.pixels_per_meter_y = scale * load_number(segment, 10, 2);
  } else if (starts_with(segment, exif_jpeg_signature) && metadata.exif.empty()) {
    read_exif(header, segment.subspan(exif_jpeg_signature.size()));
  } else if (starts_with(segment, xmp_jpeg_signature)) {
    const auto packet = as_bytes8(segment.subspan(xmp_jpeg_signature.size()));
    metadata.xmp.assign(packet.begin(), packet.end());
  } else if (starts_with(segment, icc_jpeg_signature) && segment.size() > 14) {
    icc_parts[load_number(segment, 12, 1)] = as_bytes8(segment.subspan(14));
  }
}

/// Walks all segments just as the decoder will, so that it meets no table that was not checked. Throws Error
/// for a corrupt or unsupported file. Source: ITU T.81, annex B; ICC.1, annex B.4.
inline ImageHeader jpeg_header(std::span<const std::byte> bytes) {
  ImageHeader header;
  header.pixels_per_byte = 512;  // an 8x8 block takes a bit at least
  int scans = 0;
  std::map<std::uint32_t, std::span<const std::uint8_t>> icc_parts;
  for (std::size_t position = 2;;) {
    position = next_jpeg_marker(bytes, position);
    if (position == bytes.size()) break;
    const std::uint32_t marker = load_number(bytes, position++, 1);
    if (marker == 0xD9) break;
    if (marker < 0xC0) continue;
    if (position + 2 > bytes.size()) break;
    const std::size_t length = load_number(bytes, position, 2);
    if (length < 2 || length > bytes.size() - position) {
      if (scans > 0) break;
      throw Error("corrupt or truncated JPEG");
    }
    const auto segment = bytes.subspan(position + 2, length - 2);
    if (marker >= 0xC0 && marker <= 0xC2) {
      header.height = load_number(segment, 1, 2);
      header.width = load_number(segment, 3, 2);
    } else if (marker == 0xC4) {
      check_huffman_tables(bytes, position);
    } else if (marker >= 0xC3 && marker <= 0xCF) {
      throw Error("unsupported JPEG: expected baseline or progressive Huffman coding");
    } else if (marker == 0xDA && ++scans > 64) {
      throw Error("corrupt JPEG: more than 64 scans");  // each may cost a pass over all pixels
    } else if (marker >= 0xE0 && marker <= 0xE2) {
      read_jpeg_metadata(header, segment, icc_parts);
    }
    position += length;
  }
  if (scans == 0 || header.width == 0) throw Error("truncated JPEG: no image data");
  auto& profile = header.metadata.icc_profile;
  for (const auto& [number, part] : icc_parts) profile.insert(profile.end(), part.begin(), part.end());
  return header;
}

/// Throws Error for a corrupt, unsupported or truncated file.
inline ImageHeader bmp_header(std::span<const std::byte> bytes) {
  const std::size_t pixels = load_number(bytes, 10, 4, Endian::little);
  const bool old = load_number(bytes, 14, 4, Endian::little) == 12;
  const auto field = [&](std::size_t offset, std::size_t size) {
    return load_number(bytes, offset, size, Endian::little);
  };
  ImageHeader header;
  header.pixels_per_byte = 8;
  header.width = old ? field(18, 2) : static_cast<std::int32_t>(field(18, 4));
  header.height = old ? field(20, 2) : std::abs(std::int64_t{static_cast<std::int32_t>(field(22, 4))});
  const std::int64_t bits = field(old ? 24 : 28, 2);
  const std::uint32_t header_bytes = field(14, 4), compression = old ? 0 : field(30, 4);
  const std::string way_out = "; save it as PNG";
  if (header_bytes != 12 && header_bytes != 40 && header_bytes != 108 && header_bytes != 124) {
    throw Error("unsupported BMP: a header of " + std::to_string(header_bytes) +
                " bytes, expected 12, 40, 108 or 124" + way_out);
  }
  if (!old) {
    header.metadata.pixels_per_meter_x = field(38, 4);
    header.metadata.pixels_per_meter_y = field(42, 4);
  }
  if (compression == 1 || compression == 2) throw Error("unsupported BMP: run lengths" + way_out);
  if (compression != 0 && compression != 3) {
    throw Error("unsupported BMP: compression " + std::to_string(compression) +
                ", expected uncompressed pixels" + way_out);
  }
  check_size(header.width, header.height);
  const std::int64_t row = (header.width * bits + 31) / 32 * 4;
  const std::int64_t needed =
      static_cast<std::int64_t>(pixels) + row * (header.height - 1) + (header.width * bits + 7) / 8;
  if (needed > static_cast<std::int64_t>(bytes.size())) {
    throw Error("truncated BMP: expected " + std::to_string(needed) + " bytes, found " +
                std::to_string(bytes.size()));
  }
  return header;
}

/// An image just decoded with what its header says beside the pixels: turned upright, its metadata as those
/// of an upright picture.
inline Image finished(Image image, ImageHeader header) {
  static_cast<ImageMetadata&>(image) = std::move(header.metadata);
  if (!header.warnings.empty()) image.warnings = std::move(header.warnings);
  if (!icc_fits(image.icc_profile, image.colors())) image.icc_profile.clear();
  image = apply_orientation(std::move(image), header.orientation);
  make_exif_upright(std::as_writable_bytes(std::span(image.exif)), image.width, image.height);
  make_xmp_upright(image.xmp);
  return image;
}

}  // namespace RFPP_ABI
}  // namespace rfpp::io

#endif
