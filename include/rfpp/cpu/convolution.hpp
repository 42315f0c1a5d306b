#ifndef RFPP_CPU_CONVOLUTION_HPP
#define RFPP_CPU_CONVOLUTION_HPP

#include "rfpp/cpu/micro_kernel.hpp"
#include "rfpp/cpu/packing.hpp"
#include "rfpp/cpu/thread_pool.hpp"
#include "rfpp/expr/anchor.hpp"

namespace rfpp::cpu {
inline namespace RFPP_ABI {

/// How a direct convolution is cut into tasks. Each task stages, through the prologue and with the zero
/// padding put in after it, the input rows of a few output rows; the micro-kernel then reads pixels where
/// they lie.
template <class T> struct ConvolutionTiling {
  ConvolutionGeometry geometry;
  Extents in, out;
  int rows;  // output rows per task

  ConvolutionTiling(const ConvolutionGeometry& g, Extents input, Extents output)
      : geometry(g), in(input), out(output) {
    constexpr std::size_t staged_bytes = std::size_t{1} << 20;  // of the order of the second-level cache
    const std::size_t row_bytes =
        std::max<std::size_t>(1, row_pitch() * sizeof(T) * static_cast<std::size_t>(g.stride));
    const int fitting =
        static_cast<int>(std::min<std::size_t>(staged_bytes / row_bytes, 64)) - (g.kernel - g.stride);
    rows = std::clamp(fitting, 1, std::max(1, (out.h + 3) / 4));
  }

  int tasks_per_image() const { return (out.h + rows - 1) / rows; }
  int tasks() const { return out.n * tasks_per_image(); }
  int staged_rows(int output_rows) const { return (output_rows - 1) * geometry.stride + geometry.kernel; }
  std::size_t row_pitch() const {
    return static_cast<std::size_t>(in.w + geometry.pad_before + geometry.pad_after) *
           static_cast<std::size_t>(in.c);
  }
  int depth() const { return geometry.kernel * geometry.kernel * in.c; }
  std::size_t staged_size() const { return static_cast<std::size_t>(staged_rows(rows)) * row_pitch(); }
  std::size_t accumulators_size() const {
    return static_cast<std::size_t>(chunk_rows<T>) *
           static_cast<std::size_t>(round_up(out.c, MicroTile<T>::columns));
  }
  /// Elements of scratch that one thread needs.
  std::size_t scratch_size() const { return (staged_size() + 15) / 16 * 16 + accumulators_size(); }
  std::size_t packed_size() const { return panels_size<T>(depth(), out.c); }
};

/// Packs a filter {out,kernel,kernel,in} as CpuPacking::panels.
template <class T> void pack_filter(ThreadPool& pool, const RawFilter<T>& raw, T* packed) {
  const Extents f = raw.extents;
  const int depth = f.h * f.w * f.c, panels = round_up(f.n, MicroTile<T>::columns) / MicroTile<T>::columns;
  pool.for_each(panels, [&](int panel, int) { pack_panel(raw.data, 1, depth, depth, f.n, panel, packed); });
}

template <class T>
void stage_rows(const ConvolutionTiling<T>& t, const Operand<T>& x, int n, int first_row, int rows,
                T* staged) {
  const auto& g = t.geometry;
  const std::size_t before = static_cast<std::size_t>(g.pad_before) * static_cast<std::size_t>(t.in.c);
  const std::size_t width = static_cast<std::size_t>(t.in.w) * static_cast<std::size_t>(t.in.c);
  for (int r = 0; r < rows; ++r, staged += t.row_pitch()) {
    const int h = first_row + r;
    if (h < 0 || h >= t.in.h) {
      std::fill_n(staged, t.row_pitch(), T(0));
      continue;
    }
    std::fill_n(staged, before, T(0));
    x.stage({n, h, 0}, t.in.w, staged + before);
    std::fill(staged + before + width, staged + t.row_pitch(), T(0));
  }
}

/// out = epilogue(convolution(prologue(x), packed filter)), with the sums of what each task wrote. scratch:
/// scratch_size() elements for every thread.
template <class T>
void convolve(ThreadPool& pool, const ConvolutionTiling<T>& t, const Operand<T>& x, const T* packed,
              const Emitter<T>& emitter, T* scratch) {
  const auto& g = t.geometry;
  pool.for_each(t.tasks(), [&](int task, int worker) {
    T* staged = scratch + static_cast<std::size_t>(worker) * t.scratch_size();
    T* accumulators = staged + (t.staged_size() + 15) / 16 * 16;
    emitter.clear_sums(task);
    const int n = task / t.tasks_per_image(), first_row = task % t.tasks_per_image() * t.rows;
    const int rows = std::min(t.rows, t.out.h - first_row);
    const T* source = staged;
    if (x.dense != nullptr && g.kernel == 1 && g.pad_before == 0 && g.pad_after == 0)
      source = x.run({n, first_row * g.stride, 0}, 0, nullptr);  // pixels are read where they are
    else
      stage_rows(t, x, n, first_row * g.stride - g.pad_before, t.staged_rows(rows), staged);

    const RowSegments shape{g.kernel, g.kernel * t.in.c, static_cast<std::ptrdiff_t>(t.row_pitch())};
    const int pixels = rows * t.out.w, pitch = round_up(t.out.c, MicroTile<T>::columns);
    const T* row_pointers[chunk_rows<T>];
    for (int begin = 0; begin < pixels; begin += chunk_rows<T>) {
      const int count = std::min(chunk_rows<T>, pixels - begin);
      for (int i = 0; i < count; ++i) {
        const int h = (begin + i) / t.out.w, w = (begin + i) % t.out.w;
        row_pointers[i] = source + static_cast<std::size_t>(h * g.stride) * t.row_pitch() +
                          static_cast<std::size_t>(w * g.stride) * static_cast<std::size_t>(t.in.c);
      }
      multiply_chunk(shape, row_pointers, count, packed, t.out.c, accumulators);
      const int base = first_row * t.out.w + begin;
      for_each_run(t.out, n, base, base + count, [&](Pixel first, int run) {
        const int done = first.h * t.out.w + first.w - base;
        emitter.emit(first, run, accumulators + static_cast<std::ptrdiff_t>(done) * pitch, pitch);
        emitter.sum(task, emitter.at(first), 1, run, 0);
      });
    }
  });
}

}  // namespace RFPP_ABI
}  // namespace rfpp::cpu

#endif
