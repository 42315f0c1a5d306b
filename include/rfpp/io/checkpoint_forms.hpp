#ifndef RFPP_IO_CHECKPOINT_FORMS_HPP
#define RFPP_IO_CHECKPOINT_FORMS_HPP

#include <algorithm>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "rfpp/core/error.hpp"
#include "rfpp/io/byte_reader.hpp"
#include "rfpp/io/checkpoint.hpp"
#include "rfpp/io/safetensors.hpp"
#include "rfpp/io/torch_checkpoint.hpp"

namespace rfpp::io {
inline namespace RFPP_ABI {

namespace detail {
/// What an unknown file starts with: a web page, a Git LFS pointer and the like are recognized at a glance.
inline std::string description(std::span<const std::byte> bytes) {
  if (bytes.empty()) return "an empty file";
  const std::string_view whole = as_text(bytes);
  if (whole.starts_with("GGUF")) return "GGUF; use the PyTorch or safetensors file it was made from";
  if (whole.size() > 262 && whole.substr(257, 5) == "ustar") return "a tar archive; unpack it first";
  if (whole.starts_with("\x1f\x8b")) return "gzip; unpack it first";
  if (whole.starts_with("version https://git-lfs"))
    return "a Git LFS pointer; fetch the file itself with git lfs pull";
  if (whole.starts_with("{") && whole.substr(0, 4096).find("\"weight_map\"") != whole.npos)
    return "the index of a model in several files; save it as one";
  const auto head = whole.substr(0, 64);
  if (head.starts_with("\x08") && (head.find("pytorch") != head.npos || head.find("onnx") != head.npos))
    return "ONNX; use the PyTorch or safetensors file it was exported from";
  const std::string_view start = as_text(bytes.first(std::min<std::size_t>(bytes.size(), 32)));
  const auto is_text = [](char c) { return (c >= ' ' && c <= '~') || c == '\n' || c == '\r' || c == '\t'; };
  if (!std::ranges::all_of(start, is_text)) return "unknown binary data";
  return "text starting with \"" + std::string(start) + "\"";
}
}  // namespace detail

RFPP_COMPILED_ONCE CheckpointContents read_contents(std::span<const std::byte> bytes,
                                                    std::string_view& form) {
  if (is_safetensors(bytes)) {
    form = "safetensors";
    return read_safetensors(bytes);
  }
  if (is_torch_zip(bytes)) {
    form = "PyTorch zip";
    return read_torch_zip(bytes);
  }
  if (is_torch_legacy(bytes)) {
    form = "PyTorch legacy";
    return read_torch_legacy(bytes);
  }
  throw Error("not a checkpoint (expected safetensors, a PyTorch zip file or a PyTorch legacy file; found " +
              detail::description(bytes) + ")");
}

}  // namespace RFPP_ABI
}  // namespace rfpp::io

#endif
