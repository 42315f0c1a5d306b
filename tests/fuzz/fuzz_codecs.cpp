// libFuzzer: no bytes may crash the readers of WebP, TIFF, HEIC and AVIF, or make them ask for memory out of
// proportion.
#include <cstddef>
#include <cstdint>
#include <span>

#include "rfpp/core/error.hpp"
#include "rfpp/io/codecs/linked.hpp"
#include "rfpp/io/image_read.hpp"

// libdav1d, which reads AVIF, loses 40 bytes over a damaged file.
extern "C" const char* __lsan_default_suppressions() { return "leak:libdav1d"; }

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  add_linked_codecs();
  const auto bytes = std::as_bytes(std::span(data, size));
  try {
    if (const auto* codec = rfpp::io::codec_for(bytes)) codec->decode(bytes);
  } catch (const rfpp::Error&) {}
  return 0;
}
