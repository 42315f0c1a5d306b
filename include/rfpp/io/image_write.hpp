#ifndef RFPP_IO_IMAGE_WRITE_HPP
#define RFPP_IO_IMAGE_WRITE_HPP

#include <algorithm>
#include <cctype>
#include <cstddef>
#include <filesystem>
#include <span>
#include <string>

#include "rfpp/core/error.hpp"
#include "rfpp/io/atomic_file.hpp"
#include "rfpp/io/icc.hpp"
#include "rfpp/io/image.hpp"
#include "rfpp/io/stb_write.hpp"

namespace rfpp::inline v0::io {

/// stb's writer callback: appends to a Bytes.
inline void append_encoded(void* out, void* data, int size) {
  const auto* bytes = static_cast<const std::uint8_t*>(data);
  static_cast<Bytes*>(out)->insert(static_cast<Bytes*>(out)->end(), bytes, bytes + size);
}

/// The image as a PNG file, with its colour profile and PNG chunks.
inline Bytes encode_png(const Image& image) {
  Bytes file;
  if (stb::stbi_write_png_to_func(append_encoded, &file, image.width, image.height, image.channels,
                                  image.samples.data(), 0) == 0) {
    throw Error("not enough memory for a PNG of this image");
  }
  file.insert(file.begin() + 33, image.png_chunks.begin(), image.png_chunks.end());
  if (icc_fits(image.icc_profile, image.colors())) {
    const Bytes chunk = icc_to_png(image.icc_profile);
    file.insert(file.begin() + 33, chunk.begin(), chunk.end());  // after the signature and IHDR
  }
  return file;
}

/// The image as a JPEG file (always three components) of quality 1 to 100, with its colour profile; alpha is
/// left out. The colours are not subsampled above quality 90.
inline Bytes encode_jpeg(const Image& image, int quality) {
  if (quality < 1 || quality > 100) {
    throw Error("expected a JPEG quality of 1 to 100, found " + std::to_string(quality));
  }
  Bytes file;
  stb::stbi_write_jpg_to_func(append_encoded, &file, image.width, image.height, image.channels,
                              image.samples.data(), quality);
  if (icc_fits(image.icc_profile, 3)) {
    const Bytes segments = icc_to_jpeg(image.icc_profile);
    file.insert(file.begin() + 20, segments.begin(), segments.end());  // after the JFIF header
  }
  return file;
}

/// Whether write_image makes a PNG (or else a JPEG) of a file of this name. Throws Error for extensions other
/// than .png, .jpg and .jpeg.
inline bool is_png_name(const std::filesystem::path& path) {
  std::string extension = path.extension().string();
  std::transform(extension.begin(), extension.end(), extension.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  if (extension != ".png" && extension != ".jpg" && extension != ".jpeg") {
    throw Error(path.string() + ": cannot write: expected a name that ends in .png, .jpg or .jpeg");
  }
  return extension == ".png";
}

/// Writes a PNG or JPEG file, as the name's extension says: whole or not at all. Throws Error, naming the
/// file, for other extensions, an empty image, a quality outside 1 to 100, and when the file cannot be
/// written.
inline void write_image(const std::filesystem::path& path, const Image& image, int quality = 95) {
  const bool png = is_png_name(path);
  Bytes encoded;
  try {
    check_size(image.width, image.height);
    encoded = png ? encode_png(image) : encode_jpeg(image, quality);
  } catch (const Error& error) {
    throw Error(path.string() + ": cannot write: " + error.what());
  }
  AtomicFile file(path);
  file.write(std::as_bytes(std::span(encoded)));
  file.commit();
}

}  // namespace rfpp::inline v0::io

#endif
