#ifndef RFPP_DEGRADE_IMAGE_HPP
#define RFPP_DEGRADE_IMAGE_HPP

#include <cstddef>

#include "rfpp/core/tensor.hpp"
#include "rfpp/io/image.hpp"

namespace rfpp::degrade {
inline namespace RFPP_ABI {

/// An image as degradations take it: {1,h,w,3}, RGB in [0, 1], gray repeated, alpha left out.
inline Tensor<float> to_unit_tensor(const io::Image& image) {
  auto tensor = Tensor<float>::uninitialized({1, image.height, image.width, 3});
  const auto channels = static_cast<std::size_t>(image.channels);
  for (std::size_t i = 0; i < tensor.extents().size(); ++i) {
    const std::size_t channel = channels < 3 ? 0 : i % 3;
    tensor.data()[i] = static_cast<float>(image.samples[i / 3 * channels + channel]) / 255.0f;
  }
  return tensor;
}

}  // namespace RFPP_ABI
}  // namespace rfpp::degrade

#endif
