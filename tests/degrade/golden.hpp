#ifndef RFPP_TESTS_DEGRADE_GOLDEN_HPP
#define RFPP_TESTS_DEGRADE_GOLDEN_HPP

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "rfpp/cpu/cpu.hpp"
#include "support.hpp"

// Values of the usual degradation code on OpenCV and libjpeg-turbo, for one image of 256x256
// (data/degrade/edm.safetensors). Of images every 16th row is kept, of those with 8 bits every 4th;
// pipeline.noisy and pipeline.jpeg68, from which the next step starts, are whole.
namespace rfpp::test::degraded {

/// An array (rows, columns) or (rows, columns, channels) of the file; 8-bit images as [0, 1].
inline Tensor<float> array(const std::string& name) {
  static const auto file = io::Checkpoint::open(RFPP_TEST_DATA "/degrade/edm.safetensors");
  const io::TensorView& view = file.at(name);
  const auto extent = [&](std::size_t i) {
    return i < view.shape.size() ? static_cast<int>(view.shape[i]) : 1;
  };
  Tensor<float> t(Extents{1, extent(0), extent(1), extent(2)});
  io::read_elements(view, t.elements());
  if (view.dtype == io::DType::uint8)
    for (float& v : t.elements()) v /= 255;
  return t;
}
inline Tensor<float> image() { return array("image_u8_hwc_rgb"); }

/// The largest absolute difference between every `step`-th row of the image and those kept of it.
inline float worst_difference(const Tensor<float>& image, const std::string& name, int step = 16) {
  const auto rows = array(name);
  const Extents e = image.extents(), kept = rows.extents();
  REQUIRE(kept.h == (e.h + step - 1) / step);
  REQUIRE(kept.w == e.w);
  const std::size_t row = static_cast<std::size_t>(e.w) * static_cast<std::size_t>(e.c);
  REQUIRE(row % static_cast<std::size_t>(kept.c) == 0);
  float worst = 0;
  for (std::size_t y = 0; y < static_cast<std::size_t>(kept.h); ++y)
    for (std::size_t i = 0; i < row; ++i)
      worst = std::max(
          worst,
          std::abs(
              image.data()[y * static_cast<std::size_t>(step) * row + i] -
              rows.data()[(y * row + i) * static_cast<std::size_t>(kept.c) / static_cast<std::size_t>(e.c)]));
  return worst;
}

}  // namespace rfpp::test::degraded

#endif
