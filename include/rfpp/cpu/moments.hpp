#ifndef RFPP_CPU_MOMENTS_HPP
#define RFPP_CPU_MOMENTS_HPP

#include <cmath>

#include "rfpp/cpu/reductions.hpp"

namespace rfpp::cpu {
inline namespace RFPP_ABI {

// A tensor that a convolution wrote carries, attached to its storage, the sums and the sums of squares of its
// channels in every image: doubles [n][2][channels]. The norm that follows need not read the tensor for them.

/// Whether an epilogue ends in an activation: no norm follows, and nothing is summed.
template <class E> constexpr bool is_activated = false;
template <class X> constexpr bool is_activated<Map<Relu, X>> = true;
template <class X> constexpr bool is_activated<Map<LeakyRelu, X>> = true;

inline std::size_t sums_count(Extents e) {
  return static_cast<std::size_t>(e.n) * 2 * static_cast<std::size_t>(e.c);
}

/// Adds up the parts of every image, in their order: [n][parts][2][channels] to [n][2][channels].
inline void join_sums(Extents e, int parts_per_image, const double* parts, double* sums) {
  const std::size_t width = sums_count({1, 1, 1, e.c});
  std::fill_n(sums, sums_count(e), 0.0);
  for (int n = 0; n < e.n; ++n, sums += width)
    for (int part = 0; part < parts_per_image; ++part, parts += width)
      for (std::size_t i = 0; i < width; ++i) sums[i] += parts[i];
}

/// Sum and sum of squares per channel, gathered in double over fixed bands: Bands(x).count() * 2 * channels
/// doubles.
template <class T> void band_moments(ThreadPool& pool, const Operand<T>& x, double* sums, T* scratch) {
  const Extents e = x.extents;
  const Bands bands(e, band_elements);
  pool.for_each(bands.count(), [&](int band, int worker) {
    double* __restrict sum = sums + static_cast<std::ptrdiff_t>(band) * 2 * e.c;
    double* __restrict square = sum + e.c;
    std::fill_n(sum, 2 * e.c, 0.0);
    T* buffer = scratch + static_cast<std::size_t>(worker) * band_scratch(e);
    for_each_run(e, bands.image(band), bands.begin(band), bands.end(e, band), [&](Pixel first, int pixels) {
      const T* row = x.run(first, pixels, buffer);
      for (int p = 0; p < pixels; ++p, row += e.c)
        for (int c = 0; c < e.c; ++c) {
          const double v = static_cast<double>(row[c]);
          sum[c] += v;
          square[c] += v * v;
        }
    });
  });
}

/// Adds the sums of all images to those of the first, in their order.
inline void join_images(Extents e, double* sums) {
  const int width = 2 * e.c;
  for (int n = 1; n < e.n; ++n)
    for (int i = 0; i < width; ++i) sums[i] += sums[static_cast<std::ptrdiff_t>(n) * width + i];
}

/// Mean and 1 / sqrt(variance + epsilon) of every image and group from the sums of its channels. Of a whole
/// batch, e is that of one image as high as all.
template <class T>
void finish_moments(Extents e, int groups, double epsilon, const double* sums, const Emitter<T>& emitter,
                    T* scratch) {
  const int per_group = e.c / groups;
  const double count = static_cast<double>(e.h) * e.w * per_group;
  for (int n = 0; n < e.n; ++n, sums += 2 * e.c) {
    for (int g = 0; g < groups; ++g) {
      double sum = 0, square = 0;
      for (int c = g * per_group; c < (g + 1) * per_group; ++c) {
        sum += sums[c];
        square += sums[e.c + c];
      }
      const double mean = sum / count, variance = std::max(0.0, square / count - mean * mean);
      scratch[g] = static_cast<T>(mean);
      // A NaN in the sums must stay one: max(0, NaN) is 0.
      scratch[groups + g] = static_cast<T>(1.0 / std::sqrt((square - square) + variance + epsilon));
    }
    emitter.emit({n, 0, 0}, 1, scratch, groups);
    emitter.emit({n, 1, 0}, 1, scratch + groups, groups);
  }
}

}  // namespace RFPP_ABI
}  // namespace rfpp::cpu

#endif
