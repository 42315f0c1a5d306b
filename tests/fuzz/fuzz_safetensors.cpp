#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "rfpp/core/error.hpp"
#include "rfpp/io/safetensors.hpp"
#include "rfpp/io/tensor_view.hpp"

/// Whatever the bytes, read_safetensors throws rfpp::Error or gives tensors that can be read and are no
/// larger than the file.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try {
    const auto contents = rfpp::io::read_safetensors(std::as_bytes(std::span(data, size)));
    for (const auto& [name, tensor] : contents.tensors) {
      const auto count = static_cast<std::size_t>(tensor.count());
      if (count > size) __builtin_trap();
      std::vector<float> values(count);
      rfpp::io::read_elements(tensor, std::span(values));
      rfpp::io::read_channels_last(tensor, std::span(values));
    }
  } catch (const rfpp::Error&) {}
  return 0;
}
