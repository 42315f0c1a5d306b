#ifndef RFPP_CPU_CONVOLUTION_BY_TAPS_HPP
#define RFPP_CPU_CONVOLUTION_BY_TAPS_HPP

#include "rfpp/cpu/convolution.hpp"
#include "rfpp/cpu/packing.hpp"

// A convolution with few output channels would leave most columns of the micro-kernel's tile empty. Instead
// every input pixel is multiplied by all of the filter's taps at once, and each output pixel adds up the
// products that its window's pixels have for it.

namespace rfpp::cpu {
inline namespace RFPP_ABI {

/// How such a convolution, of stride 1, is cut into tasks of a few output rows.
template <class T> struct TapsTiling : ConvolutionTiling<T> {
  static constexpr int most_outputs = 4;

  TapsTiling(const ConvolutionGeometry& g, Extents input, Extents output)
      : ConvolutionTiling<T>(g, input, output) {
    this->rows = std::clamp(output.h, 1, 16);
  }

  int columns() const { return this->geometry.kernel * this->geometry.kernel * this->out.c; }
  int pitch() const { return round_up(columns(), MicroTile<T>::columns); }
  int staged_pixels() const { return this->in.w + this->geometry.pad_before + this->geometry.pad_after; }
  std::size_t products_row() const {
    return static_cast<std::size_t>(round_up(staged_pixels(), MicroTile<T>::rows)) *
           static_cast<std::size_t>(pitch());
  }
  /// Elements of the products of a task's input rows; four are read at once, also the last ones.
  std::size_t products_size() const {
    return static_cast<std::size_t>(this->staged_rows(this->rows)) * products_row() + most_outputs;
  }
  std::size_t row_size() const { return (this->row_pitch() + 15) / 16 * 16; }
  std::size_t scratch_size() const {
    return row_size() + (products_size() + 15) / 16 * 16 +
           static_cast<std::size_t>(most_outputs) * static_cast<std::size_t>(this->out.w);
  }
};

/// Packs a filter {out,kernel,kernel,in} as CpuPacking::taps.
template <class T> void pack_taps(const RawFilter<T>& raw, T* packed) {
  constexpr int width = MicroTile<T>::columns;
  const Extents f = raw.extents;
  const int taps = f.h * f.w;
  std::fill_n(packed, panels_size<T>(f.c, taps * f.n), T(0));
  for (int column = 0; column < taps * f.n; ++column) {
    const int tap = column / f.n, o = column % f.n;
    const T* source = raw.data + (static_cast<std::ptrdiff_t>(o) * taps + tap) * f.c;
    T* out = packed + static_cast<std::ptrdiff_t>(column / width) * f.c * width + column % width;
    for (int k = 0; k < f.c; ++k) out[k * width] = source[k];
  }
}

/// sums[w][most_outputs] = the convolution at the pixels of an output row, from the products of the input
/// rows that it reads.
template <class T> void sum_taps(const TapsTiling<T>& t, const T* products, T* sums) {
  typedef T Quad __attribute__((vector_size(TapsTiling<T>::most_outputs * sizeof(T))));
  const int kernel = t.geometry.kernel, pitch = t.pitch();
  for (int w = 0; w < t.out.w; ++w, sums += TapsTiling<T>::most_outputs) {
    Quad sum{};
    for (int y = 0; y < kernel; ++y) {
      const T* tap = products + static_cast<std::size_t>(y) * t.products_row() +
                     static_cast<std::ptrdiff_t>(w) * pitch + y * kernel * t.out.c;
      for (int x = 0; x < kernel; ++x, tap += pitch + t.out.c) sum += load_lanes<Quad>(tap);
    }
    store_lanes(sums, sum);
  }
}

/// out = epilogue(convolution(prologue(x), packed filter)), with the sums of what each task wrote. scratch:
/// scratch_size() elements for every thread.
template <class T>
void convolve_by_taps(ThreadPool& pool, const TapsTiling<T>& t, const Operand<T>& x, const T* packed,
                      const Emitter<T>& emitter, T* scratch) {
  pool.for_each(t.tasks(), [&](int task, int worker) {
    T* staged = scratch + static_cast<std::size_t>(worker) * t.scratch_size();
    T* products = staged + t.row_size();
    T* sums = products + (t.products_size() + 15) / 16 * 16;
    emitter.clear_sums(task);
    const int n = task / t.tasks_per_image(), first_row = task % t.tasks_per_image() * t.rows;
    const int rows = std::min(t.rows, t.out.h - first_row);
    for (int row = 0; row < t.staged_rows(rows); ++row) {
      stage_rows(t, x, n, first_row - t.geometry.pad_before + row, 1, staged);
      T* out = products + static_cast<std::size_t>(row) * t.products_row();
      const T* row_pointers[chunk_rows<T>];
      for (int begin = 0; begin < t.staged_pixels(); begin += chunk_rows<T>) {
        const int count = std::min(chunk_rows<T>, t.staged_pixels() - begin);
        for (int i = 0; i < count; ++i) row_pointers[i] = staged + std::ptrdiff_t{begin + i} * t.in.c;
        multiply_chunk({1, t.in.c, 0}, row_pointers, count, packed, t.columns(),
                       out + std::ptrdiff_t{begin} * t.pitch());
      }
    }
    for (int row = 0; row < rows; ++row) {
      sum_taps(t, products + static_cast<std::size_t>(row) * t.products_row(), sums);
      const Pixel first{n, first_row + row, 0};
      emitter.emit(first, t.out.w, sums, TapsTiling<T>::most_outputs);
      emitter.sum(task, emitter.at(first), 1, t.out.w, 0);
    }
  });
}

}  // namespace RFPP_ABI
}  // namespace rfpp::cpu

#endif
