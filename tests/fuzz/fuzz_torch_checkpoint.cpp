#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "rfpp/core/error.hpp"
#include "rfpp/io/checkpoint.hpp"

/// Whatever the bytes, Checkpoint::parse throws rfpp::Error or gives tensors that can be read and are no
/// larger than the file. Zip archives and legacy files are told apart by content.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try {
    const auto checkpoint = rfpp::io::Checkpoint::parse(std::as_bytes(std::span(data, size)), "fuzz");
    for (const auto& [name, tensor] : checkpoint.tensors()) {
      const auto count = static_cast<std::size_t>(tensor.count());
      if (count > size) __builtin_trap();
      std::vector<float> values(count);
      rfpp::io::read_elements(tensor, std::span(values));
      rfpp::io::read_channels_last(tensor, std::span(values));
    }
  } catch (const rfpp::Error&) {}
  return 0;
}
