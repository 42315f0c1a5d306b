#ifndef RFPP_IO_JPEG_MEND_HPP
#define RFPP_IO_JPEG_MEND_HPP

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "rfpp/core/error.hpp"
#include "rfpp/io/exif.hpp"
#include "rfpp/io/icc.hpp"
#include "rfpp/io/image_header.hpp"

// stb_image refuses JPEGs that libjpeg reads with a warning. They are mended before it sees them: a second
// decoder would give other pixels on other machines, and every user of the headers would have to link it.

namespace rfpp::inline v0::io {

/// A JPEG that stb_image reads, and what was wrong with it.
struct MendedJpeg {
  Bytes bytes;
  std::vector<std::string> warnings;
  /// Blocks of an interleaved scan, row after row, that hold data; those behind them are gray.
  std::int64_t units = 0, units_present = 0;
  bool single_scan = true;
  int unit_width = 8, unit_height = 8;
};

namespace detail {

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

/// For each 16 bits the length of the code that they start with, 0 for none, and its symbol.
struct HuffmanLookup {
  std::vector<std::uint16_t> entries;
};

struct JpegComponent {
  std::uint32_t id = 0;
  int horizontal = 1, vertical = 1;
};

/// The bits of a scan's interval; zeros once they end.
class JpegBits {
 public:
  JpegBits(std::span<const std::byte> data, std::size_t begin) : data_(data), position_(begin) {}

  std::uint32_t peek() {
    while (count_ <= 48) {
      std::uint64_t byte = 0;
      if (position_ < data_.size() && !at_marker()) {
        byte = std::to_integer<std::uint64_t>(data_[position_]);
        position_ += byte == 0xFF ? 2 : 1;
        real_ += 8;
      }
      buffer_ |= byte << (56 - count_);
      count_ += 8;
    }
    return static_cast<std::uint32_t>(buffer_ >> 48);
  }
  void skip(int bits) {
    buffer_ <<= bits;
    count_ -= bits;
    used_ += bits;
  }
  bool ended() const { return used_ > real_; }
  std::int64_t bytes_used() const { return (used_ + 7) / 8; }

 private:
  bool at_marker() const {
    return data_[position_] == std::byte{0xFF} &&
           (position_ + 1 >= data_.size() || data_[position_ + 1] != std::byte{0});
  }
  std::span<const std::byte> data_;
  std::size_t position_;
  std::uint64_t buffer_ = 0;
  int count_ = 0;
  std::int64_t used_ = 0, real_ = 0;
};

/// Copies a JPEG segment by segment, and of a sequential scan only the bits that its blocks take.
class JpegMender {
 public:
  explicit JpegMender(std::span<const std::byte> bytes) : bytes_(bytes) {}

  MendedJpeg mend() {
    append(0, 2);
    for (std::size_t position = 2;;) {
      position = next_jpeg_marker(bytes_, position);
      if (position == bytes_.size()) {
        no_end_ = true;
        break;
      }
      const std::uint32_t marker = load_number(bytes_, position, 1);
      if (marker == 0xD9) break;
      const bool known = marker >= 0xC0 && marker != 0xC8 && marker != 0xFF;
      if (!known) {
        stray_ = true;
        ++position;
        continue;
      }
      const std::size_t left = bytes_.size() - position - 1;
      if (left < 2 || load_number(bytes_, position + 1, 2) < 2 ||
          load_number(bytes_, position + 1, 2) > left) {
        no_end_ = true;
        break;
      }
      position = segment(position, marker, load_number(bytes_, position + 1, 2));
    }
    if (scans_ == 0) throw Error("truncated JPEG: no image data");
    result_.single_scan = scans_ == 1;
    append_number(result_.bytes, 0xFFD9, 2);
    describe();
    return std::move(result_);
  }

 private:
  void append(std::size_t begin, std::size_t end) {
    const auto* data = reinterpret_cast<const std::uint8_t*>(bytes_.data());
    result_.bytes.insert(result_.bytes.end(), data + begin, data + end);
  }

