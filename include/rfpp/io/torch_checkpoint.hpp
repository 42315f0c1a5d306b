#ifndef RFPP_IO_TORCH_CHECKPOINT_HPP
#define RFPP_IO_TORCH_CHECKPOINT_HPP

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "rfpp/core/error.hpp"
#include "rfpp/io/byte_reader.hpp"
#include "rfpp/io/tensor_view.hpp"
#include "rfpp/io/torch_pickle.hpp"
#include "rfpp/io/zip.hpp"

namespace rfpp::io {
inline namespace RFPP_ABI {

namespace detail {

/// Lists the tensors that a pickle's root reaches through dicts, lists and tuples. Names are keys and
/// positions joined with dots: "state_dict.vqvae.encoder.conv_in.weight".
class TensorCollector {
 public:
  using FindStorage = std::function<std::span<const std::byte>(const pickle::Storage&)>;

  /// `find_storage` gives a storage's bytes; `file_bytes` is the size of the whole file.
  TensorCollector(const pickle::Unpickler& pickle, FindStorage find_storage, std::size_t file_bytes)
      : pickle_(pickle),
        find_storage_(std::move(find_storage)),
        file_bytes_(file_bytes),
        budget_(64 * pickle.position()) {}

  CheckpointContents collect(pickle::Handle root) {
    visit(root, 0);
    if (tensors_.empty() && unread_.empty()) {
      throw Error(
          "expected dicts of tensors, found none (pickled modules and TorchScript would have to be run); "
          "save "
          "the module's state_dict() instead");
    }
    return {std::move(tensors_), {}, std::move(unread_)};
  }

 private:
  static constexpr int max_depth = 32;

  // A dict that is met again is listed again, as Python sees it; cycles and doublings of doublings end here.
  void charge(std::size_t cost) {
    if (cost > budget_) throw Error("its dicts expand to more than 64 times the pickle's size");
    budget_ -= cost;
  }

  void visit(pickle::Handle value, int depth) {
    if (depth > max_depth) throw Error("dicts nest deeper than " + std::to_string(max_depth) + " levels");
    if (const auto* dict = pickle_.as<pickle::Dict>(value)) {
      for (const auto& [key, item] : dict->items) {
        const auto* number = pickle_.as<std::int64_t>(key);
        const auto* text = pickle_.as<std::string_view>(key);
        if (number != nullptr) visit_child(std::to_string(*number), item, depth);
        if (text != nullptr) visit_child(*text, item, depth);
      }
    } else if (const auto* sequence = pickle_.as<pickle::Sequence>(value)) {
      std::size_t i = 0;
      for (const auto item : sequence->items) visit_child(std::to_string(i++), item, depth);
    } else if (const auto* tensor = pickle_.as<pickle::Tensor>(value)) {
      charge(path_.size() + 256);  // about what a listed tensor occupies
      try {
        tensors_.push_back({path_, view(*tensor)});
      } catch (const Error& error) {
        throw Error("tensor \"" + path_ + "\": " + error.what());
      }
    } else if (const auto* unread = pickle_.as<pickle::Unread>(value)) {
      charge(path_.size() + 256);
      unread_.emplace(path_, unread->storage);
    }
  }

  void visit_child(std::string_view name, pickle::Handle value, int depth) {
    charge(name.size() + 1);
    const std::size_t length = path_.size();
    if (depth > 0) path_ += '.';
    path_ += name;
    visit(value, depth + 1);
    path_.resize(length);
  }

  TensorView view(const pickle::Tensor& tensor) const {
    const auto& storage = pickle_.expect<pickle::Storage>(tensor.storage, "a storage");
    const auto width = static_cast<std::int64_t>(dtype_size(storage.dtype));
    auto bytes = find_storage_(storage);
    const std::int64_t end = checked_multiply(checked_add(storage.begin, storage.count), width);
    if (storage.begin < 0 || storage.count < 0 || static_cast<std::uint64_t>(end) > bytes.size()) {
      throw Error("its storage needs " + std::to_string(end) + " bytes, the file holds " +
                  std::to_string(bytes.size()));
    }
    bytes = bytes.subspan(static_cast<std::size_t>(storage.begin * width),
                          static_cast<std::size_t>(storage.count * width));
    auto result =
        view_into(bytes, storage.dtype, numbers(tensor.shape), numbers(tensor.strides), tensor.offset);
    // Strides of 0 repeat elements for free, but whoever reads them allocates them all.
    if (static_cast<std::uint64_t>(result.count() * width) > file_bytes_) {
      throw Error("shape " + to_string(result.shape) + " is larger than the file");
    }
    return result;
  }

  std::vector<std::int64_t> numbers(pickle::Handle value) const {
    const auto& items = pickle_.expect<pickle::Sequence>(value, "a tuple of numbers").items;
    if (items.size() > max_dimensions)
      throw Error(std::to_string(items.size()) + " dimensions, expected at most 64");
    std::vector<std::int64_t> result;
    result.reserve(items.size());
    for (const auto item : items) result.push_back(pickle_.expect<std::int64_t>(item, "a number"));
    return result;
  }

  const pickle::Unpickler& pickle_;
  FindStorage find_storage_;
  std::size_t file_bytes_;
  std::size_t budget_;
  std::string path_;
  std::vector<NamedTensor> tensors_;
  std::map<std::string, std::string> unread_;
};

/// "\x8a\x0a" (a long of ten bytes), torch's magic number 0x1950a86a20f9469cfc6c, STOP.
inline constexpr std::string_view torch_magic = "\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.";

/// Where the pickle of the magic number ends; 0 if the file does not start with it.
inline std::size_t torch_magic_end(std::span<const std::byte> bytes) {
  const std::string_view text = as_text(bytes);
  for (const std::size_t begin : {2U, 11U}) {  // behind PROTO, and FRAME since protocol 4
    if (text.size() > begin && text[0] == '\x80' && text.substr(begin).starts_with(torch_magic)) {
      return begin + torch_magic.size();
    }
  }
  return 0;
}

}  // namespace detail

inline bool is_torch_zip(std::span<const std::byte> bytes) { return as_text(bytes).starts_with("PK\3\4"); }

inline bool is_torch_legacy(std::span<const std::byte> bytes) { return detail::torch_magic_end(bytes) > 0; }

/// Reads what torch.save wrote since PyTorch 1.6: a zip archive of data.pkl and one entry data/<key> per
/// storage.
inline CheckpointContents read_torch_zip(std::span<const std::byte> bytes) {
  const ZipArchive archive(bytes);
  const std::string folder(archive.folder_of("data.pkl"));
  if (archive.contains(folder + "byteorder") && as_text(archive.at(folder + "byteorder")) != "little") {
    throw Error("expected little-endian data, found big-endian");
  }
  pickle::Unpickler pickle(archive.at(folder + "data.pkl"));
  const auto root = pickle.run();
  const auto find_storage = [&](const pickle::Storage& storage) {
    return archive.at(folder + "data/" + std::string(storage.key));
  };
  return detail::TensorCollector(pickle, find_storage, bytes.size()).collect(root);
}

/// Reads what torch.save wrote before PyTorch 1.6: the pickles of a magic number, the protocol version, facts
/// about the machine, the object and the list of storage keys; then for each key a count and the elements.
inline CheckpointContents read_torch_legacy(std::span<const std::byte> bytes) {
  pickle::Unpickler pickle(bytes, detail::torch_magic_end(bytes));
  const auto version = pickle.run();
  if (pickle.expect<std::int64_t>(version, "a protocol version") != 1001) {
    throw Error("expected PyTorch protocol version 1001");
  }
  for (const auto& [key, value] :
       pickle.expect<pickle::Dict>(pickle.run(), "facts about the machine").items) {
    const auto* text = pickle.as<std::string_view>(key);
    const auto* flag = pickle.as<std::int64_t>(value);
    if (text != nullptr && flag != nullptr && *text == "little_endian" && *flag == 0) {
      throw Error("expected little-endian data, found big-endian");
    }
  }
  const auto root = pickle.run();

  std::map<std::string_view, DType> dtypes;
  for (const auto& value : pickle.values()) {
    // The size of its elements, and so where the next storage begins, is not in the file.
    if (const auto* unread = std::get_if<pickle::Unread>(&value))
      throw Error("unsupported storage torch." + std::string(unread->storage));
    if (const auto* storage = std::get_if<pickle::Storage>(&value)) {
      if (dtypes.emplace(storage->key, storage->dtype).first->second != storage->dtype) {
        throw Error("storage " + std::string(storage->key) + " has two element types");
      }
    }
  }
  std::map<std::string_view, std::span<const std::byte>> storages;
  const auto keys = pickle.run();
  ByteReader reader(bytes, pickle.position());
  for (const auto item : pickle.expect<pickle::Sequence>(keys, "a list of storages").items) {
    const auto key = pickle.expect<std::string_view>(item, "a storage's key");
    const auto dtype = dtypes.find(key);
    if (dtype == dtypes.end()) throw Error("storage " + std::string(key) + " has no element type");
    const auto size = detail::checked_multiply(reader.get<std::int64_t>(),
                                               static_cast<std::int64_t>(dtype_size(dtype->second)));
    storages[key] = reader.take(static_cast<std::uint64_t>(size));
  }
  const auto find_storage = [&](const pickle::Storage& storage) {
    const auto found = storages.find(storage.key);
    if (found == storages.end()) throw Error("storage " + std::string(storage.key) + " is missing");
    return found->second;
  };
  return detail::TensorCollector(pickle, find_storage, bytes.size()).collect(root);
}

}  // namespace RFPP_ABI
}  // namespace rfpp::io

#endif
