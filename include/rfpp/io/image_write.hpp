#ifndef RFPP_IO_IMAGE_WRITE_HPP
#define RFPP_IO_IMAGE_WRITE_HPP

#include <filesystem>
#include <span>
#include <string>

#include "rfpp/core/config.hpp"
#include "rfpp/core/error.hpp"
#include "rfpp/io/atomic_file.hpp"
#include "rfpp/io/codec.hpp"
#include "rfpp/io/image.hpp"

namespace rfpp::io {
inline namespace RFPP_ABI {

/// The image as a PNG file with its metadata, of 16 bits where it has them.
RFPP_COMPILED_ONCE Bytes encode_png(const Image& image);

/// The image as a JPEG file of quality 1 to 100 with its metadata; alpha is left out, gray images have one
/// component. The colors are not subsampled above quality 90.
RFPP_COMPILED_ONCE Bytes encode_jpeg(const Image& image, int quality);

/// Throws Error, naming what can be written, for names whose extension write_image has no form for.
inline void check_image_name(const std::filesystem::path& path) {
  const std::string extension = lower_extension(path);
  if (extension == ".png" || extension == ".jpg" || extension == ".jpeg" || writer_for(path) != nullptr)
    return;
  std::string forms = ".png, .jpg";
  for (const ImageCodec& codec : image_codecs())
    if (codec.encode != nullptr) forms.append(", ").append(codec.extensions.front());
  throw Error(path.string() + ": cannot write: expected a name that ends in " + forms + " or .jpeg");
}

/// Writes a PNG or JPEG file, or one of a form that a codec was added for, as the name's extension says:
/// whole or not at all. Throws Error, naming the file, for other extensions, an empty image, a quality
/// outside 1 to 100, and when the file cannot be written.
inline void write_image(const std::filesystem::path& path, const Image& image, int quality = 95) {
  check_image_name(path);
  Bytes encoded;
  try {
    check_size(image.width, image.height);
    if (quality < 1 || quality > 100)
      throw Error("expected a quality of 1 to 100, found " + std::to_string(quality));
    if (lower_extension(path) == ".png")
      encoded = encode_png(image);
    else if (const ImageCodec* codec = writer_for(path))
      encoded = codec->encode(image, quality);
    else
      encoded = encode_jpeg(image, quality);
  } catch (const Error& error) {
    throw Error(path.string() + ": cannot write: " + error.what());
  }
  AtomicFile file(path);
  file.write(std::as_bytes(std::span(encoded)));
  file.commit();
}

}  // namespace RFPP_ABI
}  // namespace rfpp::io

#ifndef RFPP_COMPILED_KERNELS
#include "rfpp/io/image_encode.hpp"
#endif

#endif
