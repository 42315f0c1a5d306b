// libFuzzer: no bytes may crash the image reader or make it ask for memory out of proportion.
#include <cstddef>
#include <cstdint>
#include <span>

#include "rfpp/core/error.hpp"
#include "rfpp/io/image_read.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try {
    rfpp::io::decode_image(std::as_bytes(std::span(data, size)));
  } catch (const rfpp::Error&) {}
  return 0;
}
