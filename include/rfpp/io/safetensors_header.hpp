#ifndef RFPP_IO_SAFETENSORS_HEADER_HPP
#define RFPP_IO_SAFETENSORS_HEADER_HPP

#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "rfpp/io/safetensors_writer.hpp"

namespace rfpp::io {
inline namespace RFPP_ABI {

RFPP_COMPILED_ONCE std::string safetensors_header(const std::vector<TensorInfo>& tensors,
                                                  const std::map<std::string, std::string>& metadata) {
  nlohmann::json header = nlohmann::json::object();
  if (!metadata.empty()) header["__metadata__"] = metadata;
  std::uint64_t end = 0;
  for (const auto& [name, dtype, shape] : tensors) {
    const auto begin = std::exchange(end, end + bytes_of(dtype, shape));
    header[name] = {{"dtype", dtype_name(dtype)}, {"shape", shape}, {"data_offsets", {begin, end}}};
  }
  using Handler = nlohmann::json::error_handler_t;
  std::string text = header.dump(-1, ' ', false, Handler::ignore);  // bytes that are not UTF-8 are left out
  return text == header.dump(-1, ' ', false, Handler::replace) ? text : "";
}

}  // namespace RFPP_ABI
}  // namespace rfpp::io

#endif