  std::size_t segment(std::size_t code, std::uint32_t marker, std::size_t length) {
    const std::size_t end = code + 1 + length;
    const auto content = bytes_.subspan(code + 3, length - 2);
    if (marker == 0xC4) read_tables(content);
    if (marker >= 0xC0 && marker <= 0xC2) read_frame(content, marker == 0xC2);
    if (marker == 0xDD) interval_ = load_number(content, 0, 2);
    if (marker == 0xDA && !has_tables_) {
      result_.bytes.insert(result_.bytes.end(), std::begin(standard_huffman_tables),
                           std::end(standard_huffman_tables));
      read_tables(std::as_bytes(std::span(standard_huffman_tables)).subspan(4));
    }
    const bool needed = marker < 0xE0 || marker == 0xE0 || marker == 0xEE;
    if (needed) append(code - 1, end);
    return marker == 0xDA ? scan(content, end) : end;
  }

  void read_frame(std::span<const std::byte> content, bool progressive) {
    progressive_ = progressive;
    height_ = load_number(content, 1, 2);
    width_ = load_number(content, 3, 2);
    components_.clear();
    const std::size_t count = load_number(content, 5, 1);
    for (std::size_t i = 0; i < count; ++i) {
      const std::uint32_t sampling = load_number(content, 7 + i * 3, 1);
      const int h = static_cast<int>(sampling >> 4), v = static_cast<int>(sampling & 15U);
      if (h < 1 || h > 4 || v < 1 || v > 4) throw Error("corrupt JPEG: sampling factors beyond 1 to 4");
      components_.push_back({load_number(content, 6 + i * 3, 1), h, v});
      most_h_ = std::max(most_h_, h);
      most_v_ = std::max(most_v_, v);
    }
  }

  void read_tables(std::span<const std::byte> content) {
    has_tables_ = true;
    for (std::size_t position = 0; position < content.size();) {
      const std::uint32_t where = load_number(content, position++, 1);
      auto& entries = tables_[(where >> 4 & 1U) * 4 + (where & 3U)].entries;
      entries.assign(65536, 0);
      std::size_t symbol = position + 16, code = 0;
      for (std::size_t length = 1; length <= 16; ++length) {
        const std::size_t step = std::size_t{1} << (16 - length);
        for (std::uint32_t i = load_number(content, position + length - 1, 1); i > 0; --i, code += step) {
          if (code + step > entries.size()) throw Error("corrupt JPEG: a Huffman table with too many codes");
          const auto entry = static_cast<std::uint16_t>(length << 8 | load_number(content, symbol++, 1));
          std::fill_n(entries.begin() + static_cast<std::ptrdiff_t>(code), step, entry);
        }
      }
      position = symbol;
    }
  }

  struct Block {
    const std::uint16_t *dc, *ac;
  };

  /// The blocks of a unit of the scan; empty where the scan's header is broken.
  std::vector<Block> blocks_of(std::span<const std::byte> header) {
    std::vector<Block> blocks;
    const std::size_t count = load_number(header, 0, 1);
    for (std::size_t i = 0; i < count; ++i) {
      const std::uint32_t id = load_number(header, 1 + i * 2, 1), table = load_number(header, 2 + i * 2, 1);
      for (const JpegComponent& component : components_) {
        if (component.id != id) continue;
        const auto& dc = tables_[table >> 4 & 3U].entries;
        const auto& ac = tables_[4 + (table & 3U)].entries;
        if (dc.empty() || ac.empty()) throw Error("corrupt JPEG: a scan without its Huffman tables");
        const int repeat = count == 1 ? 1 : component.horizontal * component.vertical;
        blocks.insert(blocks.end(), static_cast<std::size_t>(repeat), {dc.data(), ac.data()});
        scan_h_ = count == 1 ? (width_ * component.horizontal + most_h_ - 1) / most_h_ : width_;
        scan_v_ = count == 1 ? (height_ * component.vertical + most_v_ - 1) / most_v_ : height_;
        break;
      }
    }
    result_.unit_width = 8 * (count == 1 ? 1 : most_h_);
    result_.unit_height = 8 * (count == 1 ? 1 : most_v_);
    return blocks;
  }

