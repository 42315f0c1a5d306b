#ifndef RFPP_IO_IMAGE_READ_HPP
#define RFPP_IO_IMAGE_READ_HPP

#include <cstddef>
#include <filesystem>
#include <span>

#include "rfpp/core/config.hpp"
#include "rfpp/core/error.hpp"
#include "rfpp/io/image.hpp"
#include "rfpp/io/mapped_file.hpp"

namespace rfpp::io {
inline namespace RFPP_ABI {

/// The image in the bytes of a PNG, JPEG, BMP, PBM, PGM, PPM or PAM file, or of a form that a codec was added
/// for (see add_codec), turned as its EXIF orientation says. What a damaged file lacks is said in
/// Image::warnings. 16-bit samples are also kept as they are. Throws Error for anything else, for corrupt and
/// truncated files, for sizes beyond check_size, and for sizes that so few bytes cannot hold: memory stays in
/// proportion to the file.
RFPP_COMPILED_ONCE Image decode_image(std::span<const std::byte> bytes);

/// The image in a file; see decode_image. Errors name the file.
inline Image read_image(const std::filesystem::path& path) {
  const MappedFile file(path);
  try {
    return decode_image(file.bytes());
  } catch (const Error& error) {
    throw Error(path.string() + ": " + error.what());
  }
}

}  // namespace RFPP_ABI
}  // namespace rfpp::io

#ifndef RFPP_COMPILED_KERNELS
#include "rfpp/io/image_decode.hpp"
#endif

#endif
