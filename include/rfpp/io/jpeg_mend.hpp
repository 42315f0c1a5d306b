#ifndef RFPP_IO_JPEG_MEND_HPP
#define RFPP_IO_JPEG_MEND_HPP

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "rfpp/core/error.hpp"
#include "rfpp/io/exif.hpp"
#include "rfpp/io/icc.hpp"
#include "rfpp/io/image_header.hpp"
#include "rfpp/io/jpeg_bits.hpp"

// stb_image refuses JPEGs that libjpeg reads with a warning. They are mended before it sees them: a second
// decoder would give other pixels on other machines, and every user of the headers would have to link it.

namespace rfpp::io {
inline namespace RFPP_ABI {

/// A JPEG that stb_image reads, and what was wrong with it.
struct MendedJpeg {
  Bytes bytes;
  std::vector<std::string> warnings;
  /// Blocks of an interleaved scan, row after row, that hold data; those behind them are gray.
  std::int64_t units = 0, units_present = 0;
  bool single_scan = true;
  int unit_width = 8, unit_height = 8;
  std::size_t components = 0;  ///< of the frame: 1 for gray, 3 or 4 for colors
};

namespace detail {

struct JpegComponent {
  std::uint32_t id = 0, table = 0;
  int horizontal = 1, vertical = 1;
  std::int64_t mean = 0;  ///< the last block's first coefficient
};

/// Copies a JPEG segment by segment, and of a sequential scan only the bits that its blocks take.
class JpegMender {
 public:
  explicit JpegMender(std::span<const std::byte> bytes) : bytes_(bytes) {}

  MendedJpeg mend() {
    result_.bytes.reserve(bytes_.size() + sizeof(standard_huffman_tables) + 2);
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
    result_.components = components_.size();
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
    if (marker == 0xDB) read_steps(content);
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
      components_.push_back(
          {load_number(content, 6 + i * 3, 1), load_number(content, 8 + i * 3, 1) & 3U, h, v});
      most_h_ = std::max(most_h_, h);
      most_v_ = std::max(most_v_, v);
    }
  }

  /// Of each quantization table the step of the first coefficient.
  void read_steps(std::span<const std::byte> content) {
    while (!content.empty()) {
      const std::uint32_t where = load_number(content, 0, 1), bytes = where < 16 ? 1 : 2;
      steps_[where & 3U] = load_number(content, 1, bytes);
      content = content.subspan(std::min<std::size_t>(content.size(), 1 + 64 * bytes));
    }
  }

  void read_tables(std::span<const std::byte> content) {
    has_tables_ = true;
    while (!content.empty()) {
      const std::uint32_t where = load_number(content, 0, 1);
      content = content.subspan(1);
      const bool direct = (where >> 4 & 1U) == 0;
      content = content.subspan(tables_[(direct ? 0 : 4) + (where & 3U)].read(content, direct));
    }
  }

  struct Block {
    const HuffmanTable *dc, *ac;
    JpegComponent* component;
  };

  /// The blocks of a unit of the scan; empty where the scan's header is broken.
  std::vector<Block> blocks_of(std::span<const std::byte> header) {
    std::vector<Block> blocks;
    const std::size_t count = load_number(header, 0, 1);
    for (std::size_t i = 0; i < count; ++i) {
      const std::uint32_t id = load_number(header, 1 + i * 2, 1), table = load_number(header, 2 + i * 2, 1);
      for (JpegComponent& component : components_) {
        if (component.id != id) continue;
        const HuffmanTable& dc = tables_[table >> 4 & 3U];
        const HuffmanTable& ac = tables_[4 + (table & 3U)];
        if (!dc.defined() || !ac.defined()) throw Error("corrupt JPEG: a scan without its Huffman tables");
        const int repeat = count == 1 ? 1 : component.horizontal * component.vertical;
        blocks.insert(blocks.end(), static_cast<std::size_t>(repeat), {&dc, &ac, &component});
        scan_h_ = count == 1 ? (width_ * component.horizontal + most_h_ - 1) / most_h_ : width_;
        scan_v_ = count == 1 ? (height_ * component.vertical + most_v_ - 1) / most_v_ : height_;
        break;
      }
    }
    result_.unit_width = 8 * (count == 1 ? 1 : most_h_);
    result_.unit_height = 8 * (count == 1 ? 1 : most_v_);
    return blocks;
  }

  /// Walks a block; whether it was there.
  bool walk_block(JpegBits& bits, const Block& block) {
    HuffmanTable::Step step = (*block.dc)(bits.peek());
    block.component->mean += bits.number(step);
    const std::int64_t quantum = steps_[block.component->table];
    // The mean of samples from -128 to 127, times 8, and what rounding adds.
    if (std::abs(block.component->mean * quantum) > 1024 + quantum) out_of_step_ = true;
    for (unsigned k = 1; step.bits != 0;) {
      bits.skip(step.bits);
      if (k >= 64) {
        if (k > 64 && k < HuffmanTable::end_of_block) out_of_step_ = true;
        break;
      }
      const std::uint32_t next = bits.peek();
      step = block.ac->joined(next);
      // Where the block ends among them, they are walked one by one.
      if (step.bits == 0 || (k + step.advance) % HuffmanTable::end_of_block >= 64) step = (*block.ac)(next);
      k += step.advance;
    }
    return step.bits != 0 && !bits.ended();
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
    JpegBits bits(bytes_.first(data_end), begin);
    for (JpegComponent& component : components_) component.mean = 0;
    for (bool good = !blocks.empty(); good && done < total; ++done) {
      if (interval_ > 0 && done > 0 && done % interval_ == 0 && !restart(bits, data_end)) break;
      for (const Block& block : blocks) good = good && walk_block(bits, block);
      if (!good) break;
    }
    result_.units = total;
    result_.units_present = done;
    all_units_ += total;
    all_present_ += done;
    const std::size_t stop = done == total ? std::min(bits.position(), data_end) : data_end;
    append(begin, stop);
    if (done == total && stop != data_end) stray_ = true;
    if (done == total && stop == data_end && !bits.at_end()) out_of_step_ = true;
    return stop;
  }

  /// Goes on behind a restart marker; false where there is none.
  bool restart(JpegBits& bits, std::size_t data_end) {
    const std::size_t marker = bits.position();
    const bool there = marker + 1 < data_end && bytes_[marker] == std::byte{0xFF} &&
                       (bytes_[marker + 1] & std::byte{0xF8}) == std::byte{0xD0};
    if (!there) return false;
    if (!bits.at_end()) out_of_step_ = true;
    bits = JpegBits(bytes_.first(data_end), marker + 2);
    for (JpegComponent& component : components_) component.mean = 0;
    return true;
  }

  void describe() {
    auto& warnings = result_.warnings;
    if (all_present_ < all_units_) {
      warnings.push_back("truncated or damaged JPEG: " + std::to_string(all_present_ * 100 / all_units_) +
                         "% of the picture is there");
    } else if (out_of_step_) {
      warnings.emplace_back("damaged JPEG: its data contradicts itself, parts of the picture may be wrong");
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
  std::array<HuffmanTable, 8> tables_;
  std::array<std::int64_t, 4> steps_{};
  std::vector<JpegComponent> components_;
  std::int64_t width_ = 0, height_ = 0, scan_h_ = 0, scan_v_ = 0, interval_ = 0;
  std::int64_t all_units_ = 0, all_present_ = 0;
  int most_h_ = 1, most_v_ = 1, scans_ = 0;
  bool progressive_ = false, has_tables_ = false, no_end_ = false, stray_ = false;
  bool out_of_step_ = false;  ///< values beyond those of samples, too many coefficients, or bits left over
};

}  // namespace detail

/// Makes a JPEG whole that lacks its end marker or Huffman tables or has stray bytes. Throws Error for one
/// without image data.
inline MendedJpeg mend_jpeg(std::span<const std::byte> bytes) { return detail::JpegMender(bytes).mend(); }

}  // namespace RFPP_ABI
}  // namespace rfpp::io

#endif
