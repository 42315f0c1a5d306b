#ifndef RFPP_RESTORER_IMAGES_HPP
#define RFPP_RESTORER_IMAGES_HPP

#include "rfpp/io/image_read.hpp"
#include "rfpp/io/image_write.hpp"
#include "rfpp/restorer/inline.hpp"
#include "rfpp/restorer/restorer.hpp"

namespace rfpp {
inline namespace RFPP_DOOR_ABI {

RFPP_INLINE io::Image load_image(const std::filesystem::path& file) { return io::read_image(file); }
RFPP_INLINE void save_image(const std::filesystem::path& file, const io::Image& image, int jpeg_quality) {
  io::write_image(file, image, jpeg_quality);
}

}  // namespace RFPP_DOOR_ABI
}  // namespace rfpp

#endif
