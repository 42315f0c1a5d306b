// libFuzzer: no bytes may crash the readers of WebP, TIFF, HEIC and AVIF, or make them ask for memory out of
// proportion.
#include <cstddef>
#include <cstdint>
#include <span>

#include "../leaks.hpp"
#include "rfpp/core/error.hpp"
#include "rfpp/io/codecs/linked.hpp"
#include "rfpp/io/image_read.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  add_linked_codecs();
  const auto bytes = std::as_bytes(std::span(data, size));
  try {
    if (const auto* codec = rfpp::io::codec_for(bytes)) codec->decode(bytes);
  } catch (const rfpp::Error&) {}
  return 0;
}
