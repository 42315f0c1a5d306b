#ifndef RFPP_IO_CODECS_LINKED_HPP
#define RFPP_IO_CODECS_LINKED_HPP

#include "rfpp/io/codec.hpp"

// The CMake target rfpp::codecs defines these for the libraries that it found and links.
#if defined(RFPP_WITH_WEBP)
#include "rfpp/io/codecs/webp.hpp"
#endif
#if defined(RFPP_WITH_TIFF)
#include "rfpp/io/codecs/tiff.hpp"
#endif
#if defined(RFPP_WITH_HEIF)
#include "rfpp/io/codecs/heif.hpp"
#endif

namespace {

/// Adds WebP, TIFF, and HEIC and AVIF, as far as the program is linked with what reads them. Not the same in
/// programs that are linked with other libraries, hence each translation unit's own.
[[maybe_unused]] void add_linked_codecs() {
#if defined(RFPP_WITH_WEBP)
  rfpp::io::add_codec(rfpp::io::webp_codec());
#endif
#if defined(RFPP_WITH_TIFF)
  rfpp::io::add_codec(rfpp::io::tiff_codec());
#endif
#if defined(RFPP_WITH_HEIF)
  rfpp::io::add_codec(rfpp::io::heif_codec());
#endif
}

}  // namespace

#endif
