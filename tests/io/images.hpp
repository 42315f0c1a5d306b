#ifndef RFPP_TESTS_IO_IMAGES_HPP
#define RFPP_TESTS_IO_IMAGES_HPP

#include <span>
#include <string>

#include "io/files.hpp"
#include "rfpp/io/image_read.hpp"
#include "rfpp/io/image_write.hpp"

namespace files {

inline std::string text_of(const rfpp::io::Bytes& bytes) { return {bytes.begin(), bytes.end()}; }

inline rfpp::io::Image decoded(const std::string& file) { return rfpp::io::decode_image(bytes_of(file)); }
inline rfpp::io::Image decoded(const rfpp::io::Bytes& file) {
  return rfpp::io::decode_image(std::as_bytes(std::span(file)));
}

}  // namespace files

#endif
