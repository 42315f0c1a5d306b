#ifndef RFPP_EIGEN_JPEG_HPP
#define RFPP_EIGEN_JPEG_HPP

#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <cstdint>

#include "rfpp/expr/depthwise.hpp"
#include "rfpp/expr/jpeg.hpp"
#include "rfpp/expr/separable_filter.hpp"

namespace rfpp::detail {
inline namespace RFPP_ABI {

using JpegPlane = Eigen::Array<std::int32_t, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

/// Codes and decodes every 8x8 block of a plane.
inline void code_blocks(JpegPlane& plane, const jpeg_arithmetic::QuantizationTable& table) {
  namespace ja = jpeg_arithmetic;
  for (Eigen::Index top = 0; top < plane.rows(); top += 8)
    for (Eigen::Index left = 0; left < plane.cols(); left += 8) {
      Eigen::Array<std::int32_t, 8, 8, Eigen::ColMajor> block = plane.block<8, 8>(top, left) - 128;
      const auto transform = [&](auto&& f) {  // the columns, and then what were rows are columns
        for (int i = 0; i < 8; ++i) f(block.col(i).data());
        block.transposeInPlace();
      };
      block.transposeInPlace();
      transform(ja::forward_dct<true, std::int32_t>);
      transform(ja::forward_dct<false, std::int32_t>);
      block.transposeInPlace();
      for (int i = 0; i < 64; ++i)
        block(i / 8, i % 8) = ja::quantize<float>(block(i / 8, i % 8), table.step[i]);
      transform(ja::inverse_dct<true, std::int32_t>);
      transform(ja::inverse_dct<false, std::int32_t>);
      plane.block<8, 8>(top, left) = (block + 128).max(0).min(255);
    }
}

/// An image {height,width,3} of RGB in [0, 1] as its JPEG shows it.
template <class T> void code_jpeg(const T* rgb, int height, int width, int quality, T* out) {
  namespace ja = jpeg_arithmetic;
  const int rows = (height + 15) / 16 * 16, columns = (width + 15) / 16 * 16;
  const int chroma_height = (height + 1) / 2, last = (width + 1) / 2 - 1;
  const auto byte = [](T v) {
    return static_cast<std::int32_t>(std::clamp(std::nearbyint(v * 255), T(0), T(255)));
  };
  JpegPlane luma(rows, columns), full[2] = {luma, luma};
  for (int y = 0; y < rows; ++y)
    for (int x = 0; x < columns; ++x) {
      const T* p = rgb + (std::ptrdiff_t{std::min(y, height - 1)} * width + std::min(x, width - 1)) * 3;
      const auto color = ja::to_luma_chroma(byte(p[0]), byte(p[1]), byte(p[2]));
      luma(y, x) = color.y, full[0](y, x) = color.cb, full[1](y, x) = color.cr;
    }
  JpegPlane chroma[2];
  for (int k = 0; k < 2; ++k) {
    chroma[k].resize(rows / 2, columns / 2);
    for (int y = 0; y < rows / 2; ++y)
      for (int x = 0; x < columns / 2; ++x) {
        const int upper = 2 * std::min(y, chroma_height - 1), lower = std::min(upper + 1, height - 1);
        chroma[k](y, x) = (full[k](upper, 2 * x) + full[k](upper, 2 * x + 1) + full[k](lower, 2 * x) +
                           full[k](lower, 2 * x + 1) + 1 + x % 2) >>
                          2;
      }
    code_blocks(chroma[k], {1, quality});
  }
  code_blocks(luma, {0, quality});

  const auto upsampled = [&](const JpegPlane& plane, int y, int x) {
    if (last < 2) return plane(y / 2, x / 2);
    const int beside = std::clamp(y % 2 == 0 ? y / 2 - 1 : y / 2 + 1, 0, chroma_height - 1);
    const auto vertical = [&](int i) { return 3 * plane(y / 2, i) + plane(beside, i); };
    const int next = x % 2 == 0 ? std::max(x / 2 - 1, 0) : std::min(x / 2 + 1, last);
    return (3 * vertical(x / 2) + vertical(next) + 8 - x % 2) >> 4;
  };
  for (int y = 0; y < height; ++y)
    for (int x = 0; x < width; ++x) {
      std::int32_t bytes[3];
      ja::to_rgb<std::int32_t>({luma(y, x), upsampled(chroma[0], y, x), upsampled(chroma[1], y, x)}, bytes);
      for (const std::int32_t b : bytes) *out++ = static_cast<T>(b) / T(255);
    }
}

}  // namespace RFPP_ABI
}  // namespace rfpp::detail

#endif
