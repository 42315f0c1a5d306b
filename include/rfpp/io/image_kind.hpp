#ifndef RFPP_IO_IMAGE_KIND_HPP
#define RFPP_IO_IMAGE_KIND_HPP

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "rfpp/io/image_header.hpp"

namespace rfpp::io {
inline namespace RFPP_ABI {

/// What bytes are that no decoder here reads, with a way out where they are an image.
inline std::string image_kind(std::span<const std::byte> bytes) {
  using namespace std::string_view_literals;
  struct Kind {
    std::size_t offset;
    std::string_view signature, name, library = {};
  };
  static constexpr Kind kinds[] = {
      {0, "GIF8"sv, "GIF"},
      {8, "WEBP"sv, "WebP", "libwebp"},
      {4, "ftypavif"sv, "AVIF", "libheif"},
      {4, "ftypavis"sv, "AVIF", "libheif"},
      {4, "ftyphe"sv, "HEIC", "libheif"},
      {4, "ftypmif1"sv, "HEIC", "libheif"},
      {4, "ftypmsf1"sv, "HEIC", "libheif"},
      {0, "II*\0"sv, "TIFF", "libtiff"},
      {0, "MM\0*"sv, "TIFF", "libtiff"},
      {0, "II+\0"sv, "TIFF", "libtiff"},
      {0, "MM\0+"sv, "TIFF", "libtiff"},
      {0, "\xFF\x0A"sv, "JPEG XL"},
      {4, "JXL \r\n"sv, "JPEG XL"},
      {4, "jP  \r\n"sv, "JPEG 2000"},
      {0, "\xFF\x4F\xFF\x51"sv, "JPEG 2000"},
      {0, "8BPS"sv, "PSD"},
      {0, "DDS "sv, "DDS"},
      {0, "qoif"sv, "QOI"},
      {0, "\x76\x2F\x31\x01"sv, "OpenEXR"},
      {0, "#?RADIANCE"sv, "Radiance HDR"},
      {0, "Pf"sv, "PFM"},
      {0, "PF"sv, "PFM"},
      {0, "\0\0\1\0"sv, "ICO"},
  };
  for (const Kind& kind : kinds) {
    if (kind.offset >= bytes.size() || !starts_with(bytes.subspan(kind.offset), kind.signature)) continue;
    std::string text(kind.name);
    if (!kind.library.empty())
      text.append(", for which this program was built without ").append(kind.library);
    return text + "; convert it to PNG or JPEG first";
  }
  if (starts_with(bytes, "%PDF")) return "a PDF document; extract its picture first";
  if (starts_with(bytes, "<!DOCTYPE") || starts_with(bytes, "<!doctype") || starts_with(bytes, "<html"))
    return "a web page; download the picture itself";
  if (starts_with(bytes, "<svg") || starts_with(bytes, "<?xml")) return "SVG or XML; convert it to PNG first";
  if (starts_with(bytes, "\0\5\x16\7"sv)) return "a macOS sidecar file (._), not the picture";
  return "something else";
}

}  // namespace RFPP_ABI
}  // namespace rfpp::io

#endif
