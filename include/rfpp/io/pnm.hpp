#ifndef RFPP_IO_PNM_HPP
#define RFPP_IO_PNM_HPP

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "rfpp/core/error.hpp"
#include "rfpp/io/image.hpp"

namespace rfpp::inline v0::io {

/// A binary PGM (P5) or PPM (P6) file with any maximum of 1 to 65535. It is read here since stb_image takes
/// no account of the maximum or of the byte order of 16 bits. Throws Error for corrupt and truncated data.
/// Source: the pgm and ppm pages of netpbm.
inline Image decode_pnm(std::span<const std::byte> bytes) {
  std::size_t position = 2;
  const auto peek = [&] {
    if (position >= bytes.size()) throw Error("truncated PNM: the header ends early");
    return std::to_integer<char>(bytes[position]);
  };
  const auto is_space = [](char c) { return c == ' ' || (c >= '\t' && c <= '\r'); };
  const auto number = [&] {
    for (; is_space(peek()) || peek() == '#'; ++position) {
      if (peek() == '#') {
        while (peek() != '\n') ++position;
      }
    }
    int value = 0;
    for (; peek() >= '0' && peek() <= '9' && value < 100'000; ++position) value = value * 10 + (peek() - '0');
    if (!is_space(peek())) throw Error("corrupt PNM: expected a number in the header");
    return value;
  };
  const int width = number(), height = number(), maximum = number();
  ++position;  // the single space before the samples
  if (maximum < 1 || maximum > 65535) {
    throw Error("corrupt PNM: expected a maximum of 1 to 65535, found " + std::to_string(maximum));
  }
  check_size(width, height);
  const std::size_t sample_size = maximum > 255 ? 2 : 1, channels = bytes[1] == std::byte{'6'} ? 3 : 1;
  const std::size_t samples = static_cast<std::size_t>(width) * static_cast<std::size_t>(height) * channels;
  if (samples * sample_size > bytes.size() - position) {
    throw Error("truncated PNM: expected " + std::to_string(samples * sample_size) +
                " bytes of samples, found " + std::to_string(bytes.size() - position));
  }
  Image image(width, height, static_cast<int>(channels));
  for (std::uint8_t& sample : image.samples) {
    unsigned value = std::to_integer<unsigned>(bytes[position++]);
    if (sample_size == 2) value = value << 8 | std::to_integer<unsigned>(bytes[position++]);
    sample = round_to_byte(static_cast<float>(value) * 255.0F / static_cast<float>(maximum));
  }
  return image;
}

}  // namespace rfpp::inline v0::io

#endif
