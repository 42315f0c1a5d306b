#ifndef RFPP_IO_JPEG_BITS_HPP
#define RFPP_IO_JPEG_BITS_HPP

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

#include "rfpp/core/error.hpp"
#include "rfpp/io/exif.hpp"

namespace rfpp::io::detail {
inline namespace RFPP_ABI {

/// The segment of the tables that frames of motion JPEG leave out. Source: ITU T.81, annex K.3.
inline constexpr std::uint8_t standard_huffman_tables[] = {
    0xFF, 0xC4, 0x01, 0xA2, 0x00, 0x00, 0x01, 0x05, 0x01, 0x01, 0x01, 0x01, 0x01, 0x01, 0x00, 0x00, 0x00,
    0x00, 0x00, 0x00, 0x00, 0x00, 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08, 0x09, 0x0A, 0x0B, 0x10,
    0x00, 0x02, 0x01, 0x03, 0x03, 0x02, 0x04, 0x03, 0x05, 0x05, 0x04, 0x04, 0x00, 0x00, 0x01, 0x7D, 0x01,
    0x02, 0x03, 0x00, 0x04, 0x11, 0x05, 0x12, 0x21, 0x31, 0x41, 0x06, 0x13, 0x51, 0x61, 0x07, 0x22, 0x71,
    0x14, 0x32, 0x81, 0x91, 0xA1, 0x08, 0x23, 0x42, 0xB1, 0xC1, 0x15, 0x52, 0xD1, 0xF0, 0x24, 0x33, 0x62,
    0x72, 0x82, 0x09, 0x0A, 0x16, 0x17, 0x18, 0x19, 0x1A, 0x25, 0x26, 0x27, 0x28, 0x29, 0x2A, 0x34, 0x35,
    0x36, 0x37, 0x38, 0x39, 0x3A, 0x43, 0x44, 0x45, 0x46, 0x47, 0x48, 0x49, 0x4A, 0x53, 0x54, 0x55, 0x56,
    0x57, 0x58, 0x59, 0x5A, 0x63, 0x64, 0x65, 0x66, 0x67, 0x68, 0x69, 0x6A, 0x73, 0x74, 0x75, 0x76, 0x77,
    0x78, 0x79, 0x7A, 0x83, 0x84, 0x85, 0x86, 0x87, 0x88, 0x89, 0x8A, 0x92, 0x93, 0x94, 0x95, 0x96, 0x97,
    0x98, 0x99, 0x9A, 0xA2, 0xA3, 0xA4, 0xA5, 0xA6, 0xA7, 0xA8, 0xA9, 0xAA, 0xB2, 0xB3, 0xB4, 0xB5, 0xB6,
    0xB7, 0xB8, 0xB9, 0xBA, 0xC2, 0xC3, 0xC4, 0xC5, 0xC6, 0xC7, 0xC8, 0xC9, 0xCA, 0xD2, 0xD3, 0xD4, 0xD5,
    0xD6, 0xD7, 0xD8, 0xD9, 0xDA, 0xE1, 0xE2, 0xE3, 0xE4, 0xE5, 0xE6, 0xE7, 0xE8, 0xE9, 0xEA, 0xF1, 0xF2,
    0xF3, 0xF4, 0xF5, 0xF6, 0xF7, 0xF8, 0xF9, 0xFA, 0x01, 0x00, 0x03, 0x01, 0x01, 0x01, 0x01, 0x01, 0x01,
    0x01, 0x01, 0x01, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08,
    0x09, 0x0A, 0x0B, 0x11, 0x00, 0x02, 0x01, 0x02, 0x04, 0x04, 0x03, 0x04, 0x07, 0x05, 0x04, 0x04, 0x00,
    0x01, 0x02, 0x77, 0x00, 0x01, 0x02, 0x03, 0x11, 0x04, 0x05, 0x21, 0x31, 0x06, 0x12, 0x41, 0x51, 0x07,
    0x61, 0x71, 0x13, 0x22, 0x32, 0x81, 0x08, 0x14, 0x42, 0x91, 0xA1, 0xB1, 0xC1, 0x09, 0x23, 0x33, 0x52,
    0xF0, 0x15, 0x62, 0x72, 0xD1, 0x0A, 0x16, 0x24, 0x34, 0xE1, 0x25, 0xF1, 0x17, 0x18, 0x19, 0x1A, 0x26,
    0x27, 0x28, 0x29, 0x2A, 0x35, 0x36, 0x37, 0x38, 0x39, 0x3A, 0x43, 0x44, 0x45, 0x46, 0x47, 0x48, 0x49,
    0x4A, 0x53, 0x54, 0x55, 0x56, 0x57, 0x58, 0x59, 0x5A, 0x63, 0x64, 0x65, 0x66, 0x67, 0x68, 0x69, 0x6A,
    0x73, 0x74, 0x75, 0x76, 0x77, 0x78, 0x79, 0x7A, 0x82, 0x83, 0x84, 0x85, 0x86, 0x87, 0x88, 0x89, 0x8A,
    0x92, 0x93, 0x94, 0x95, 0x96, 0x97, 0x98, 0x99, 0x9A, 0xA2, 0xA3, 0xA4, 0xA5, 0xA6, 0xA7, 0xA8, 0xA9,
    0xAA, 0xB2, 0xB3, 0xB4, 0xB5, 0xB6, 0xB7, 0xB8, 0xB9, 0xBA, 0xC2, 0xC3, 0xC4, 0xC5, 0xC6, 0xC7, 0xC8,
    0xC9, 0xCA, 0xD2, 0xD3, 0xD4, 0xD5, 0xD6, 0xD7, 0xD8, 0xD9, 0xDA, 0xE2, 0xE3, 0xE4, 0xE5, 0xE6, 0xE7,
    0xE8, 0xE9, 0xEA, 0xF2, 0xF3, 0xF4, 0xF5, 0xF6, 0xF7, 0xF8, 0xF9, 0xFA};

/// A Huffman table as blocks are walked with it: not what coefficients are, but where they end.
class HuffmanTable {
 public:
  /// The advance of a code for all coefficients that are left.
  static constexpr std::uint32_t end_of_block = 128;

  struct alignas(4) Step {
    std::uint8_t bits;     ///< of the code and of the number behind it; 0 where there is no such code
    std::uint8_t advance;  ///< coefficients that they stand for
    std::uint8_t size;     ///< bits of the number alone
  };

  /// Takes a table at the front of `segment`, behind its class and number, and returns its size in bytes.
  /// Throws Error for a table of too many codes. Source: ITU T.81, annex C.
  std::size_t read(std::span<const std::byte> segment, bool direct) {
    short_codes_.fill({});
    std::size_t symbol = 16;
    std::uint32_t code = 0;
    for (std::uint32_t length = 1; length <= 16; ++length) {
      const std::uint32_t step = 1U << (16 - length);
      first_[length] = code;
      offset_[length] = symbol - 16;
      for (std::uint32_t i = load_number(segment, length - 1, 1); i > 0; --i, code += step) {
        if (code + step > 65536 || symbol >= 16 + steps_.size())
          throw Error("corrupt JPEG: a Huffman table with too many codes");
        const Step entry = step_of(length, load_number(segment, symbol, 1), direct);
        steps_[symbol++ - 16] = entry;
        if (length <= short_bits)
          std::fill_n(short_codes_.begin() + (code >> (16 - short_bits)), step >> (16 - short_bits), entry);
      }
      end_[length] = code;
    }
    defined_ = true;
    if (!direct) join_steps();
    return symbol;
  }

  bool defined() const { return defined_; }

  /// All that the next 16 bits begin with that is known from the first of them: one code or more, of which
  /// none is behind the end of the block; no bits where the first code is longer.
  Step joined(std::uint32_t bits) const { return joined_[bits >> (16 - joined_bits)]; }

  /// The code that the next 16 bits begin with.
  Step operator()(std::uint32_t bits) const {
    const Step step = short_codes_[bits >> (16 - short_bits)];
    return step.bits != 0 ? step : long_code(bits);
  }

 private:
  static constexpr std::uint32_t short_bits = 10, joined_bits = 12, most_joined = 24;

  static Step step_of(std::uint32_t length, std::uint32_t symbol, bool direct) {
    const std::uint32_t size = symbol & 15U, run = symbol >> 4;
    const std::uint32_t advance = direct ? 1 : size == 0 && run < 15 ? end_of_block : run + 1;
    return {static_cast<std::uint8_t>(length + size), static_cast<std::uint8_t>(advance),
            static_cast<std::uint8_t>(size)};
  }

  void join_steps() {
    for (std::uint32_t window = 0; window < joined_.size(); ++window) {
      Step sum{};
      for (std::uint32_t used = 0; used < joined_bits && sum.advance < end_of_block;) {
        const Step step = (*this)(window << (16 - joined_bits + used) & 0xFFFFU);
        const bool known = step.bits != 0 && used + step.bits - step.size <= joined_bits;
        const bool fits = used + step.bits <= most_joined &&
                          (step.advance == end_of_block || sum.advance + step.advance < end_of_block);
        if (!known || !fits) break;
        used += step.bits;
        sum.bits = static_cast<std::uint8_t>(used);
        sum.advance = static_cast<std::uint8_t>(sum.advance + step.advance);
      }
      joined_[window] = sum;
    }
  }

  Step long_code(std::uint32_t bits) const {
    for (std::uint32_t length = short_bits + 1; length <= 16; ++length)
      if (bits < end_[length]) return steps_[offset_[length] + ((bits - first_[length]) >> (16 - length))];
    return {};
  }

  std::array<Step, std::size_t{1} << short_bits> short_codes_{};
  std::array<Step, std::size_t{1} << joined_bits> joined_{};
  std::array<Step, 256> steps_{};
  std::array<std::uint32_t, 17> first_{}, end_{};
  std::array<std::size_t, 17> offset_{};
  bool defined_ = false;
};

/// The bits of a scan's interval; zeros once they end.
class JpegBits {
 public:
  JpegBits(std::span<const std::byte> data, std::size_t begin) : data_(data), position_(begin) {}

  /// The next 16 bits; 32 at least are there to skip.
  std::uint32_t peek() {
    if (count_ < 32) fill();
    return static_cast<std::uint32_t>(buffer_ >> 48);
  }
  /// The number behind the code that they begin with.
  int number(HuffmanTable::Step step) const {
    if (step.size == 0) return 0;
    const auto bits = static_cast<int>(buffer_ << (step.bits - step.size) >> (64 - step.size));
    return bits >> (step.size - 1) != 0 ? bits : bits - (1 << step.size) + 1;
  }
  void skip(int bits) {
    buffer_ <<= bits;
    count_ -= bits;
  }
  /// Whether more bits were skipped than there were.
  bool ended() const { return count_ < zeros_; }
  /// Whether what is left of the interval is what fills its last byte.
  bool at_end() const {
    const int left = count_ - zeros_;
    if (left < 0 || left > 7 || !no_more()) return false;
    const std::uint64_t ones = left == 0 ? 0 : ~std::uint64_t{0} << (64 - left);
    return (buffer_ & ones) == ones || (buffer_ & ones) == 0;
  }
  /// Where the byte behind the last that was used lies.
  std::size_t position() const {
    std::size_t position = position_;
    for (int bytes = std::max(count_ - zeros_, 0) / 8; bytes > 0; --bytes)
      position -= position >= 2 && data_[position - 2] == std::byte{0xFF} ? 2 : 1;
    return position;
  }

 private:
  bool no_more() const {
    return position_ >= data_.size() ||
           (data_[position_] == std::byte{0xFF} &&
            (position_ + 1 >= data_.size() || data_[position_ + 1] != std::byte{0}));
  }

  void fill() {
    if (position_ + 8 <= data_.size()) {
      std::uint64_t word = 0;
      std::memcpy(&word, data_.data() + position_, 8);
      constexpr std::uint64_t ones = 0x0101010101010101U;
      if (((~word - ones) & word & (ones << 7U)) == 0) {  // no byte is 0xFF
        if constexpr (std::endian::native == std::endian::little) word = __builtin_bswap64(word);
        const int bytes = (63 - count_) / 8, rest = 64 - count_ - bytes * 8;
        buffer_ |= word >> count_ >> rest << rest;
        position_ += static_cast<std::size_t>(bytes);
        count_ += bytes * 8;
        return;
      }
    }
    while (count_ <= 48) {
      std::uint64_t byte = 0;
      if (!no_more()) {
        byte = std::to_integer<std::uint64_t>(data_[position_]);
        position_ += byte == 0xFF ? 2 : 1;
      } else {
        zeros_ += 8;
      }
      buffer_ |= byte << (56 - count_);
      count_ += 8;
    }
  }

  std::span<const std::byte> data_;
  std::size_t position_;
  std::uint64_t buffer_ = 0;
  int count_ = 0, zeros_ = 0;
};

}  // namespace RFPP_ABI
}  // namespace rfpp::io::detail

#endif
