#ifndef RFPP_IO_PNM_HPP
#define RFPP_IO_PNM_HPP

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "rfpp/core/error.hpp"
#include "rfpp/io/byte_reader.hpp"
#include "rfpp/io/image.hpp"

namespace rfpp::io {
inline namespace RFPP_ABI {

namespace detail {

/// Reads the forms of netpbm: P1 to P3 plain, P4 to P6 binary, P7 with a header of lines.
class PnmReader {
 public:
  explicit PnmReader(std::span<const std::byte> bytes)
      : bytes_(bytes), kind_(std::to_integer<char>(bytes[1])) {}

  Image read() {
    if (kind_ == '7') {
      read_pam_header();
    } else {
      width_ = number();
      height_ = number();
      maximum_ = bits() ? 1 : number();
      channels_ = kind_ == '3' || kind_ == '6' ? 3 : 1;
      if (!plain()) ++position_;  // the single space before the samples
    }
    if (maximum_ < 1 || maximum_ > 65535) {
      throw Error("corrupt PNM: expected a maximum of 1 to 65535, found " + std::to_string(maximum_));
    }
    if (channels_ < 1 || channels_ > 4) {
      throw Error("unsupported PAM: expected a depth of 1 to 4, found " + std::to_string(channels_));
    }
    check_size(width_, height_);
    expect_samples();
    Image image(width_, height_, channels_);
    plain() ? read_plain(image) : kind_ == '4' ? read_bits(image) : read_binary(image);
    return image;
  }

 private:
  bool plain() const { return kind_ <= '3'; }
  bool bits() const { return kind_ == '1' || kind_ == '4'; }
  static bool is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

  char peek() const {
    if (position_ >= bytes_.size()) throw Error("truncated PNM: the header or the samples end early");
    return std::to_integer<char>(bytes_[position_]);
  }

  void skip_space() {
    for (; is_space(peek()) || peek() == '#'; ++position_) {
      if (peek() == '#') {
        while (peek() != '\n') ++position_;
      }
    }
  }

  int digits() {
    int value = 0;
    for (; position_ < bytes_.size() && peek() >= '0' && peek() <= '9' && value < 100'000; ++position_)
      value = value * 10 + (peek() - '0');
    return value;
  }

  int number() {
    skip_space();
    const int value = digits();
    if (!is_space(peek())) throw Error("corrupt PNM: expected a number in the header");
    return value;
  }

  void read_pam_header() {
    width_ = height_ = channels_ = maximum_ = 0;
    ByteReader reader(bytes_);
    reader.line();
    for (std::string_view line = reader.line(); line != "ENDHDR"; line = reader.line()) {
      position_ = reader.position() - line.size() - 1;
      for (const auto& [name, field] : {std::pair{"WIDTH ", &width_},
                                        {"HEIGHT ", &height_},
                                        {"DEPTH ", &channels_},
                                        {"MAXVAL ", &maximum_}}) {
        if (!line.starts_with(name)) continue;
        position_ += std::string_view(name).size();
        *field = number();
      }
    }
    position_ = reader.position();
  }

  void expect_samples() const {
    const std::size_t columns = static_cast<std::size_t>(width_) * static_cast<std::size_t>(channels_);
    const std::size_t row = kind_ == '4' ? (columns + 7) / 8
                            : plain()    ? columns * (bits() ? 1 : 2)
                                         : columns * (maximum_ > 255 ? 2 : 1);
    const std::size_t last = kind_ == '2' || kind_ == '3' ? 1 : 0;  // no space behind the last number
    const std::size_t needed = row * static_cast<std::size_t>(height_) - last;
    if (position_ > bytes_.size() || needed > bytes_.size() - position_) {
      throw Error("truncated PNM: expected " + std::to_string(needed) + " bytes of samples, found " +
                  std::to_string(bytes_.size() - std::min(position_, bytes_.size())));
    }
  }

  void read_plain(Image& image) {
    for (std::uint8_t& sample : image.samples) {
      skip_space();
      if (peek() < '0' || peek() > '9') throw Error("corrupt PNM: expected a number among the samples");
      if (bits()) {
        sample = peek() == '0' ? 255 : 0;
        ++position_;
      } else {
        sample = scaled(static_cast<unsigned>(digits()));
      }
    }
  }

  void read_bits(Image& image) {
    for (int y = 0; y < height_; ++y, position_ += static_cast<std::size_t>(width_ + 7) / 8) {
      for (int x = 0; x < width_; ++x) {
        const auto byte = std::to_integer<unsigned>(bytes_[position_ + static_cast<std::size_t>(x) / 8]);
        image.row(y)[x] = (byte >> (7 - x % 8) & 1U) != 0 ? 0 : 255;
      }
    }
  }

  void read_binary(Image& image) {
    if (maximum_ > 255) return read_wide(image);
    for (std::uint8_t& sample : image.samples)
      sample = scaled(std::to_integer<unsigned>(bytes_[position_++]));
  }

  void read_wide(Image& image) {
    std::vector<std::uint16_t> samples(image.samples.size());
    const auto maximum = static_cast<unsigned>(maximum_);
    for (std::uint16_t& sample : samples) {
      unsigned value = std::to_integer<unsigned>(bytes_[position_++]) << 8;
      value |= std::to_integer<unsigned>(bytes_[position_++]);
      sample = static_cast<std::uint16_t>((std::min(value, maximum) * 65535U + maximum / 2) / maximum);
    }
    set_samples16(image, std::move(samples));
  }

  std::uint8_t scaled(unsigned value) const {
    return round_to_byte(static_cast<float>(value) * 255.0F / static_cast<float>(maximum_));
  }

  std::span<const std::byte> bytes_;
  std::size_t position_ = 2;
  char kind_;
  int width_ = 0, height_ = 0, channels_ = 1, maximum_ = 1;
};

}  // namespace detail

/// A PBM, PGM or PPM file (P1 to P6) or a PAM file (P7) of 1 to 4 channels, with any maximum of 1 to 65535.
/// It is read here since stb_image reads P5 and P6 alone and takes no account of the maximum or of the byte
/// order of 16 bits. Throws Error for corrupt and truncated data. Source: the pbm, pgm, ppm and pam pages of
/// netpbm.
inline Image decode_pnm(std::span<const std::byte> bytes) { return detail::PnmReader(bytes).read(); }

}  // namespace RFPP_ABI
}  // namespace rfpp::io

#endif
