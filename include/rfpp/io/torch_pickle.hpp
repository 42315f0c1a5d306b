#ifndef RFPP_IO_TORCH_PICKLE_HPP
#define RFPP_IO_TORCH_PICKLE_HPP

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "rfpp/core/error.hpp"
#include "rfpp/io/byte_reader.hpp"
#include "rfpp/io/dtype.hpp"

namespace rfpp::io::pickle {
inline namespace RFPP_ABI {

/// Values refer to each other by index, so cycles and deep nesting cost nothing, not even on destruction.
using Handle = std::uint32_t;

/// Whatever has no part in finding tensors: None, floats, bytes, sets, classes and their instances.
struct Opaque {};
/// A list or a tuple.
struct Sequence {
  std::vector<Handle> items;
};
/// A dict or an OrderedDict, as pairs in the order they were set.
struct Dict {
  std::vector<std::pair<Handle, Handle>> items;
};
/// A class or function, by name only.
struct Global {
  std::string_view module, name;
};
/// Elements [begin, begin + count) of the storage called `key`.
struct Storage {
  DType dtype;
  std::string_view key;
  std::int64_t begin, count;
};
/// Arguments of torch._utils._rebuild_tensor_v2, not yet checked.
struct Tensor {
  Handle storage;
  std::int64_t offset;
  Handle shape, strides;
};
/// A storage of elements that DType lacks, by its class, and any tensor of it.
struct Unread {
  std::string_view storage;
};

using Value =
    std::variant<Opaque, std::int64_t, std::string_view, Sequence, Dict, Global, Storage, Tensor, Unread>;

/// Element type of a storage class such as torch.FloatStorage.
inline std::optional<DType> storage_dtype(const Global& global) {
  constexpr std::pair<std::string_view, DType> classes[] = {
      {"DoubleStorage", DType::float64},    {"FloatStorage", DType::float32}, {"HalfStorage", DType::float16},
      {"BFloat16Storage", DType::bfloat16}, {"LongStorage", DType::int64},    {"IntStorage", DType::int32},
      {"ShortStorage", DType::int16},       {"CharStorage", DType::int8},     {"ByteStorage", DType::uint8},
      {"BoolStorage", DType::boolean}};
  for (const auto& [name, dtype] : classes)
    if (global.module == "torch" && global.name == name) return dtype;
  return std::nullopt;
}

/// Reads one pickle as torch.save writes it (protocols 1 to 5) without running anything that it asks for:
/// classes and functions are inert names, and calling or building anything but a tensor, a parameter or an
/// OrderedDict gives an Opaque. Memory is at most in proportion to the input and bounded by max_values.
/// Throws Error for damaged pickles. Opcodes: CPython's Lib/pickletools.py; persistent ids:
/// torch/serialization.py.
class Unpickler {
 public:
  static constexpr std::size_t max_values = 1'000'000;

  /// Texts in the values point into `bytes`.
  explicit Unpickler(std::span<const std::byte> bytes, std::size_t position = 0) : reader_(bytes, position) {}

  /// Reads up to and including the next STOP and returns the root.
  Handle run() {
    stack_.clear();
    marks_.clear();
    memo_.clear();
    declares_protocol_ = false;
    while (true) {
      const auto opcode = reader_.get<std::uint8_t>();
      if (opcode == '.') return pop();
      if (!push_scalar(opcode) && !push_container(opcode) && !fill_container(opcode) && !use_memo(opcode) &&
          !call(opcode))
        refuse(opcode);
    }
  }

  std::size_t position() const { return reader_.position(); }

  const std::vector<Value>& values() const { return values_; }

  /// The value as a T, or nullptr.
  template <class T> const T* as(Handle handle) const { return std::get_if<T>(&values_[handle]); }

  template <class T> const T& expect(Handle handle, const char* what) const {
    const T* value = as<T>(handle);
    if (value == nullptr) fail(std::string("expected ") + what);
    return *value;
  }

 private:
  [[noreturn]] void fail(const std::string& what) const {
    throw Error("damaged pickle: " + what + " (read up to byte " + std::to_string(reader_.position()) + ")");
  }

  [[noreturn]] void refuse(std::uint8_t opcode) const {
    const bool is_text = std::string_view("pgPVSLF").find(static_cast<char>(opcode)) < 7;
    if (is_text && !declares_protocol_)
      throw Error(
          "a pickle of protocol 0, expected 1 to 5; write it again with torch.save, without "
          "pickle_protocol=0");
    fail("unsupported opcode " + std::to_string(opcode));
  }

  void push(Value value) {
    if (values_.size() >= max_values) fail("more than " + std::to_string(max_values) + " values");
    stack_.push_back(static_cast<Handle>(values_.size()));
    values_.push_back(std::move(value));
  }

  /// Handle 0 serves for every Opaque.
  void push_opaque() { stack_.push_back(0); }

  Handle pop() {
    if (stack_.size() <= (marks_.empty() ? 0 : marks_.back())) fail("empty stack");
    const Handle top = stack_.back();
    stack_.pop_back();
    return top;
  }

  Handle top() {
    const Handle handle = pop();
    stack_.push_back(handle);
    return handle;
  }

  /// Everything above the topmost mark; both leave the stack.
  std::vector<Handle> pop_to_mark() {
    if (marks_.empty()) fail("no mark");
    const auto first = stack_.begin() + static_cast<std::ptrdiff_t>(marks_.back());
    std::vector<Handle> items(first, stack_.end());
    stack_.erase(first, stack_.end());
    marks_.pop_back();
    return items;
  }

  std::vector<Handle> pop_items(std::size_t count) {
    std::vector<Handle> items(count);
    while (count-- > 0) items[count] = pop();
    return items;
  }

  void push_text(std::uint64_t bytes) { push(as_text(reader_.take(bytes))); }

  void skip(std::uint64_t bytes) {
    reader_.take(bytes);
    push_opaque();
  }

  /// LONG1, LONG4: two's complement of any length. What does not fit 64 bits is no size, offset or name.
  void push_long(std::uint64_t bytes) {
    const auto digits = reader_.take(bytes);
    if (digits.size() > 8) return push_opaque();
    std::uint64_t value =
        !digits.empty() && (digits.back() & std::byte{0x80}) != std::byte{0} ? ~std::uint64_t{0} : 0;
    for (std::size_t i = digits.size(); i-- > 0;)
      value = value << 8 | std::to_integer<std::uint64_t>(digits[i]);
    push(static_cast<std::int64_t>(value));
  }

  /// INT: decimal text; "00" and "01" are booleans.
  void push_decimal(std::string_view text) {
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size()) fail("expected a whole number");
    push(value);
  }

  // clang-format off
  bool push_scalar(std::uint8_t opcode) {
    switch (opcode) {
      case 0x80: skip_protocol(); return true;                                  // PROTO
      case 0x95: reader_.get<std::uint64_t>(); return true;                     // FRAME
      case 'N': push_opaque(); return true;                                     // NONE
      case 0x88: push(std::int64_t{1}); return true;                            // NEWTRUE
      case 0x89: push(std::int64_t{0}); return true;                            // NEWFALSE
      case 'K': push(std::int64_t{reader_.get<std::uint8_t>()}); return true;   // BININT1
      case 'M': push(std::int64_t{reader_.get<std::uint16_t>()}); return true;  // BININT2
      case 'J': push(std::int64_t{reader_.get<std::int32_t>()}); return true;   // BININT
      case 'I': push_decimal(reader_.line()); return true;                      // INT
      case 0x8a: push_long(reader_.get<std::uint8_t>()); return true;           // LONG1
      case 0x8b: push_long(reader_.get<std::uint32_t>()); return true;          // LONG4
      case 'G': skip(8); return true;                                           // BINFLOAT
      case 'U': push_text(reader_.get<std::uint8_t>()); return true;            // SHORT_BINSTRING
      case 'T': push_text(reader_.get<std::uint32_t>()); return true;           // BINSTRING
      case 0x8c: push_text(reader_.get<std::uint8_t>()); return true;           // SHORT_BINUNICODE
      case 'X': push_text(reader_.get<std::uint32_t>()); return true;           // BINUNICODE
      case 0x8d: push_text(reader_.get<std::uint64_t>()); return true;          // BINUNICODE8
      case 'C': skip(reader_.get<std::uint8_t>()); return true;                 // SHORT_BINBYTES
      case 'B': skip(reader_.get<std::uint32_t>()); return true;                // BINBYTES
      case 0x8e: skip(reader_.get<std::uint64_t>()); return true;               // BINBYTES8
      case 0x96: skip(reader_.get<std::uint64_t>()); return true;               // BYTEARRAY8
      default: return false;
    }
  }

  bool push_container(std::uint8_t opcode) {
    switch (opcode) {
      case '(': marks_.push_back(stack_.size()); return true;       // MARK
      case ']': push(Sequence{}); return true;                      // EMPTY_LIST
      case ')': push(Sequence{}); return true;                      // EMPTY_TUPLE
      case '}': push(Dict{}); return true;                          // EMPTY_DICT
      case 'l': push(Sequence{pop_to_mark()}); return true;         // LIST
      case 't': push(Sequence{pop_to_mark()}); return true;         // TUPLE
      case 0x85: push(Sequence{pop_items(1)}); return true;         // TUPLE1
      case 0x86: push(Sequence{pop_items(2)}); return true;         // TUPLE2
      case 0x87: push(Sequence{pop_items(3)}); return true;         // TUPLE3
      case 'd': push_dict(pop_to_mark()); return true;              // DICT
      case 0x8f: push_opaque(); return true;                        // EMPTY_SET
      case 0x91: pop_to_mark(); push_opaque(); return true;         // FROZENSET
      default: return false;
    }
  }

  /// Opaque objects (deque, defaultdict, set) drop the items that they are given.
  bool fill_container(std::uint8_t opcode) {
    switch (opcode) {
      case 'a': append(pop_items(1)); return true;                  // APPEND
      case 'e': append(pop_to_mark()); return true;                 // APPENDS
      case 's': set_items(pop_items(2)); return true;               // SETITEM
      case 'u': set_items(pop_to_mark()); return true;              // SETITEMS
      case 0x90: pop_to_mark(); top(); return true;                 // ADDITEMS
      default: return false;
    }
  }

  bool use_memo(std::uint8_t opcode) {
    switch (opcode) {
      case 'q': memo_[reader_.get<std::uint8_t>()] = top(); return true;   // BINPUT
      case 'r': memo_[reader_.get<std::uint32_t>()] = top(); return true;  // LONG_BINPUT
      case 0x94: memo_.emplace(memo_.size(), top()); return true;          // MEMOIZE
      case 'h': recall(reader_.get<std::uint8_t>()); return true;          // BINGET
      case 'j': recall(reader_.get<std::uint32_t>()); return true;         // LONG_BINGET
      case '0': pop_value_or_mark(); return true;                          // POP
      case '1': pop_to_mark(); return true;                                // POP_MARK
      case '2': stack_.push_back(top()); return true;                      // DUP
      default: return false;
    }
  }

  bool call(std::uint8_t opcode) {
    switch (opcode) {
      case 'c': push_global(); return true;                                // GLOBAL
      case 0x93: push_stack_global(); return true;                         // STACK_GLOBAL
      case 'Q': push_persistent(pop()); return true;                       // BINPERSID
      case 'R': reduce(pop_items(2)); return true;                         // REDUCE
      case 'b': pop(); top(); return true;                                 // BUILD
      case 0x81: pop_items(2); push_opaque(); return true;                 // NEWOBJ
      case 0x92: pop_items(3); push_opaque(); return true;                 // NEWOBJ_EX
      case 'o': pop_to_mark(); push_opaque(); return true;                 // OBJ
      case 'i': push_global(); pop(); pop_to_mark(); push_opaque(); return true;  // INST
      default: return false;
    }
  }
  // clang-format on

  void skip_protocol() {
    if (reader_.get<std::uint8_t>() > 5) fail("expected protocol 5 or older");
    declares_protocol_ = true;
  }

  void push_dict(const std::vector<Handle>& items) {
    push(Dict{});
    set_items(items);
  }

  void append(const std::vector<Handle>& items) {
    if (auto* sequence = std::get_if<Sequence>(&values_[top()])) {
      sequence->items.insert(sequence->items.end(), items.begin(), items.end());
    }
  }

  void set_items(const std::vector<Handle>& items) {
    if (items.size() % 2 != 0) fail("key without a value");
    if (auto* dict = std::get_if<Dict>(&values_[top()])) {
      for (std::size_t i = 0; i < items.size(); i += 2) dict->items.emplace_back(items[i], items[i + 1]);
    }
  }

  void pop_value_or_mark() {
    if (!marks_.empty() && marks_.back() == stack_.size()) {
      marks_.pop_back();
    } else {
      pop();
    }
  }

  void recall(std::uint64_t index) {
    if (!memo_.contains(index)) fail("memo entry " + std::to_string(index) + " was never set");
    stack_.push_back(memo_.at(index));
  }

  void push_global() {
    const auto module = reader_.line();
    push(Global{module, reader_.line()});
  }

  void push_stack_global() {
    const auto names = pop_items(2);
    push(Global{expect<std::string_view>(names[0], "a module's name"),
                expect<std::string_view>(names[1], "a name")});
  }

  /// Calls by name, as (function, arguments).
  void reduce(const std::vector<Handle>& operands) {
    const Global* global = as<Global>(operands[0]);
    const Sequence* tuple = as<Sequence>(operands[1]);
    if (global == nullptr || tuple == nullptr) return push_opaque();
    const auto& items = tuple->items;
    const auto is = [&](std::string_view module, std::string_view name) {
      return global->module == module && global->name == name;
    };
    if (is("torch._utils", "_rebuild_tensor_v2") || is("torch._utils", "_rebuild_tensor_v3") ||
        is("torch._utils", "_rebuild_tensor")) {
      if (items.size() < 4) fail("tensor with too few arguments");
      if (as<Unread>(items[0]) != nullptr) return stack_.push_back(items[0]);
      return push(Tensor{items[0], expect<std::int64_t>(items[1], "a storage offset"), items[2], items[3]});
    }
    const bool parameter =
        is("torch._utils", "_rebuild_parameter") || is("torch._utils", "_rebuild_parameter_with_state");
    if (parameter && !items.empty()) return stack_.push_back(items[0]);
    // (function, class, its arguments, attributes)
    if (is("torch._tensor", "_rebuild_from_type_v2") && items.size() >= 3 && type_depth_ == 0) {
      ++type_depth_;
      reduce({items[0], items[2]});
      --type_depth_;
      return;
    }
    if (is("collections", "OrderedDict")) return push_ordered_dict(items);
    push_opaque();
  }

  /// OrderedDict(), or as Python 2 wrote it OrderedDict([[key, value], ...]).
  void push_ordered_dict(const std::vector<Handle>& arguments) {
    Dict dict;
    if (!arguments.empty()) {
      for (const Handle item : expect<Sequence>(arguments[0], "a list of pairs").items) {
        const auto& pair = expect<Sequence>(item, "a pair").items;
        if (pair.size() != 2) fail("expected a pair");
        dict.items.emplace_back(pair[0], pair[1]);
        if (++copied_pairs_ > max_values) fail("more than " + std::to_string(max_values) + " pairs");
      }
    }
    push(std::move(dict));
  }

  /// ('storage', class, key, location, count[, None or (view key, begin, count)]); other ids are Opaque.
  void push_persistent(Handle id) {
    const Sequence* tuple = as<Sequence>(id);
    if (tuple == nullptr || tuple->items.size() < 5) return push_opaque();
    const auto& items = tuple->items;
    const auto* kind = as<std::string_view>(items[0]);
    if (kind == nullptr || *kind != "storage") return push_opaque();
    const auto& type = expect<Global>(items[1], "a storage class");
    const auto dtype = storage_dtype(type);
    if (!dtype) return push(Unread{type.name});
    Storage storage{*dtype, expect<std::string_view>(items[2], "a storage's key"), 0,
                    expect<std::int64_t>(items[4], "a storage's size")};
    if (storage.count < 0) fail("negative storage size");
    if (const Sequence* view = items.size() > 5 ? as<Sequence>(items[5]) : nullptr) {
      if (view->items.size() != 3) fail("expected three numbers for a storage's view");
      storage.begin = expect<std::int64_t>(view->items[1], "a view's begin");
      storage.count = expect<std::int64_t>(view->items[2], "a view's size");
    }
    push(storage);
  }

  ByteReader reader_;
  std::vector<Value> values_{Opaque{}};
  std::vector<Handle> stack_;
  std::vector<std::size_t> marks_;        // stack sizes
  std::map<std::uint64_t, Handle> memo_;  // ordered: chosen indices cannot collide
  bool declares_protocol_ = false;        // pickles of protocols 0 and 1 do not
  int type_depth_ = 0;                    // of _rebuild_from_type_v2 in itself, which torch never writes
  std::size_t copied_pairs_ = 0;          // one list can be turned into many dicts
};

}  // namespace RFPP_ABI
}  // namespace rfpp::io::pickle

#endif
