#ifndef RFPP_CPU_TRANSPOSED_CONVOLUTION_HPP
#define RFPP_CPU_TRANSPOSED_CONVOLUTION_HPP

#include <array>
#include <vector>

#include "rfpp/cpu/convolution.hpp"

// A transposed convolution with 3x3 taps and stride 2, which is a convolution of an image with a zero between
// every two neighbors: an even row of the result reads two rows of taps, an odd one the third, and so for
// columns. Each of the four kinds of pixels is a convolution of its own, without the zeros.

namespace rfpp::cpu {
inline namespace RFPP_ABI {

/// How it is cut into tasks: each makes the two output rows that follow from a few input rows and the row
/// beyond the last. `in` is the image without the zeros, `out` is {n, 2h+1, 2w+1, out}.
template <class T> struct TransposedTiling {
  Extents in, out;
  int rows;  // pairs of output rows per task

  TransposedTiling(Extents input, Extents output) : in(input), out(output) {
    constexpr std::size_t staged_bytes = std::size_t{1} << 20;  // of the order of the second-level cache
    const std::size_t row_bytes = std::max<std::size_t>(1, row_pitch() * sizeof(T));
    rows = std::clamp(static_cast<int>(std::min<std::size_t>(staged_bytes / row_bytes, 64)) - 1, 1,
                      std::max(1, (in.h + 8) / 8));
  }

  int pairs() const { return in.h + 1; }
  int columns() const { return in.w + 1; }  // pairs of output columns; the last odd one is not there
  int tasks_per_image() const { return (pairs() + rows - 1) / rows; }
  std::size_t row_pitch() const {
    return static_cast<std::size_t>(in.w + 2) * static_cast<std::size_t>(in.c);
  }
  std::size_t staged_size() const { return static_cast<std::size_t>(rows + 1) * row_pitch(); }
  int pitch() const { return round_up(out.c, MicroTile<T>::columns); }
  /// Elements of scratch that one thread needs.
  std::size_t scratch_size() const {
    return (staged_size() + 15) / 16 * 16 +
           std::size_t{2} * static_cast<std::size_t>(chunk_rows<T>) * static_cast<std::size_t>(pitch());
  }
};

/// How many taps an even or odd row or column of the result reads: the first and the last, or the one between.
constexpr int taps_of_parity(int parity) { return 2 - parity; }

/// Packs a filter {out,3,3,in} as CpuPacking::transposed.
template <class T> void pack_transposed(ThreadPool& pool, const RawFilter<T>& raw, T* packed) {
  const Extents f = raw.extents;
  std::vector<T> taps(4 * static_cast<std::size_t>(f.n) * static_cast<std::size_t>(f.c));
  for (const int row_parity : {0, 1})
    for (const int column_parity : {0, 1}) {
      const int rows = taps_of_parity(row_parity), columns = taps_of_parity(column_parity);
      T* to = taps.data();
      for (int o = 0; o < f.n; ++o)
        for (int i = 0; i < rows; ++i)
          for (int j = 0; j < columns; ++j, to += f.c) {
            const int tap = (row_parity + 2 * i) * 3 + column_parity + 2 * j;
            std::copy_n(raw.data + (std::ptrdiff_t{o} * 9 + tap) * f.c, f.c, to);
          }
      pack_filter<T>(pool, {taps.data(), {f.n, rows, columns, f.c}}, packed);
      packed += panels_size<T>(rows * columns * f.c, f.n);
    }
}

/// Where the filters of even and odd pixels begin in such a packing, even rows first.
template <class T> std::array<std::size_t, 4> transposed_offsets(const TransposedTiling<T>& t) {
  const auto size = [&](int taps) { return panels_size<T>(taps * t.in.c, t.out.c); };
  return {0, size(4), size(6), size(8)};
}

/// out = epilogue(transposed convolution(prologue(x), packed filter)), with the sums of what each task wrote.
/// scratch: scratch_size() elements for every thread.
template <class T>
void convolve_transposed(ThreadPool& pool, const TransposedTiling<T>& t, const Operand<T>& x, const T* packed,
                         const Emitter<T>& emitter, T* scratch) {
  const auto row_pitch = static_cast<std::ptrdiff_t>(t.row_pitch());
  const auto offsets = transposed_offsets(t);
  const int columns = t.columns(), pitch = t.pitch();
  // Zero padding of one on each side.
  const ConvolutionTiling<T> staging({3, 1, 1, 1}, t.in, t.in);
  const auto make_rows = [&](int task, int n, int first, int rows, int row_parity, const T* staged, T* sums) {
    const T* of_parity[] = {packed + offsets[row_parity == 0 ? 0 : 2],
                            packed + offsets[row_parity == 0 ? 1 : 3]};
    const T* row_pointers[chunk_rows<T>];
    for (int begin = 0; begin < rows * columns; begin += chunk_rows<T>) {
      const int count = std::min(chunk_rows<T>, rows * columns - begin);
      for (const int column_parity : {0, 1}) {
        const int taps = taps_of_parity(row_parity), length = taps_of_parity(column_parity) * t.in.c;
        for (int i = 0; i < count; ++i) {
          // The last odd pixel of a row reads the padding, and is not kept.
          const int row = (begin + i) / columns + row_parity, column = (begin + i) % columns + column_parity;
          row_pointers[i] = staged + row * row_pitch + std::ptrdiff_t{column} * t.in.c;
        }
        multiply_chunk({taps, length, row_pitch}, row_pointers, count, of_parity[column_parity], t.out.c,
                       sums + column_parity * pitch, std::ptrdiff_t{2} * pitch);
      }
      for_each_run({1, rows, columns, 1}, n, begin, begin + count, [&](Pixel run, int pixels) {
        const Pixel to{n, 2 * (first + run.h) + row_parity, 2 * run.w};
        const int made = std::min(2 * pixels, t.out.w - to.w);
        emitter.emit(to, made, sums + std::ptrdiff_t{2} * (run.h * columns + run.w - begin) * pitch, pitch);
        emitter.sum(task, emitter.at(to), 1, made, 0);
      });
    }
  };
  pool.for_each(t.in.n * t.tasks_per_image(), [&](int task, int worker) {
    T* staged = scratch + static_cast<std::size_t>(worker) * t.scratch_size();
    T* sums = staged + (t.staged_size() + 15) / 16 * 16;
    emitter.clear_sums(task);
    const int n = task / t.tasks_per_image(), first = task % t.tasks_per_image() * t.rows;
    const int rows = std::min(t.rows, t.pairs() - first);
    stage_rows(staging, x, n, first - 1, rows + 1, staged);
    make_rows(task, n, first, rows, 0, staged, sums);
    make_rows(task, n, first, std::min(rows, t.in.h - first), 1, staged, sums);
  });
}

}  // namespace RFPP_ABI
}  // namespace rfpp::cpu

#endif
