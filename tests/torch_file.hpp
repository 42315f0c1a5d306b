#ifndef RFPP_TESTS_TORCH_FILE_HPP
#define RFPP_TESTS_TORCH_FILE_HPP

#include <bit>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

#include "rfpp/io/parameters.hpp"
#include "rfpp/io/tensors.hpp"

// Files as torch.save writes them: dicts of tensors, in the form of before PyTorch 1.6.

namespace rfpp::test {

class TorchFile {
 public:
  using Shape = std::vector<std::int64_t>;

  /// Opens a dict within the file's dict; tensors go there until the next one is opened.
  void open_dict(std::string_view key) {
    close_dict();
    object_ += text(key) + "}(";
    open_ = true;
  }
  /// A tensor of these elements; where there are none, it has the first element of all, again and again.
  void add(std::string_view key, const Shape& shape, const std::vector<float>& elements) {
    object_ += text(key) + "ctorch._utils\n_rebuild_tensor_v2\n(" + storage_mark +
               number(static_cast<std::int64_t>(elements.empty() ? 0 : elements_.size()));
    object_ += "(";
    for (const auto extent : shape) object_ += number(extent);
    object_ += "t(";
    const auto strides = io::row_major_strides(shape);
    for (const auto stride : strides) object_ += number(elements.empty() ? 0 : stride);
    object_ += "t\x89NtR";
    elements_.insert(elements_.end(), elements.begin(), elements.end());
  }
  /// A model's parameters, as its checkpoint has them.
  void add(const ConstParameters& model) {
    model.for_each([&](const std::string& name, const auto& p) {
      const auto values = io::channels_first(io::in_file_order(p, io::raw(p)));
      add(name, io::file_shape(p), {values.begin(), values.end()});
    });
  }
  void add(const io::ParameterShapes& shapes) {
    for (const auto& [name, shape] : shapes) add(name, shape, {});
  }

  /// `size`: in bytes, of a file whose end nothing reads; on disk it takes no room.
  void write(const std::filesystem::path& path, std::uintmax_t size = 0) {
    close_dict();
    if (elements_.empty()) elements_.push_back(1);
    const auto count = static_cast<std::int64_t>(elements_.size());
    std::string object = object_;
    const std::string storage =
        "(" + text("storage") + "ctorch\nFloatStorage\n" + text("0") + text("cpu") + number(count) + "NtQ";
    for (std::size_t at = 0; (at = object.find(storage_mark, at)) != std::string::npos; at += storage.size())
      object.replace(at, storage_mark.size(), storage);
    const std::string protocol = "\x80\2";
    {
      std::ofstream file(path, std::ios::binary);
      file << protocol << "\x8a\nl\xfc\x9c\x46\xf9 j\xa8P\x19." << protocol << "M\xe9\3." << protocol << "}."
           << protocol << "}(" << object << "u." << protocol << "]" << text("0") << "a.";
      file.write(reinterpret_cast<const char*>(&count), sizeof count);
      file.write(reinterpret_cast<const char*>(elements_.data()), count * 4);
    }
    if (size > 0) std::filesystem::resize_file(path, size);
  }

 private:
  inline static const std::string storage_mark = "<storage>";

  void close_dict() {
    if (open_) object_ += "u";
    open_ = false;
  }
  static std::string four_bytes(std::uint32_t value) {
    const auto* bytes = reinterpret_cast<const char*>(&value);
    return {bytes, bytes + 4};
  }
  static std::string number(std::int64_t value) {
    return "J" + four_bytes(static_cast<std::uint32_t>(value));
  }
  static std::string text(std::string_view value) {
    return "X" + four_bytes(static_cast<std::uint32_t>(value.size())) + std::string(value);
  }

  std::string object_;
  std::vector<float> elements_;
  bool open_ = false;
};

}  // namespace rfpp::test

#endif