  static bool decode_block(JpegBits& bits, const Block& block) {
    const std::uint32_t dc = block.dc[bits.peek()];
    if (dc == 0) return false;
    bits.skip(static_cast<int>(dc >> 8));
    bits.peek();
    bits.skip(static_cast<int>(dc & 15U));
    for (int k = 1; k < 64;) {
      const std::uint32_t ac = block.ac[bits.peek()];
      if (ac == 0) return false;
      const int size = static_cast<int>(ac & 15U), run = static_cast<int>(ac >> 4 & 15U);
      bits.skip(static_cast<int>(ac >> 8));
      if (size == 0 && run < 15) break;
      bits.peek();
      bits.skip(size);
      k += run + 1;
    }
    return !bits.ended();
  }

  /// Where `count` bytes of data, with the zeros stuffed behind each 0xFF, end.
  std::size_t advance(std::size_t position, std::int64_t count) const {
    for (; count > 0 && position < bytes_.size(); --count)
      position += bytes_[position] == std::byte{0xFF} ? 2 : 1;
    return std::min(position, bytes_.size());
  }

  std::size_t scan(std::span<const std::byte> header, std::size_t begin) {
    if (++scans_ > 64) throw Error("corrupt JPEG: more than 64 scans");
    std::size_t next = next_jpeg_marker(bytes_, begin);
    const std::size_t data_end = next == bytes_.size() ? next : next - 1;
    if (progressive_ || components_.empty()) {
      append(begin, data_end);
      return data_end;
    }
    const auto blocks = blocks_of(header);
    const std::int64_t columns = (scan_h_ + result_.unit_width - 1) / result_.unit_width;
    const std::int64_t total = columns * ((scan_v_ + result_.unit_height - 1) / result_.unit_height);
    std::int64_t done = 0;
    std::size_t start = begin;
    JpegBits bits(bytes_.first(data_end), start);
    for (bool good = !blocks.empty(); good && done < total; ++done) {
      if (interval_ > 0 && done > 0 && done % interval_ == 0) {
        start = advance(start, bits.bytes_used());
        const bool restarts = start + 1 < data_end && bytes_[start] == std::byte{0xFF} &&
                              (bytes_[start + 1] & std::byte{0xF8}) == std::byte{0xD0};
        if (!restarts) break;
        start += 2;
        bits = JpegBits(bytes_.first(data_end), start);
      }
      for (const Block& block : blocks) good = good && decode_block(bits, block);
      if (!good) break;
    }
    result_.units = total;
    result_.units_present = done;
    all_units_ += total;
    all_present_ += done;
    const std::size_t stop = done == total ? std::min(advance(start, bits.bytes_used()), data_end) : data_end;
    append(begin, stop);
    stray_ = stray_ || (done == total && stop != data_end);
    return stop;
  }

  void describe() {
    auto& warnings = result_.warnings;
    if (all_present_ < all_units_) {
      warnings.push_back("truncated or damaged JPEG: " + std::to_string(all_present_ * 100 / all_units_) +
                         "% of the picture is there");
    } else if (no_end_ && progressive_) {
      warnings.push_back("truncated JPEG: no end of the image after " + std::to_string(scans_) +
                         (scans_ == 1 ? " scan" : " scans") + ", details may be missing");
    } else if (no_end_) {
      warnings.emplace_back("truncated JPEG: no end marker, 100% of the picture is there");
    } else if (stray_) {
      warnings.emplace_back("damaged JPEG: stray bytes before its end marker, 100% of the picture is there");
    }
  }

  std::span<const std::byte> bytes_;
  MendedJpeg result_;
  std::array<HuffmanLookup, 8> tables_;
  std::vector<JpegComponent> components_;
  std::int64_t width_ = 0, height_ = 0, scan_h_ = 0, scan_v_ = 0, interval_ = 0;
  std::int64_t all_units_ = 0, all_present_ = 0;
  int most_h_ = 1, most_v_ = 1, scans_ = 0;
  bool progressive_ = false, has_tables_ = false, no_end_ = false, stray_ = false;
};

}  // namespace detail

/// Makes a JPEG whole that lacks its end marker or Huffman tables or has stray bytes. Throws Error for one
/// without image data.
inline MendedJpeg mend_jpeg(std::span<const std::byte> bytes) { return detail::JpegMender(bytes).mend(); }

}  // namespace rfpp::inline v0::io

#endif
