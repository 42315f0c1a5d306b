#ifndef RFPP_METRICS_APPEARANCE_HPP
#define RFPP_METRICS_APPEARANCE_HPP

#include <array>
#include <cmath>
#include <cstddef>
#include <string>
#include <vector>

#include "rfpp/core/error.hpp"
#include "rfpp/core/gaussian.hpp"
#include "rfpp/core/tensor.hpp"

// How sharp a face is and how right its colors are. Images are {1,h,w,3} of doubles in host memory that hold
// 8-bit sRGB samples, 0 to 255.

namespace rfpp::metrics {
inline namespace RFPP_ABI {

/// The luma of RGB samples (ITU-R BT.601).
inline constexpr std::array luma_of_rgb{0.299, 0.587, 0.114};

/// The mean absolute Laplacian (four neighbors) of the gray image (ITU-R BT.601), in levels, over the face:
/// rows 40 to 236 and columns 50 to 206 of an aligned face of 256x256, in proportion for other sizes. Throws
/// Error for images below 16x16.
inline double sharpness(const Tensor<double>& image) {
  const Extents e = image.extents();
  if (e.n != 1 || e.c != 3 || e.h < 16 || e.w < 16)
    throw Error("sharpness: expected an RGB image, at least 16 pixels wide and high, found " + to_string(e));
  const auto gray = [&](int y, int x) {
    const double* p = image.data() + (static_cast<std::ptrdiff_t>(y) * e.w + x) * 3;
    return luma_of_rgb[0] * p[0] + luma_of_rgb[1] * p[1] + luma_of_rgb[2] * p[2];
  };
  const int top = e.h * 40 / 256, bottom = e.h * 236 / 256, left = e.w * 50 / 256, right = e.w * 206 / 256;
  double sum = 0;
  for (int y = top; y < bottom; ++y)
    for (int x = left; x < right; ++x)
      sum += std::abs(gray(y - 1, x) + gray(y + 1, x) + gray(y, x - 1) + gray(y, x + 1) - 4 * gray(y, x));
  return sum / (static_cast<double>(bottom - top) * (right - left));
}

/// X, Y and Z of linear sRGB, in parts of the white point D65 (IEC 61966-2-1).
inline constexpr double xyz_of_rgb[3][3] = {{0.4124564 / 0.95047, 0.3575761 / 0.95047, 0.1804375 / 0.95047},
                                            {0.2126729, 0.7151522, 0.0721750},
                                            {0.0193339 / 1.08883, 0.1191920 / 1.08883, 0.9503041 / 1.08883}};

/// The CIELAB coordinates, white point D65, of an sRGB color of levels 0 to 255.
inline std::array<double, 3> lab(double red, double green, double blue) {
  const auto linear = [](double v) {
    v /= 255;
    return v <= 0.04045 ? v / 12.92 : std::pow((v + 0.055) / 1.055, 2.4);
  };
  const auto root = [](double t) { return t > 216.0 / 24389 ? std::cbrt(t) : (24389.0 / 27 * t + 16) / 116; };
  const double r = linear(red), g = linear(green), b = linear(blue);
  const auto part = [&](const double(&row)[3]) { return root(row[0] * r + row[1] * g + row[2] * b); };
  const double x = part(xyz_of_rgb[0]), y = part(xyz_of_rgb[1]), z = part(xyz_of_rgb[2]);
  return {116 * y - 16, 500 * (x - y), 200 * (y - z)};
}

namespace detail {
/// Filtered along one axis, `step` samples from pixel to pixel; the image is continued by its border pixels.
inline std::vector<double> blurred(const std::vector<double>& from, const std::vector<double>& kernel,
                                   std::ptrdiff_t count, std::ptrdiff_t step) {
  const auto radius = static_cast<std::ptrdiff_t>(kernel.size() / 2);
  std::vector<double> to(from.size(), 0);
  for (std::ptrdiff_t i = 0; i < static_cast<std::ptrdiff_t>(from.size()); ++i) {
    const std::ptrdiff_t at = i / step % count;
    double sum = 0;
    for (std::ptrdiff_t k = -radius; k <= radius; ++k) {
      const std::ptrdiff_t place = at + k < 0 ? 0 : at + k >= count ? count - 1 : at + k;
      sum += kernel[static_cast<std::size_t>(k + radius)] *
             from[static_cast<std::size_t>(i + (place - at) * step)];
    }
    to[static_cast<std::size_t>(i)] = sum;
  }
  return to;
}
}  // namespace detail

/// The mean CIE76 difference of two images after a Gaussian blur of sigma 8 pixels, cut at 4 sigma: of their
/// colors, whatever the detail. Throws Error unless both are RGB images of one size.
inline double color_error(const Tensor<double>& a, const Tensor<double>& b) {
  const Extents e = a.extents();
  if (!(e == b.extents()) || e.n != 1 || e.c != 3)
    throw Error("color error: expected two RGB images of one size, found " + to_string(e) + " and " +
                to_string(b.extents()));
  constexpr int sigma = 8, radius = 4 * sigma;
  const auto kernel = gaussian_weights(radius, sigma);
  const auto blur = [&](const Tensor<double>& t) {
    const std::vector<double> all(t.elements().begin(), t.elements().end());
    return detail::blurred(detail::blurred(all, kernel, e.w, 3), kernel, e.h, std::ptrdiff_t{3} * e.w);
  };
  const auto x = blur(a), y = blur(b);
  double sum = 0;
  for (std::size_t i = 0; i < x.size(); i += 3) {
    const auto p = lab(x[i], x[i + 1], x[i + 2]), q = lab(y[i], y[i + 1], y[i + 2]);
    sum += std::hypot(p[0] - q[0], p[1] - q[1], p[2] - q[2]);
  }
  return sum / (static_cast<double>(x.size()) / 3);
}

}  // namespace RFPP_ABI
}  // namespace rfpp::metrics

#endif
