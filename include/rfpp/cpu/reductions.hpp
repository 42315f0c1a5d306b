#ifndef RFPP_CPU_REDUCTIONS_HPP
#define RFPP_CPU_REDUCTIONS_HPP

#include <limits>

#include "rfpp/core/finite.hpp"
#include "rfpp/cpu/operand.hpp"
#include "rfpp/cpu/thread_pool.hpp"
#include "rfpp/expr/anchor.hpp"

namespace rfpp::cpu {
inline namespace RFPP_ABI {

inline constexpr int band_elements = 1 << 15;

/// Elements of scratch that one thread needs: a run of pixels of a band, or two statistics for every channel.
inline std::size_t band_scratch(Extents e) {
  return static_cast<std::size_t>(std::max(band_elements, 2 * e.c));
}

/// Folds a run of elements, in lanes first, so that the order of the operations is fixed and vectorizes.
template <class T, class Operation> T fold_run(const T* row, std::ptrdiff_t count, Operation join, T start) {
  constexpr int lanes = lane_count<T>;
  Lanes<T> part[unroll];
  std::fill_n(part, unroll, splat<Lanes<T>>(start));
  std::ptrdiff_t i = 0;
  for (; i + unroll * lanes <= count; i += unroll * lanes)
#pragma GCC unroll 4
    for (int j = 0; j < unroll; ++j) part[j] = join(part[j], load_lanes<Lanes<T>>(row + i + j * lanes));
  T folded = start;
  for (; i < count; ++i) folded = join(folded, row[i]);
  const Lanes<T> joined = join(join(part[0], part[1]), join(part[2], part[3]));
  for (int j = 0; j < lanes; ++j) folded = join(folded, joined[j]);
  return folded;
}

/// Folds the channels of every pixel.
template <class T, class Operation>
void reduce_channels(ThreadPool& pool, const Operand<T>& x, Operation join, T start,
                     const Emitter<T>& emitter, T* scratch) {
  const Extents e = x.extents;
  const Bands bands(e, band_elements);
  pool.for_each(bands.count(), [&](int band, int worker) {
    T* buffer = scratch + static_cast<std::size_t>(worker) * band_scratch(e);
    for_each_run(e, bands.image(band), bands.begin(band), bands.end(e, band), [&](Pixel first, int pixels) {
      const T* row = x.run(first, pixels, buffer);
      for (int p = 0; p < pixels; ++p, ++first.w, row += e.c) {
        const T folded = fold_run(row, e.c, join, start);
        emitter.emit(first, 1, &folded, 1);
      }
    });
  });
}

/// Folds everything, band by band, then the bands in their order. partial: one element per band.
template <class T, class Operation>
void reduce_all(ThreadPool& pool, const Operand<T>& x, Operation join, T start, const Emitter<T>& emitter,
                T* partial, T* scratch) {
  const Extents e = x.extents;
  const Bands bands(e, band_elements);
  pool.for_each(bands.count(), [&](int band, int worker) {
    T* buffer = scratch + static_cast<std::size_t>(worker) * band_scratch(e);
    T folded = start;
    for_each_run(e, bands.image(band), bands.begin(band), bands.end(e, band), [&](Pixel first, int pixels) {
      const T* row = x.run(first, pixels, buffer);
      folded = join(folded, fold_run(row, static_cast<std::ptrdiff_t>(pixels) * e.c, join, start));
    });
    partial[band] = folded;
  });
  T folded = start;
  for (int band = 0; band < bands.count(); ++band) folded = join(folded, partial[band]);
  emitter.emit({0, 0, 0}, 1, &folded, 1);
}

/// Bytes of scratch for add_reduced: for every band one sum per channel; and for every thread a run of pixels
/// and the sums of a few of them.
template <class T> std::size_t reduced_scratch(Extents e, int threads) {
  const auto channels = static_cast<std::size_t>(e.c);
  return static_cast<std::size_t>(Bands(e, band_elements).count()) * channels * sizeof(double) +
         static_cast<std::size_t>(threads) * (band_scratch(e) + channels) * sizeof(T);
}
/// sums[c] += pixels[p][c] over all p: a few pixels at a time in T, those sums in double. What is added up
/// often cancels, as the gradient of a bias before a norm.
template <class T> void add_pixels(const T* pixels, int count, int channels, T* part, double* sums) {
  constexpr int few = 16;
  for (int begin = 0; begin < count; begin += few) {
    std::copy_n(pixels, channels, part);
    pixels += channels;
    for (int p = begin + 1; p < std::min(begin + few, count); ++p, pixels += channels)
      for (int c = 0; c < channels; ++c) part[c] += pixels[c];
    for (int c = 0; c < channels; ++c) sums[c] += static_cast<double>(part[c]);
  }
}
/// target += x summed over the extents that are 1 in target. scratch: reduced_scratch() bytes.
template <class T>
void add_reduced(ThreadPool& pool, const Operand<T>& x, const Tensor<T>& target, char* scratch) {
  const Extents e = x.extents, t = target.extents();
  auto* sums = reinterpret_cast<double*>(scratch);
  auto* buffers = reinterpret_cast<T*>(sums + Bands(e, band_elements).count() * std::ptrdiff_t{e.c});
  if (t.h == 1 && t.w == 1 && t.c == e.c) {  // the gradients of biases and of per-image affines
    const Bands bands(e, band_elements);
    pool.for_each(bands.count(), [&](int band, int worker) {
      double* sum = sums + static_cast<std::ptrdiff_t>(band) * e.c;
      std::fill_n(sum, e.c, 0.0);
      T* part =
          buffers + static_cast<std::size_t>(worker) * (band_scratch(e) + static_cast<std::size_t>(e.c));
      for_each_run(e, bands.image(band), bands.begin(band), bands.end(e, band), [&](Pixel first, int pixels) {
        add_pixels(x.run(first, pixels, part + e.c), pixels, e.c, part, sum);
      });
    });
    const int targets = t.n == 1 ? 1 : e.n, per_target = bands.count() / targets;
    for (int n = 0; n < targets; ++n)
      for (int c = 0; c < e.c; ++c) {
        double sum = 0;
        for (int band = n * per_target; band < (n + 1) * per_target; ++band)
          sum += sums[static_cast<std::ptrdiff_t>(band) * e.c + c];
        target.data()[std::ptrdiff_t{n} * e.c + c] += static_cast<T>(sum);
      }
    return;
  }
  const auto plan = plan_of(target);
  for (int n = 0; n < e.n; ++n)
    for_each_run(e, n, 0, e.h * e.w, [&](Pixel first, int pixels) {
      for (; pixels > 0; --pixels, ++first.w) {
        const T* row = x.run(first, 1, buffers);
        T* out = target.data() + (plan.at(first).data - target.data());
        for (int c = 0; c < e.c; ++c) out[t.c == 1 ? 0 : c] += row[c];
      }
    });
}

/// The channel of every pixel's largest element, the first of equals. Throws Error over NaN and infinity.
template <class T>
void largest_channels(ThreadPool& pool, const Operand<T>& x, const Emitter<int>& emitter, T* scratch) {
  const Extents e = x.extents;
  const Bands bands(e, band_elements);
  const auto search = [&](Pixel at, const T* row) {
    int index = 0;
    for (int c = 0; c < e.c; ++c) {
      if (!is_finite(row[c]))
        throw Error("argmax: channel " + std::to_string(c) + " is not finite (image " + std::to_string(at.n) +
                    ", row " + std::to_string(at.h) + ", column " + std::to_string(at.w) +
                    "): the input or the weights hold NaN or infinity");
      if (row[c] > row[index]) index = c;
    }
    return index;
  };
  pool.for_each(bands.count(), [&](int band, int worker) {
    T* buffer = scratch + static_cast<std::size_t>(worker) * band_scratch(e);
    for_each_run(e, bands.image(band), bands.begin(band), bands.end(e, band), [&](Pixel first, int pixels) {
      const T* row = x.run(first, pixels, buffer);
      for (; pixels > 0; --pixels, ++first.w, row += e.c) {
        const int index = search(first, row);
        emitter.emit(first, 1, &index, 1);
      }
    });
  });
}

/// The squared distance of two vectors, in partial sums whose order is fixed.
template <class T> double squared_distance(const double* z, const T* row, int channels) {
  constexpr int partials = 8;
  double part[partials] = {};
  int c = 0;
  for (; c + partials <= channels; c += partials)
    for (int j = 0; j < partials; ++j) {
      const double d = z[c + j] - static_cast<double>(row[c + j]);
      part[j] += d * d;
    }
  for (; c < channels; ++c) {
    const double d = z[c] - static_cast<double>(row[c]);
    part[0] += d * d;
  }
  double distance = 0;
  for (const double p : part) distance += p;
  return distance;
}

/// Elements of scratch that one thread needs to search for the nearest entries.
inline std::size_t nearest_scratch(Extents e) { return 2 * static_cast<std::size_t>(e.c); }

/// The entry of the table at the least squared distance for every pixel, computed in double. Throws Error
/// over NaN and infinity.
template <class T>
void nearest_entries(ThreadPool& pool, const Operand<T>& x, const T* table, int entries,
                     const Emitter<int>& emitter, double* scratch) {
  const Extents e = x.extents;
  const Bands bands(e, 16 * e.c);
  const auto search = [&](Pixel at, double* wide, T* buffer) {
    std::copy_n(x.run(at, 1, buffer), e.c, wide);
    double best = 0;
    int index = -1;
    for (int entry = 0; entry < entries; ++entry) {
      const double distance = squared_distance(wide, table + static_cast<std::ptrdiff_t>(entry) * e.c, e.c);
      if (!is_finite(distance))
        throw Error("nearest: the distance to codebook entry " + std::to_string(entry) +
                    " is not finite (image " + std::to_string(at.n) + ", row " + std::to_string(at.h) +
                    ", column " + std::to_string(at.w) + "): the input or the weights hold NaN or infinity");
      if (index < 0 || distance < best) {
        best = distance;
        index = entry;
      }
    }
    return index;
  };
  pool.for_each(bands.count(), [&](int band, int worker) {
    double* wide = scratch + static_cast<std::size_t>(worker) * nearest_scratch(e);
    auto* buffer = reinterpret_cast<T*>(wide + e.c);
    for_each_run(e, bands.image(band), bands.begin(band), bands.end(e, band), [&](Pixel first, int pixels) {
      for (; pixels > 0; --pixels, ++first.w) {
        const int index = search(first, wide, buffer);
        emitter.emit(first, 1, &index, 1);
      }
    });
  });
}

}  // namespace RFPP_ABI
}  // namespace rfpp::cpu

#endif
