#ifndef RFPP_CPU_INVERTED_RESIDUAL_HPP
#define RFPP_CPU_INVERTED_RESIDUAL_HPP

#include <algorithm>
#include <type_traits>

#include "rfpp/cpu/micro_kernel.hpp"
#include "rfpp/cpu/packing.hpp"
#include "rfpp/cpu/thread_pool.hpp"
#include "rfpp/expr/functors.hpp"
#include "rfpp/expr/inverted_residual.hpp"

// The wide maps of an inverted residual block are several times as large as what goes in and comes out. Here
// they never leave the second-level cache: a task makes the three wide rows that an output row reads, filters
// them, and projects the result, a run of pixels at a time. The bits are those of the three convolutions one
// after the other.

namespace rfpp::cpu {
inline namespace RFPP_ABI {

/// How it is cut: a task makes a band of rows of one image.
template <class T> struct InvertedResidualShape {
  static constexpr int run = chunk_rows<T>;
  /// Bytes of a wide map that is better written: of the order of the second-level cache.
  static constexpr std::size_t most_cached = std::size_t{1} << 22;
  ConvolutionGeometry geometry;  // of the convolution to wide rows
  Extents in, wide, out;
  int stride;

  explicit InvertedResidualShape(const InvertedResidualCore<T>& core)
      : geometry(core.geometry),
        in(core.x.extents()),
        wide(core.wide_extents()),
        out(core.extents()),
        stride(core.stride) {}

  /// Whether it can be done so, and the wide map is large enough, and not too narrow for whole tiles.
  static bool applies(const InvertedResidualCore<T>& core) {
    constexpr Packing packed{CpuPacking::panels, MicroTile<T>::columns};
    const InvertedResidualShape s(core);
    return core.project.packing() == packed && core.expand.packing() == packed &&
           s.depth() <= longest_chain && s.wide.c % lane_count<T> == 0 &&
           s.wide.w >= 2 * MicroTile<T>::rows && (s.stride == 1 || s.stride == 2) &&
           static_cast<std::size_t>(s.wide.h) * s.row_size() * sizeof(T) > most_cached;
  }

  /// Few, so that there are tasks for all threads, but each makes two rows again that its neighbors make.
  int rows() const { return std::clamp(out.h / 8, 8, 32); }
  int bands() const { return (out.h + rows() - 1) / rows(); }
  int depth() const { return geometry.kernel * geometry.kernel * in.c; }
  double multiply_adds() const {
    return static_cast<double>(out.size()) * wide.c + static_cast<double>(wide.size()) * depth();
  }
  /// A wide row: one pixel of zeros, the row, one of zeros, and room for a whole last tile.
  std::size_t row_size() const {
    return static_cast<std::size_t>(round_up(wide.w, MicroTile<T>::rows) + 2) *
           static_cast<std::size_t>(wide.c);
  }
  /// Whether pixels of the input are read where they are; else the rows that make a wide row are staged.
  bool in_place() const {
    return geometry.kernel == 1 && geometry.pad_before == 0 && geometry.pad_after == 0;
  }
  std::size_t pitch() const {
    return static_cast<std::size_t>(in.w + geometry.pad_before + geometry.pad_after) *
           static_cast<std::size_t>(in.c);
  }
  std::size_t staged_size() const {
    return in_place() ? 0 : (static_cast<std::size_t>(geometry.kernel) * pitch() + 15) / 16 * 16;
  }
  /// The depthwise weight as [row][column][channel].
  std::size_t shared_size() const { return 9 * static_cast<std::size_t>(wide.c); }
  std::size_t scratch_size() const {
    return staged_size() + 3 * row_size() +
           run * static_cast<std::size_t>(wide.c + round_up(out.c, MicroTile<T>::columns));
  }
};

/// One thread's part.
template <class T> class InvertedResidualBand {
 public:
  InvertedResidualBand(const InvertedResidualCore<T>& core, const InvertedResidualShape<T>& shape,
                       const T* weight, T* scratch)
      : core_(core),
        s_(shape),
        weight_(weight),
        channels_(shape.wide.c),
        staged_(scratch),
        wide_rows_(staged_ + shape.staged_size()),
        filtered_(wide_rows_ + 3 * shape.row_size()),
        projected_(filtered_ + shape.run * channels_) {}

  void run(int n, int begin, int end, const Emitter<T>& emitter) {
    int made = begin * s_.stride - 1;
    for (int y = begin; y < end; ++y) {
      const int top = y * s_.stride - 1;
      for (; made < top + 3; ++made) make_row(n, made);
      for (int x = 0; x < s_.out.w; x += s_.run) {
        const int pixels = std::min(s_.run, s_.out.w - x);
        filter(top, x, pixels);
        project(pixels);
        emitter.emit({n, y, x}, pixels, projected_, round_up(s_.out.c, MicroTile<T>::columns));
      }
    }
  }

 private:
  using V = Lanes<T>;

  T* wide_row(int y) const { return wide_rows_ + static_cast<std::size_t>((y + 3) % 3) * s_.row_size(); }

  void make_row(int n, int y) {
    T* row = wide_row(y);
    if (y < 0 || y >= s_.wide.h) {
      std::fill_n(row, s_.row_size(), T(0));
      return;
    }
    const T* source = source_of(n, y);
    T* first = row + channels_;
    for (int begin = 0; begin < s_.wide.w; begin += s_.run)
      expand(source + static_cast<std::ptrdiff_t>(begin) * s_.geometry.stride * s_.in.c,
             std::min(s_.run, s_.wide.w - begin), first + begin * channels_);
    std::fill_n(row, channels_, T(0));
    std::fill_n(first + s_.wide.w * channels_, channels_, T(0));
  }

  /// The rows that wide row y is made of, with their padding.
  const T* source_of(int n, int y) {
    const auto& g = s_.geometry;
    const int top = y * g.stride - g.pad_before;
    const auto row_of = [&](int row) {
      return core_.x.data() + (static_cast<std::ptrdiff_t>(n) * s_.in.h + row) * s_.in.w * s_.in.c;
    };
    if (s_.in_place()) return row_of(top);
    T* to = staged_;
    for (int row = top; row < top + g.kernel; ++row, to += s_.pitch()) {
      std::fill_n(to, s_.pitch(), T(0));
      if (row >= 0 && row < s_.in.h) std::copy_n(row_of(row), s_.in.w * s_.in.c, to + g.pad_before * s_.in.c);
    }
    return staged_;
  }

  void expand(const T* x, int pixels, T* out) const {
    using Tile = MicroTile<T>;
    const auto& g = s_.geometry;
    const T* pointers[InvertedResidualShape<T>::run];
    const int whole = round_up(pixels, Tile::rows), length = g.kernel * s_.in.c;
    for (int i = 0; i < whole; ++i)
      pointers[i] = x + static_cast<std::ptrdiff_t>(std::min(i, pixels - 1)) * g.stride * s_.in.c;
    for (int column = 0; column < s_.wide.c; column += Tile::columns) {
      const T* packed = core_.expand.packed().data() + static_cast<std::ptrdiff_t>(column) * s_.depth();
      const auto activate = [bias = core_.expand_bias.data() + column](int vector, V sum) {
        return Relu{}(sum + load_lanes<V>(bias + vector * lane_count<T>));
      };
      for (int i = 0; i < whole; i += Tile::rows)
        micro_kernel<T>(s_.wide.c - column, 0, length, pointers + i, packed, out + i * channels_ + column,
                        channels_, false, Tile::columns, g.kernel, static_cast<std::ptrdiff_t>(s_.pitch()),
                        activate);
    }
  }

  void filter(int top, int x, int pixels) const {
    const T* rows[3];
    for (int r = 0; r < 3; ++r) rows[r] = wide_row(top + r) + x * s_.stride * channels_;
    int i = 0;
    for (; i + 4 <= pixels; i += 4) s_.stride == 1 ? filter_some<4, 1>(rows, i) : filter_some<4, 2>(rows, i);
    for (; i < pixels; ++i) s_.stride == 1 ? filter_some<1, 1>(rows, i) : filter_some<1, 2>(rows, i);
  }
  template <int Pixels, int Stride> void filter_some(const T* const* rows, int first) const {
    const std::ptrdiff_t wide = channels_;
    const T* bias = core_.depthwise_bias.data();
    T* out = filtered_ + first * wide;
    for (std::ptrdiff_t c = 0; c < wide; c += lane_count<T>) {
      V sum[Pixels] = {};
#pragma GCC unroll 3
      for (int r = 0; r < 3; ++r) {
        const T* in = rows[r] + first * Stride * wide + c;
#pragma GCC unroll 3
        for (int k = 0; k < 3; ++k) {
          const V w = load_lanes<V>(weight_ + (3 * r + k) * wide + c);
#pragma GCC unroll 4
          for (int p = 0; p < Pixels; ++p) sum[p] += w * load_lanes<V>(in + (p * Stride + k) * wide);
        }
      }
#pragma GCC unroll 4
      for (int p = 0; p < Pixels; ++p)
        store_lanes(out + p * wide + c, Relu{}(sum[p] + load_lanes<V>(bias + c)));
    }
  }

  void project(int pixels) const {
    const T* pointers[InvertedResidualShape<T>::run];
    for (int i = 0; i < pixels; ++i) pointers[i] = filtered_ + i * channels_;
    multiply_chunk({1, s_.wide.c, 0}, pointers, pixels, core_.project.packed().data(), s_.out.c, projected_);
  }

  const InvertedResidualCore<T>& core_;
  const InvertedResidualShape<T>& s_;
  const T* weight_;
  std::ptrdiff_t channels_;  // of wide rows
  T *staged_, *wide_rows_, *filtered_, *projected_;
};

/// `shared` holds shape.shared_size() elements, `scratch` shape.scratch_size() for each thread.
template <class T>
void run_inverted_residual(ThreadPool& pool, const InvertedResidualCore<T>& core,
                           const InvertedResidualShape<T>& s, const Emitter<T>& emitter, T* shared,
                           T* scratch) {
  const T* weight = core.depthwise.data();
  for (int c = 0; c < s.wide.c; ++c)
    for (int k = 0; k < 9; ++k) shared[k * s.wide.c + c] = weight[9 * c + k];
  pool.for_each(s.in.n * s.bands(), [&](int task, int worker) {
    InvertedResidualBand<T> band(core, s, shared,
                                 scratch + static_cast<std::size_t>(worker) * s.scratch_size());
    const int begin = task % s.bands() * s.rows();
    band.run(task / s.bands(), begin, std::min(begin + s.rows(), s.out.h), emitter);
  });
}

}  // namespace RFPP_ABI
}  // namespace rfpp::cpu

#endif
