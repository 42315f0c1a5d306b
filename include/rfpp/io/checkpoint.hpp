#ifndef RFPP_IO_CHECKPOINT_HPP
#define RFPP_IO_CHECKPOINT_HPP

#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "rfpp/core/config.hpp"
#include "rfpp/core/error.hpp"
#include "rfpp/io/mapped_file.hpp"
#include "rfpp/io/tensor_view.hpp"

namespace rfpp::io {
inline namespace RFPP_ABI {

/// The tensors of a file of weights, and what its form is called. Throws Error where it is none or damaged.
RFPP_COMPILED_ONCE CheckpointContents read_contents(std::span<const std::byte> bytes, std::string_view& form);

/// The named tensors of a file of weights, whatever its form; the form is recognized by content. Tensors are
/// views into the mapped file and stay valid as long as any copy of this object lives; copies are cheap.
/// Nothing that a file asks for is ever executed.
class Checkpoint {
 public:
  /// Throws Error when the file is missing, not a checkpoint, damaged, or names two tensors alike.
  static Checkpoint open(const std::filesystem::path& path) {
    auto state = std::make_shared<State>();
    state->file = std::make_unique<MappedFile>(path);
    state->read(state->file->bytes(), path.string());
    return Checkpoint(std::move(state));
  }

  /// The same for a file in memory, which must outlive the result; `name` is for messages.
  static Checkpoint parse(std::span<const std::byte> bytes, std::string name) {
    auto state = std::make_shared<State>();
    state->read(bytes, std::move(name));
    return Checkpoint(std::move(state));
  }

  /// "safetensors", "PyTorch zip" or "PyTorch legacy".
  std::string_view format() const { return state_->format; }

  /// In file order. PyTorch's nested dicts are flattened: "state_dict.vqvae.encoder.conv_in.weight".
  const std::vector<NamedTensor>& tensors() const& { return state_->contents.tensors; }

  /// The `__metadata__` of a safetensors file; empty for other forms.
  const std::map<std::string, std::string>& metadata() const& { return state_->contents.metadata; }

  /// The tensors whose element type DType lacks (float8, complex, quantized), each with its type.
  const std::map<std::string, std::string>& unread() const& { return state_->contents.unread; }

  /// The tensor of that name, or nullptr.
  const TensorView* find(std::string_view name) const& {
    const auto found = state_->index.find(name);
    return found == state_->index.end() ? nullptr : found->second;
  }

  /// The tensor of that name; throws Error when there is none.
  const TensorView& at(std::string_view name) const& {
    const TensorView* found = find(name);
    if (found == nullptr)
      throw Error(state_->name + ": expected a tensor \"" + std::string(name) + "\", found none");
    return *found;
  }

  /// Tells the system that a tensor of this checkpoint will not be read soon.
  void release(const TensorView& view) const {
    if (state_->file) state_->file->release(view.data);
  }

  // What these refer to would be gone at the end of the statement, or of a range-based for loop's head.
  void tensors() const&& = delete;
  void metadata() const&& = delete;
  void unread() const&& = delete;
  void find(std::string_view) const&& = delete;
  void at(std::string_view) const&& = delete;

 private:
  struct State {
    std::string name;
    std::unique_ptr<MappedFile> file;
    std::string_view format;
    CheckpointContents contents;
    std::map<std::string_view, const TensorView*> index;

    void read(std::span<const std::byte> bytes, std::string file_name) {
      name = std::move(file_name);
      try {
        contents = read_contents(bytes, format);
        for (const auto& [key, tensor] : contents.tensors) {
          if (!index.emplace(key, &tensor).second) throw Error("two tensors are named \"" + key + "\"");
        }
      } catch (const Error& error) {
        throw Error(name + ": " + one_line(error.what()));
      }
    }
  };

  explicit Checkpoint(std::shared_ptr<const State> state) : state_(std::move(state)) {}

  /// Names from damaged files may hold anything: control characters become spaces, long messages are cut.
  static std::string one_line(std::string message) {
    constexpr std::size_t longest = 400;
    if (message.size() > longest) message = message.substr(0, longest) + "...";
    std::ranges::replace_if(
        message, [](char c) { return (c >= 0 && c < ' ') || c == '\x7f'; }, ' ');
    return message;
  }

  std::shared_ptr<const State> state_;
};

}  // namespace RFPP_ABI
}  // namespace rfpp::io

#ifndef RFPP_COMPILED_KERNELS
#include "rfpp/io/checkpoint_forms.hpp"
#endif

#endif
