#ifndef RFPP_IO_JPEG_GRAY_HPP
#define RFPP_IO_JPEG_GRAY_HPP

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "rfpp/io/icc.hpp"
#include "rfpp/io/image.hpp"
#include "rfpp/io/jpeg_bits.hpp"
#include "rfpp/io/stb_write.hpp"

namespace rfpp::io {
inline namespace RFPP_ABI {

/// stb's writer callback: appends to a Bytes.
inline void append_encoded(void* out, void* data, int size) {
  const auto* bytes = static_cast<const std::uint8_t*>(data);
  static_cast<Bytes*>(out)->insert(static_cast<Bytes*>(out)->end(), bytes, bytes + size);
}

namespace detail {

/// Luma's table of ITU T.81, annex K.1, row after row.
inline constexpr std::array<int, 64> luma_steps{
    16, 11,  10,  16, 24, 40, 51, 61, 12,  12,  14,  19,  26, 58, 60, 55,  14,  13,  16,  24, 40, 57,
    69, 56,  14,  17, 22, 29, 51, 87, 80,  62,  18,  22,  37, 56, 68, 109, 103, 77,  24,  35, 55, 64,
    81, 104, 113, 92, 49, 64, 78, 87, 103, 121, 120, 101, 72, 92, 95, 98,  112, 100, 103, 99};

/// Writes the one component of a gray JPEG with stb's transform and bit writer.
class GrayJpegWriter {
 public:
  GrayJpegWriter(const Image& image, int quality) : image_(image) {
    const int percent = quality < 50 ? 5000 / quality : 200 - quality * 2;
    for (std::size_t i = 0; i < 64; ++i)
      steps_[stb::stbiw__jpg_ZigZag[i]] =
          static_cast<std::uint8_t>(std::clamp((luma_steps[i] * percent + 50) / 100, 1, 255));
    // The factors of the transform of Arai, Agui and Nakajima.
    constexpr std::array<float, 8> factors{2.828427125F, 3.923141121F, 3.695518130F, 3.325878449F,
                                           2.828427125F, 2.222280932F, 1.530733729F, 0.780361288F};
    for (std::size_t i = 0; i < 64; ++i)
      scales_[i] =
          1 / (static_cast<float>(steps_[stb::stbiw__jpg_ZigZag[i]]) * factors[i / 8] * factors[i % 8]);
  }

  Bytes write() {
    append_header();
    stb::stbi__write_context context{};
    stb::stbi__start_write_callbacks(&context, append_encoded, &file_);
    const std::size_t ac_table = make_codes(5, direct_codes_);
    make_codes(ac_table + 1, other_codes_);
    int buffer = 0, count = 0, mean = 0;
    std::array<float, 64> block{};
    for (int y = 0; y < image_.height; y += 8) {
      for (int x = 0; x < image_.width; x += 8) {
        load(block, x, y);
        mean = stb::stbiw__jpg_processDU(&context, &buffer, &count, block.data(), 8, scales_.data(), mean,
                                         direct_codes_, other_codes_);
      }
    }
    constexpr unsigned short fill[] = {0x7F, 7};
    stb::stbiw__jpg_writeBits(&context, &buffer, &count, fill);
    append_number(file_, 0xFFD9, 2);
    return std::move(file_);
  }

 private:
  void append_header() {
    append_text(file_,
                std::string_view("\xFF\xD8\xFF\xE0\0\x10JFIF\0\1\1\0\0\1\0\1\0\0\xFF\xDB\0\x43\0", 25));
    file_.insert(file_.end(), steps_.begin(), steps_.end());
    append_text(file_, std::string_view("\xFF\xC0\0\x0B\x08", 5));
    append_number(file_, static_cast<std::uint32_t>(image_.height), 2);
    append_number(file_, static_cast<std::uint32_t>(image_.width), 2);
    append_text(file_, std::string_view("\1\1\x11\0\xFF\xC4\0\xD2", 8));
    constexpr std::size_t luma_tables = 2 * 17 + 12 + 162;
    file_.insert(file_.end(), standard_huffman_tables + 4, standard_huffman_tables + 4 + luma_tables);
    append_text(file_, std::string_view("\xFF\xDA\0\x08\1\1\0\0\x3F\0", 10));
  }

  /// Codes and their lengths by symbol, of a table that begins at `begin`; returns where it ends.
  static std::size_t make_codes(std::size_t begin, unsigned short (&codes)[256][2]) {
    std::size_t symbol = begin + 16;
    unsigned code = 0;
    for (unsigned short length = 1; length <= 16; ++length, code *= 2) {
      for (int i = standard_huffman_tables[begin + length - 1]; i > 0; --i, ++code, ++symbol) {
        auto& entry = codes[standard_huffman_tables[symbol]];
        entry[0] = static_cast<unsigned short>(code);
        entry[1] = length;
      }
    }
    return symbol;
  }

  void load(std::array<float, 64>& block, int x, int y) const {
    for (int i = 0; i < 64; ++i) {
      const int column = std::min(x + i % 8, image_.width - 1), row = std::min(y + i / 8, image_.height - 1);
      block[static_cast<std::size_t>(i)] =
          static_cast<float>(image_.row(row)[column * image_.channels]) - 128.0F;
    }
  }

  const Image& image_;
  Bytes file_;
  std::array<std::uint8_t, 64> steps_{};  // in zigzag order
  std::array<float, 64> scales_{};
  unsigned short direct_codes_[256][2] = {}, other_codes_[256][2] = {};
};

}  // namespace detail

/// A gray image, with or without alpha, as a JPEG of one component. stb writes three always, in which a gray
/// color profile would be wrong.
inline Bytes encode_gray_jpeg(const Image& image, int quality) {
  return detail::GrayJpegWriter(image, quality).write();
}

}  // namespace RFPP_ABI
}  // namespace rfpp::io

#endif
