#ifndef RFPP_IO_ICC_HPP
#define RFPP_IO_ICC_HPP

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <string_view>
#include <vector>

#include "rfpp/io/exif.hpp"
#include "rfpp/io/image.hpp"
#include "rfpp/io/stb_read.hpp"
#include "rfpp/io/stb_write.hpp"

namespace rfpp::io {
inline namespace RFPP_ABI {

/// Whether an ICC profile is whole and describes images with that many color channels (1 or 3). Source:
/// ICC.1, the header's size and color space.
inline bool icc_fits(std::span<const std::uint8_t> profile, int colors) {
  const std::string_view space = colors == 3 ? "RGB " : "GRAY";
  return profile.size() >= 128 && load_number(std::as_bytes(profile), 0, 4) == profile.size() &&
         std::equal(space.begin(), space.end(), profile.begin() + 16);
}

// Not inlined: GCC 12 would warn of overflows in std::vector that cannot happen.
[[gnu::noinline]] inline void append_text(Bytes& out, std::string_view text) {
  out.insert(out.end(), text.begin(), text.end());
}

[[gnu::noinline]] inline void append_number(Bytes& out, std::uint32_t number, int size) {
  for (int shift = (size - 1) * 8; shift >= 0; shift -= 8)
    out.push_back(static_cast<std::uint8_t>(number >> shift));
}

/// The profile in the data of a PNG's iCCP chunk (name, 0, method 0, zlib stream); empty when it is broken or
/// larger than 4 MiB.
inline Bytes icc_from_png(std::span<const std::byte> chunk) {
  const auto name_end = std::find(chunk.begin(), chunk.end(), std::byte{0});
  if (chunk.end() - name_end < 2) return {};
  const auto stream = chunk.subspan(static_cast<std::size_t>(name_end - chunk.begin()) + 2);
  int size = 0;
  stb::allocation_limit = std::size_t{1} << 22;
  char* profile = stb::stbi_zlib_decode_malloc(reinterpret_cast<const char*>(stream.data()),
                                               static_cast<int>(stream.size()), &size);
  if (profile == nullptr) return {};
  Bytes copy(profile, profile + size);
  std::free(profile);
  return copy;
}

/// The profile as a whole iCCP chunk.
inline Bytes icc_to_png(Bytes profile) {
  int size = 0;
  unsigned char* stream = stb::stbi_zlib_compress(profile.data(), static_cast<int>(profile.size()), &size, 8);
  if (stream == nullptr) return {};
  Bytes chunk;
  append_number(chunk, static_cast<std::uint32_t>(size) + 5, 4);
  append_text(chunk, std::string_view("iCCPicc\0\0", 9));
  chunk.insert(chunk.end(), stream, stream + size);
  std::free(stream);
  append_number(chunk, stb::stbiw__crc32(chunk.data() + 4, static_cast<int>(chunk.size()) - 4), 4);
  return chunk;
}

inline constexpr std::string_view icc_jpeg_signature{"ICC_PROFILE\0", 12};

/// The profile as JPEG APP2 segments; empty when it is larger than the 255 segments can carry.
inline Bytes icc_to_jpeg(std::span<const std::uint8_t> profile) {
  constexpr std::size_t most = 65535 - 2 - 14;
  const std::size_t count = (profile.size() + most - 1) / most;
  if (count > 255) return {};
  Bytes segments;
  for (std::size_t i = 0; i < count; ++i) {
    const auto part = profile.subspan(i * most, std::min(most, profile.size() - i * most));
    append_number(segments, 0xFFE2, 2);
    append_number(segments, static_cast<std::uint32_t>(part.size()) + 16, 2);
    append_text(segments, icc_jpeg_signature);
    append_number(segments, static_cast<std::uint32_t>(i + 1), 1);
    append_number(segments, static_cast<std::uint32_t>(count), 1);
    segments.insert(segments.end(), part.begin(), part.end());
  }
  return segments;
}

}  // namespace RFPP_ABI
}  // namespace rfpp::io

#endif
