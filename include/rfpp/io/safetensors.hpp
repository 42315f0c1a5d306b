#ifndef RFPP_IO_SAFETENSORS_HPP
#define RFPP_IO_SAFETENSORS_HPP

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "rfpp/core/error.hpp"
#include "rfpp/io/byte_reader.hpp"
#include "rfpp/io/json.hpp"
#include "rfpp/io/tensor_view.hpp"

namespace rfpp::io {
inline namespace RFPP_ABI {

namespace detail {

/// The header as JSON. Duplicate keys and nesting beyond name / field / number are errors.
inline nlohmann::json parse_safetensors_header(std::string_view text) {
  std::array<std::set<std::string>, 2> keys;  // of the header, and of the entry that is being read
  const auto check = [&](int depth, nlohmann::json::parse_event_t event, const nlohmann::json& parsed) {
    using Event = nlohmann::json::parse_event_t;
    if (event == Event::object_start || event == Event::array_start) {
      if (depth > (event == Event::object_start ? 1 : 2)) throw Error("safetensors header nests too deep");
      if (event == Event::object_start) keys[static_cast<std::size_t>(depth)].clear();
    } else if (event == Event::key) {
      const auto& key = parsed.get_ref<const std::string&>();
      if (!keys[static_cast<std::size_t>(depth) - 1].insert(key).second) {
        throw Error("safetensors header has \"" + key + "\" twice");
      }
    }
    return true;
  };
  return parse_json(text, "safetensors header", check);
}

/// An array of whole numbers >= 0.
inline std::vector<std::int64_t> extents_of(const nlohmann::json& entry, const char* field) {
  const auto found = entry.find(field);
  if (found == entry.end() || !found->is_array())
    throw Error(std::string("expected a list \"") + field + "\"");
  std::vector<std::int64_t> extents;
  for (const auto& extent : *found) {
    if (!extent.is_number_unsigned() || extent.get<std::uint64_t>() > INT64_MAX) {
      throw Error(std::string("expected whole numbers in \"") + field + "\"");
    }
    extents.push_back(extent.get<std::int64_t>());
  }
  return extents;
}

/// The tensor that a header entry describes, in the bytes behind the header; plain bytes where DType lacks
/// its element type.
inline TensorView safetensors_entry(const nlohmann::json& entry, std::span<const std::byte> data) {
  if (!entry.is_object()) throw Error("expected an object with dtype, shape and data_offsets");
  const auto spelling = entry.find("dtype");
  if (spelling == entry.end() || !spelling->is_string()) throw Error("expected a string \"dtype\"");
  const auto dtype = parse_dtype(spelling->get_ref<const std::string&>());

  const auto offsets = extents_of(entry, "data_offsets");
  if (offsets.size() != 2 || offsets[0] > offsets[1]) throw Error("expected data_offsets [begin, end]");
  if (static_cast<std::uint64_t>(offsets[1]) > data.size()) {
    throw Error("truncated: data up to byte " + std::to_string(offsets[1]) + " expected, " +
                std::to_string(data.size()) + " bytes found");
  }
  auto shape = extents_of(entry, "shape");
  auto strides = row_major_strides(shape);
  const auto bytes =
      data.subspan(static_cast<std::size_t>(offsets[0]), static_cast<std::size_t>(offsets[1] - offsets[0]));
  if (!dtype) return {DType::uint8, {offsets[1] - offsets[0]}, {1}, bytes};
  TensorView view{*dtype, std::move(shape), std::move(strides), bytes};
  const auto expected = static_cast<std::uint64_t>(view.count()) * dtype_size(*dtype);
  if (bytes.size() != expected) {
    throw Error("shape " + to_string(view.shape) + " of " + std::string(dtype_name(*dtype)) + " takes " +
                std::to_string(expected) + " bytes, data_offsets span " + std::to_string(bytes.size()));
  }
  return view;
}

}  // namespace detail

/// True for files that start like safetensors: a header length below 2^32, then an opening brace.
inline bool is_safetensors(std::span<const std::byte> bytes) {
  const std::string_view text = as_text(bytes);
  return text.size() > 8 && text.substr(4, 4) == std::string_view("\0\0\0\0", 4) && text[8] == '{';
}

/// Reads a safetensors file: u64 header length, JSON header, data. Like the reference implementation it wants
/// a header of at most 100 MB and tensors that cover the data without holes or overlaps; throws Error
/// otherwise. https://github.com/huggingface/safetensors
inline CheckpointContents read_safetensors(std::span<const std::byte> bytes) {
  constexpr std::uint64_t max_header_bytes = 100'000'000;
  ByteReader reader(bytes);
  const auto header_bytes = reader.get<std::uint64_t>();
  if (header_bytes > max_header_bytes) {
    throw Error("safetensors header of " + std::to_string(header_bytes) + " bytes, expected at most 100 MB");
  }
  const nlohmann::json header = detail::parse_safetensors_header(as_text(reader.take(header_bytes)));
  const auto data = bytes.subspan(reader.position());
  if (!header.is_object()) throw Error("safetensors header is not a JSON object");

  CheckpointContents contents;
  for (const auto& [name, entry] : header.items()) {
    if (name != "__metadata__") {
      try {
        contents.tensors.push_back({name, detail::safetensors_entry(entry, data)});
        const auto& spelling = entry["dtype"].get_ref<const std::string&>();
        if (!parse_dtype(spelling)) contents.unread.emplace(name, spelling);
      } catch (const Error& error) {
        throw Error("tensor \"" + name + "\": " + error.what());
      }
      continue;
    }
    if (entry.is_null()) continue;
    if (!entry.is_object()) throw Error("safetensors __metadata__ is not an object");
    for (const auto& [key, value] : entry.items()) {
      contents.metadata.emplace(key, value.is_string() ? value.get<std::string>() : value.dump());
    }
  }

  const auto place = [](const NamedTensor& item) {
    return std::pair(item.tensor.data.data(), item.tensor.data.size());
  };
  std::ranges::sort(contents.tensors, {}, place);
  const std::byte* end = data.data();
  for (const auto& [name, tensor] : contents.tensors) {
    if (tensor.data.data() != end) throw Error("tensor \"" + name + "\" leaves a hole or overlaps another");
    end += tensor.data.size();
  }
  if (end != data.data() + data.size()) {
    throw Error("safetensors data of " + std::to_string(data.size()) + " bytes, its tensors end at byte " +
                std::to_string(end - data.data()));
  }
  std::erase_if(contents.tensors,
                [&](const NamedTensor& item) { return contents.unread.contains(item.name); });
  return contents;
}

}  // namespace RFPP_ABI
}  // namespace rfpp::io

#endif
