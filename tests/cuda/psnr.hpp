#ifndef RFPP_TESTS_CUDA_PSNR_HPP
#define RFPP_TESTS_CUDA_PSNR_HPP

#include <algorithm>

#include "rfpp/cpu/cpu.hpp"
#include "rfpp/metrics/similarity.hpp"

namespace rfpp::test {

/// Of images in [-1, 1].
inline double psnr(Cpu& ex, const Tensor<float>& a, const Tensor<float>& b) {
  const auto levels = [](const Tensor<float>& image) {
    Tensor<double> t(image.extents());
    std::ranges::transform(image.elements(), t.data(),
                           [](float v) { return (static_cast<double>(v) + 1) * 127.5; });
    return t;
  };
  return metrics::psnr(ex, levels(a), levels(b));
}

}  // namespace rfpp::test

#endif
