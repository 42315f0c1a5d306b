#ifndef RFPP_METRICS_SIMILARITY_HPP
#define RFPP_METRICS_SIMILARITY_HPP

#include <cmath>
#include <cstddef>
#include <string>

#include "rfpp/core/gaussian.hpp"
#include "rfpp/expr/eval.hpp"
#include "rfpp/expr/functors.hpp"
#include "rfpp/expr/resize.hpp"

// Metrics of one restored image against its ground truth, from pixels alone. Images are {1,h,w,c} of doubles
// that hold 8-bit samples, 0 to 255, in the executor's memory.

namespace rfpp::metrics {
inline namespace RFPP_ABI {

namespace detail {
inline void check_pair(const char* metric, Extents a, Extents b, int smallest) {
  if (!(a == b) || a.n != 1 || a.h < smallest || a.w < smallest)
    throw Error(std::string(metric) + ": expected two images of one size, at least " +
                std::to_string(smallest) + " pixels wide and high, found " + to_string(a) + " and " +
                to_string(b));
}
inline double sum(auto& ex, const auto& e) { return number_of(ex, eval(ex, reduce<Sum>(e, Over::all))); }
}  // namespace detail

/// Peak signal-to-noise ratio in decibels, over all pixels and channels; infinite for equal images.
inline double psnr(auto& ex, const Tensor<double>& a, const Tensor<double>& b) {
  detail::check_pair("psnr", a.extents(), b.extents(), 1);
  const double mean = detail::sum(ex, square(a - b)) / static_cast<double>(a.extents().size());
  return 10 * std::log10(255.0 * 255.0 / mean);
}

/// The index of two pixels from the windows' means of x, y, x^2, y^2 and x y.
struct StructuralSimilarity {
  static constexpr const char* name = "ssim";
  template <class T> RFPP_HD T operator()(T x, T y, T xx, T yy, T xy) const {
    constexpr double c1 = 0.01 * 255 * 0.01 * 255, c2 = 0.03 * 255 * 0.03 * 255;
    const T two = splat<T>(2);
    return (two * x * y + splat<T>(c1)) * (two * (xy - x * y) + splat<T>(c2)) /
           ((x * x + y * y + splat<T>(c1)) * (xx - x * x + yy - y * y + splat<T>(c2)));
  }
};

/// The part of an image where a window of 11x11 lies inside, filtered by a Gaussian of sigma 1.5.
inline SeparableFilter<double> ssim_window(Extents e) {
  constexpr int radius = 5, size = 2 * radius + 1;
  const Line line{0, gaussian_weights(radius, 1.5)};
  const auto inside = [&](int extent) {
    Sampling sampling;
    for (int i = 0; i + size <= extent; ++i) sampling.first.push_back(i);
    sampling.fraction.assign(sampling.first.size(), 0);
    return taps_of<double>(line, sampling);
  };
  return {{{inside(e.h), inside(e.w)}}};
}

/// The structural similarity index (Wang et al. 2004): windows of 11x11, Gaussian of sigma 1.5, K1 0.01, K2
/// 0.03, mean over the windows inside the image and over channels. 1 for equal images.
inline double ssim(auto& ex, const Tensor<double>& a, const Tensor<double>& b) {
  const Extents e = a.extents();
  detail::check_pair("ssim", e, b.extents(), 11);
  const SeparableFilter<double> window = ssim_window(e);
  const auto mean = [&](const auto& x) { return eval(ex, filtered(x, window)); };
  const auto index =
      map(StructuralSimilarity{}, mean(a), mean(b), mean(square(a)), mean(square(b)), mean(a * b));
  return detail::sum(ex, index) / static_cast<double>(index.extents().size());
}

}  // namespace RFPP_ABI
}  // namespace rfpp::metrics

#endif
