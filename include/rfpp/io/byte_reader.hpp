#ifndef RFPP_IO_BYTE_READER_HPP
#define RFPP_IO_BYTE_READER_HPP

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>

#include "rfpp/core/error.hpp"

namespace rfpp::io {
inline namespace RFPP_ABI {

static_assert(std::endian::native == std::endian::little, "checkpoints are little-endian and read in place");

/// The bytes as text of the same extent.
inline std::string_view as_text(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// Forward reader over a block of bytes. Every read past the end throws Error; nothing is copied.
class ByteReader {
 public:
  explicit ByteReader(std::span<const std::byte> bytes, std::size_t position = 0)
      : bytes_(bytes), position_(position) {
    if (position > bytes.size()) {
      throw Error("truncated: byte " + std::to_string(position) + " expected, the data ends at byte " +
                  std::to_string(bytes.size()));
    }
  }

  std::size_t position() const { return position_; }

  /// The next `count` bytes.
  std::span<const std::byte> take(std::uint64_t count) {
    if (count > bytes_.size() - position_) {
      throw Error("truncated: " + std::to_string(count) + " bytes expected at byte " +
                  std::to_string(position_) + ", found " + std::to_string(bytes_.size() - position_));
    }
    const auto taken = bytes_.subspan(position_, static_cast<std::size_t>(count));
    position_ += taken.size();
    return taken;
  }

  /// The next little-endian number.
  template <class T> T get() {
    static_assert(std::is_arithmetic_v<T>);
    T value;
    std::memcpy(&value, take(sizeof(T)).data(), sizeof(T));
    return value;
  }

  /// The text up to the next newline, which is consumed too.
  std::string_view line() {
    const std::string_view rest = as_text(bytes_.subspan(position_));
    const std::size_t length = rest.find('\n');
    if (length == rest.npos) {
      throw Error("truncated: no end of the line at byte " + std::to_string(position_));
    }
    position_ += length + 1;
    return rest.substr(0, length);
  }

 private:
  std::span<const std::byte> bytes_;
  std::size_t position_;
};

}  // namespace RFPP_ABI
}  // namespace rfpp::io

#endif
