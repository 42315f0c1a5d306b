#ifndef RFPP_CPU_OPERAND_HPP
#define RFPP_CPU_OPERAND_HPP

#include <algorithm>
#include <cstddef>
#include <cstring>

#include "rfpp/expr/statistics.hpp"

// Kernels know neither prologue nor epilogue: both come as a function and a plan, called for runs of pixels.
// So the compiler makes one function per prologue and one per epilogue, never one per pair, and kernels
// depend on T alone.

namespace rfpp::inline v0::cpu {

#if defined(__AVX512F__)
inline constexpr int vector_bytes = 64;
#elif defined(__AVX__)
inline constexpr int vector_bytes = 32;
#else
inline constexpr int vector_bytes = 16;
#endif

/// One SIMD register of T.
template <class T> struct LanesOf { typedef T type __attribute__((vector_size(vector_bytes))); };
template <class T> using Lanes = typename LanesOf<T>::type;
template <class T> inline constexpr int lane_count = vector_bytes / static_cast<int>(sizeof(T));

/// Writes `channels` channels of `pixels` pixels of one row, beginning at `first`, one after the other.
template <class T, class P> void stage_run(const void* plan, Pixel first, int pixels, int channels, T* out) {
  const P& p = *static_cast<const P*>(plan);
  for (; pixels > 0; --pixels, ++first.w, out += channels) {
    const auto cursor = p.at(first);
    int c = 0;
    for (; c + lane_count<T> <= channels; c += lane_count<T>)
      store_lanes(out + c, cursor.template load<Lanes<T>>(c));
    for (; c < channels; ++c) out[c] = cursor[c];
  }
}

/// An expression that a kernel reads. The plan must outlive it.
template <class T> struct Operand {
  const void* plan;
  void (*stage_function)(const void* plan, Pixel first, int pixels, int channels, T* out);
  Extents extents;
  const T* dense;  // the elements, where the expression is just a tensor; else null

  void stage(Pixel first, int pixels, T* out) const { stage_function(plan, first, pixels, extents.c, out); }
  /// A run of pixels of one row, in place if possible, else staged into `buffer`.
  const T* run(Pixel first, int pixels, T* buffer) const {
    if (dense != nullptr) {
      const auto row = static_cast<std::size_t>(first.n) * static_cast<std::size_t>(extents.h) +
                       static_cast<std::size_t>(first.h);
      return dense + (row * static_cast<std::size_t>(extents.w) + static_cast<std::size_t>(first.w)) *
                         static_cast<std::size_t>(extents.c);
    }
    stage(first, pixels, buffer);
    return buffer;
  }
};

/// Writes a finished run of pixels of one row through an epilogue. `first` holds where the accumulators of
/// its first pixel lie; those of the next pixel are `accumulator_pitch` elements on.
template <class T, class P>
void emit_run(const void* plan, Pixel first, int pixels, int channels, std::ptrdiff_t accumulator_pitch,
              T* out, bool accumulate) {
  const P& p = *static_cast<const P*>(plan);
  for (; pixels > 0; --pixels, ++first.w, out += channels) {
    const auto cursor = p.at(first);
    int c = 0;
    for (; c + lane_count<T> <= channels; c += lane_count<T>) {
      Lanes<T> v = cursor.template load<Lanes<T>>(c);
      if (accumulate) v += load_lanes<Lanes<T>>(out + c);
      store_lanes(out + c, v);
    }
    for (; c < channels; ++c) out[c] = accumulate ? out[c] + cursor[c] : cursor[c];
    first.accumulator = static_cast<const T*>(first.accumulator) + accumulator_pitch;
  }
}

/// An epilogue and what it writes. The plan must outlive it.
template <class T> struct Emitter {
  const void* plan;
  void (*function)(const void* plan, Pixel first, int pixels, int channels, std::ptrdiff_t accumulator_pitch,
                   T* out, bool accumulate);
  Extents extents;
  T* out;
  bool accumulate;

  /// A run of finished pixels of one row.
  void emit(Pixel first, int pixels, const T* accumulators, std::ptrdiff_t pitch) const {
    first.accumulator = accumulators;
    const auto row = static_cast<std::size_t>(first.n) * static_cast<std::size_t>(extents.h) +
                     static_cast<std::size_t>(first.h);
    const auto pixel = row * static_cast<std::size_t>(extents.w) + static_cast<std::size_t>(first.w);
    function(plan, first, pixels, extents.c, pitch, out + pixel * static_cast<std::size_t>(extents.c),
             accumulate);
  }
};

/// f(first pixel, count) for the parts of single rows that make up the pixels [begin, end) of image n.
template <class F> void for_each_run(Extents e, int n, int begin, int end, F&& f) {
  while (begin < end) {
    const Pixel first{n, begin / e.w, begin % e.w};
    const int count = std::min(e.w - first.w, end - begin);
    f(first, count);
    begin += count;
  }
}

/// The pixels of every image in bands of about `elements` elements. The bands depend on the extents alone, so
/// that sums over them have the same bits for any number of threads and any batch.
struct Bands {
  int pixels, per_image, images;

  Bands(Extents e, int elements)
      : pixels(std::max(1, elements / std::max(1, e.c))),
        per_image((e.h * e.w + pixels - 1) / pixels),
        images(e.n) {}
  int count() const { return per_image * images; }
  int image(int band) const { return band / per_image; }
  int begin(int band) const { return band % per_image * pixels; }
  int end(Extents e, int band) const { return std::min(begin(band) + pixels, e.h * e.w); }
};

}  // namespace rfpp::inline v0::cpu

#endif
