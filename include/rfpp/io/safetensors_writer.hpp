#ifndef RFPP_IO_SAFETENSORS_WRITER_HPP
#define RFPP_IO_SAFETENSORS_WRITER_HPP

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "rfpp/core/config.hpp"
#include "rfpp/core/error.hpp"
#include "rfpp/io/atomic_file.hpp"
#include "rfpp/io/tensor_view.hpp"

namespace rfpp::io {
inline namespace RFPP_ABI {

/// A tensor that a safetensors file is to hold.
struct TensorInfo {
  std::string name;
  DType dtype = DType::float32;
  std::vector<std::int64_t> shape;
};

/// The header of a file that has these tensors one after the other; empty where a text is not UTF-8.
RFPP_COMPILED_ONCE std::string safetensors_header(const std::vector<TensorInfo>& tensors,
                                                  const std::map<std::string, std::string>& metadata);

/// Of a tensor's elements in a file. Throws Error over a shape that no tensor has.
inline std::uint64_t bytes_of(DType dtype, const std::vector<std::int64_t>& shape) {
  row_major_strides(shape);  // checks it
  return static_cast<std::uint64_t>(TensorView{dtype, shape, {}, {}}.count()) * dtype_size(dtype);
}

/// Writes a safetensors file tensor by tensor. The constructor lays the file out, write() fills in each
/// tensor once and in any order, commit() puts the file in place; without it nothing is left behind. Errors
/// throw Error.
class SafetensorsWriter {
 public:
  SafetensorsWriter(const std::filesystem::path& path, std::vector<TensorInfo> tensors,
                    const std::map<std::string, std::string>& metadata = {})
      : path_(path.string()), file_(path) {
    // Wide elements first keeps all of them aligned without holes, which the format forbids.
    std::ranges::stable_sort(tensors, std::ranges::greater{},
                             [](const TensorInfo& info) { return dtype_size(info.dtype); });
    std::uint64_t end = 0;
    for (const auto& [name, dtype, shape] : tensors) {
      const auto begin = std::exchange(end, end + bytes_of(dtype, shape));
      if (name == "__metadata__" || !slots_.try_emplace(name, Slot{dtype, begin, end - begin}).second) {
        throw Error(path_ + ": cannot write: tensor name \"" + name + "\" is reserved or used twice");
      }
    }
    write_header(safetensors_header(tensors, metadata));
  }

  /// The elements of a float32 or float16 tensor, row-major; float16 rounds to nearest, ties to even.
  void write(std::string_view name, std::span<const float> elements) {
    const DType dtype = slot(name).dtype;
    if (dtype == DType::float32) return write_bytes(name, std::as_bytes(elements));
    if (dtype != DType::float16) fail(name, "float32 elements for dtype " + std::string(dtype_name(dtype)));
    start(name, elements.size() * sizeof(Float16));
    std::array<Float16, 4096> block;
    while (!elements.empty()) {
      const auto part = elements.first(std::min(elements.size(), block.size()));
      std::ranges::transform(part, block.begin(), [](float value) { return Float16(value); });
      file_.write(std::as_bytes(std::span(block).first(part.size())));
      elements = elements.subspan(part.size());
    }
  }

  /// The elements of a tensor of any dtype, row-major, as they are in memory.
  void write_bytes(std::string_view name, std::span<const std::byte> elements) {
    start(name, elements.size());
    file_.write(elements);
  }

  void commit() {
    for (const auto& [name, slot] : slots_) {
      if (!slot.written) fail(name, "no elements");
    }
    file_.commit();
  }

 private:
  struct Slot {
    DType dtype;
    std::uint64_t begin, bytes;  // behind the header
    bool written = false;
  };

  [[noreturn]] void fail(std::string_view name, const std::string& found) const {
    throw Error(path_ + ": cannot write tensor \"" + std::string(name) + "\": found " + found);
  }

  Slot& slot(std::string_view name) {
    const auto found = slots_.find(name);
    if (found == slots_.end()) fail(name, "a name that was not announced");
    return found->second;
  }

  /// Continues the file where the tensor's elements belong.
  void start(std::string_view name, std::uint64_t bytes) {
    Slot& slot = this->slot(name);
    if (slot.bytes != bytes) {
      fail(name, std::to_string(bytes) + " bytes, expected " + std::to_string(slot.bytes));
    }
    slot.written = true;
    file_.seek(data_begin_ + slot.begin);
  }

  void write_header(std::string text) {
    if (text.empty()) throw Error(path_ + ": cannot write: a tensor name or metadata text is not UTF-8");
    // The elements begin where a mapped file has them aligned for vectors.
    constexpr std::size_t alignment = 64;
    std::uint64_t length = text.size();
    text.resize((sizeof(length) + length + alignment - 1) / alignment * alignment - sizeof(length), ' ');
    length = text.size();
    file_.write(std::as_bytes(std::span(&length, 1)));
    file_.write(std::as_bytes(std::span(text)));
    data_begin_ = sizeof(length) + length;
  }

  std::string path_;
  AtomicFile file_;
  std::map<std::string, Slot, std::less<>> slots_;
  std::uint64_t data_begin_ = 0;
};

}  // namespace RFPP_ABI
}  // namespace rfpp::io

#ifndef RFPP_COMPILED_KERNELS
#include "rfpp/io/safetensors_header.hpp"
#endif

#endif
