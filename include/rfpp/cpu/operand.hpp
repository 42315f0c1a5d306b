#ifndef RFPP_CPU_OPERAND_HPP
#define RFPP_CPU_OPERAND_HPP

#include <algorithm>
#include <cstddef>
#include <cstring>

#if defined(__AVX__)
#include <immintrin.h>
#endif

#include "rfpp/expr/statistics.hpp"

// Kernels know neither prologue nor epilogue: both come as a function and a plan, called for runs of pixels.
// So the compiler makes one function per prologue and one per epilogue, never one per pair, and kernels
// depend on T alone.

namespace rfpp::cpu {
inline namespace RFPP_ABI {

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

/// Vectors of channels that runs of pixels are worked through at a time: the end of so short a loop would be
/// mispredicted at every pixel.
inline constexpr int unroll = 4;

/// Stores past the caches what will not be read soon, where there is an instruction for that. p is aligned.
template <class V> void stream_lanes(element_t<V>* p, V v) {
#if defined(__AVX512F__)
  if constexpr (std::is_same_v<V, Lanes<float>>) return _mm512_stream_ps(p, std::bit_cast<__m512>(v));
#elif defined(__AVX__)
  if constexpr (std::is_same_v<V, Lanes<float>>) return _mm256_stream_ps(p, std::bit_cast<__m256>(v));
#endif
  store_lanes(p, v);
}
/// Between streaming stores and telling another thread of them.
inline void stream_fence() {
#if defined(__AVX__)
  _mm_sfence();
#endif
}

/// Writes `channels` channels of `pixels` pixels of one row, beginning at `first`, one after the other.
template <class T, class P> void stage_run(const void* plan, Pixel first, int pixels, int channels, T* out) {
  const P p = *static_cast<const P*>(plan);  // a copy, since stores could write the original
  for (; pixels > 0; --pixels, ++first.w, out += channels) {
    const auto cursor = p.at(first);
    int c = 0;
    for (; c + unroll * lane_count<T> <= channels; c += unroll * lane_count<T>)
#pragma GCC unroll 4
      for (int j = 0; j < unroll; ++j)
        store_lanes(out + c + j * lane_count<T>, cursor.template load<Lanes<T>>(c + j * lane_count<T>));
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
  const P p = *static_cast<const P*>(plan);  // a copy, since stores could write the original
  for (; pixels > 0; --pixels, ++first.w, out += channels) {
    const auto cursor = p.at(first);
    int c = 0;
    auto emit = [&](int k) {
      Lanes<T> v = cursor.template load<Lanes<T>>(k);
      if (accumulate) v += load_lanes<Lanes<T>>(out + k);
      store_lanes(out + k, v);
    };
    for (; c + unroll * lane_count<T> <= channels; c += unroll * lane_count<T>)
#pragma GCC unroll 4
      for (int j = 0; j < unroll; ++j) emit(c + j * lane_count<T>);
    for (; c + lane_count<T> <= channels; c += lane_count<T>) emit(c);
    for (; c < channels; ++c) out[c] = accumulate ? out[c] + cursor[c] : cursor[c];
    first.accumulator = static_cast<const T*>(first.accumulator) + accumulator_pitch;
  }
}

/// sums[c] += elements of channel c, sums[channels + c] += their squares, of rows x columns pixels whose rows
/// are `pitch` elements apart. The few pixels of a tile are summed in T, where that loses nothing that
/// counts.
template <class T>
void add_sums(const T* pixels, int rows, int columns, std::ptrdiff_t pitch, int channels, double* sums) {
  using V = Lanes<T>;
  auto add = [&]<class S>(S, int c, int lanes) {
    S sum{}, squares{};
    for (int i = 0; i < rows; ++i)
      for (int j = 0; j < columns; ++j) {
        const S v = load_lanes<S>(pixels + i * pitch + static_cast<std::ptrdiff_t>(j) * channels + c);
        sum += v;
        squares += v * v;
      }
    T both[2 * lane_count<T>];
    store_lanes(both, sum);
    store_lanes(both + lanes, squares);
    for (int k = 0; k < lanes; ++k) {
      sums[c + k] += static_cast<double>(both[k]);
      sums[channels + c + k] += static_cast<double>(both[lanes + k]);
    }
  };
  int c = 0;
  for (; c + lane_count<T> <= channels; c += lane_count<T>) add(V{}, c, lane_count<T>);
  for (; c < channels; ++c) add(T{}, c, 1);
}

/// An epilogue and what it writes. The plan must outlive it.
template <class T> struct Emitter {
  const void* plan;
  void (*function)(const void* plan, Pixel first, int pixels, int channels, std::ptrdiff_t accumulator_pitch,
                   T* out, bool accumulate);
  Extents extents;
  T* out;
  bool accumulate;
  bool streams = false;    // whether what is stored goes past the caches
  double* sums = nullptr;  // of what every task of a convolution writes: [tasks][2][channels]; or none

  /// A run of finished pixels of one row.
  void emit(Pixel first, int pixels, const T* accumulators, std::ptrdiff_t pitch) const {
    first.accumulator = accumulators;
    function(plan, first, pixels, extents.c, pitch, at(first), accumulate);
  }
  /// The same in two steps: first densely into a buffer, which may begin where the accumulators do,
  void emit_to(T* run, Pixel first, int pixels, const T* accumulators, std::ptrdiff_t pitch) const {
    first.accumulator = accumulators;
    function(plan, first, pixels, extents.c, pitch, run, false);
  }
  /// then from there to its place. Leaves what it stored in the buffer.
  void store(Pixel first, int pixels, T* run) const {
    T* to = at(first);
    const std::ptrdiff_t count = static_cast<std::ptrdiff_t>(pixels) * extents.c;
    if (accumulate)
      for (std::ptrdiff_t i = 0; i < count; ++i) run[i] += to[i];
    if (!streams) {
      std::copy_n(run, count, to);
      return;
    }
    for (std::ptrdiff_t i = 0; i < count; i += lane_count<T>)
      stream_lanes(to + i, load_lanes<Lanes<T>>(run + i));
  }
  void clear_sums(int task) const {
    if (sums != nullptr) std::fill_n(sums_of(task), 2 * extents.c, 0.0);
  }
  /// Adds a few pixels, rows `pitch` elements apart, to the sums of a task.
  void sum(int task, const T* pixels, int rows, int columns, std::ptrdiff_t pitch) const {
    if (sums != nullptr) add_sums(pixels, rows, columns, pitch, extents.c, sums_of(task));
  }
  T* at(Pixel p) const {
    const auto row =
        static_cast<std::size_t>(p.n) * static_cast<std::size_t>(extents.h) + static_cast<std::size_t>(p.h);
    return out + (row * static_cast<std::size_t>(extents.w) + static_cast<std::size_t>(p.w)) *
                     static_cast<std::size_t>(extents.c);
  }

 private:
  double* sums_of(int task) const { return sums + static_cast<std::ptrdiff_t>(task) * 2 * extents.c; }
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

}  // namespace RFPP_ABI
}  // namespace rfpp::cpu

#endif
