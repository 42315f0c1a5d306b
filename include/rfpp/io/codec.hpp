#ifndef RFPP_IO_CODEC_HPP
#define RFPP_IO_CODEC_HPP

#include <algorithm>
#include <cctype>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "rfpp/io/image.hpp"

namespace rfpp::io {
inline namespace v0 {

/// The extension in small letters, with its dot.
inline std::string lower_extension(const std::filesystem::path& path) {
  std::string extension = path.extension().string();
  std::ranges::transform(extension, extension.begin(),
                         [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return extension;
}

/// A form of image files that another library reads and writes: codecs/ has some.
struct ImageCodec {
  std::string_view name;
  std::vector<std::string> extensions;  ///< in small letters, with their dots
  bool (*recognizes)(std::span<const std::byte> start) = nullptr;
  /// The upright image, with its metadata. Throws Error, without the form's name, for what it cannot read.
  Image (*decode)(std::span<const std::byte> file) = nullptr;
  /// A file with the image's metadata, of quality 1 to 100; nullptr where the form is not written.
  std::vector<std::uint8_t> (*encode)(const Image& image, int quality) = nullptr;
};

/// The codecs that were added. The library needs none: PNG, JPEG, BMP and netpbm's forms are its own.
inline std::vector<ImageCodec>& image_codecs() {
  static std::vector<ImageCodec> codecs;
  return codecs;
}

/// Lets images of that form be read and written from now on. Call it before other threads read images.
inline void add_codec(const ImageCodec& codec) {
  for (const ImageCodec& known : image_codecs())
    if (known.name == codec.name) return;
  image_codecs().push_back(codec);
}

/// The codec for a file that starts so, or nullptr.
inline const ImageCodec* codec_for(std::span<const std::byte> start) {
  const auto& codecs = image_codecs();
  const auto found =
      std::ranges::find_if(codecs, [&](const ImageCodec& codec) { return codec.recognizes(start); });
  return found == codecs.end() ? nullptr : &*found;
}

/// The codec that writes files of that name, or nullptr.
inline const ImageCodec* writer_for(const std::filesystem::path& path) {
  const std::string extension = lower_extension(path);
  for (const ImageCodec& codec : image_codecs())
    if (codec.encode != nullptr && std::ranges::find(codec.extensions, extension) != codec.extensions.end())
      return &codec;
  return nullptr;
}

/// Throws Error for sizes beyond check_size, and for those of more than a megapixel that so few bytes cannot
/// hold: forms with good compression get 16384 pixels a byte.
inline void check_plausible(std::int64_t width, std::int64_t height, std::size_t bytes) {
  check_size(width, height);
  if (width * height > 1'000'000 + 16384 * static_cast<std::int64_t>(bytes)) {
    throw Error("corrupt or truncated: " + std::to_string(bytes) + " bytes cannot hold " +
                std::to_string(width) + "x" + std::to_string(height) + " pixels");
  }
}

}  // namespace v0
}  // namespace rfpp::io

#endif
