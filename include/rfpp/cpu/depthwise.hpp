#ifndef RFPP_CPU_DEPTHWISE_HPP
#define RFPP_CPU_DEPTHWISE_HPP

#include <algorithm>

#include "rfpp/cpu/operand.hpp"
#include "rfpp/cpu/thread_pool.hpp"
#include "rfpp/expr/depthwise.hpp"

namespace rfpp::cpu {
inline namespace RFPP_ABI {

/// How a depthwise convolution is cut: a task makes a band of rows of one image, in runs of pixels whose
/// accumulators stay in the first cache.
template <class T> struct DepthwiseShape {
  static constexpr int rows_per_task = 8, run_elements = 4096;
  ConvolutionGeometry geometry;
  Extents in, out;

  int bands() const { return (out.h + rows_per_task - 1) / rows_per_task; }
  int run_pixels() const { return std::clamp(run_elements / std::max(out.c, 1), 4, std::max(out.w, 4)); }
  std::size_t row_size() const { return static_cast<std::size_t>(in.w) * static_cast<std::size_t>(in.c); }
  /// The weight as [row][column][channel].
  std::size_t shared_size() const {
    return static_cast<std::size_t>(geometry.kernel * geometry.kernel) * static_cast<std::size_t>(in.c);
  }
  /// The input's rows that an output row reads, and a run's accumulators.
  std::size_t scratch_size() const {
    return static_cast<std::size_t>(geometry.kernel) * row_size() +
           static_cast<std::size_t>(run_pixels()) * static_cast<std::size_t>(out.c);
  }
};

/// A band of output rows; `weight` as [row][column][channel].
template <class T> class DepthwiseBand {
 public:
  DepthwiseBand(const DepthwiseShape<T>& shape, const Operand<T>& x, const T* weight, T* scratch)
      : s_(shape),
        x_(x),
        weight_(weight),
        staged_(scratch),
        sums_(scratch + static_cast<std::size_t>(shape.geometry.kernel) * shape.row_size()) {}

  void run(int n, int begin, int end, const Emitter<T>& emitter) {
    const int run = s_.run_pixels();
    next_ = 0;
    for (int y = begin; y < end; ++y) {
      const int top = y * s_.geometry.stride - s_.geometry.pad_before;
      first_ = std::max(0, -top);
      last_ = std::min(s_.geometry.kernel, s_.in.h - top);
      for (int row = first_; row < last_; ++row) stage(n, top + row);
      top_ = top;
      for (int x = 0; x < s_.out.w; x += run) {
        const int pixels = std::min(run, s_.out.w - x);
        filter(n, x, pixels);
        emitter.emit({n, y, x}, pixels, sums_, s_.out.c);
      }
    }
  }

 private:
  T* slot(int row) const {
    return staged_ + static_cast<std::size_t>(row % s_.geometry.kernel) * s_.row_size();
  }
  /// Rows come in ascending order, each is staged once.
  void stage(int n, int row) {
    if (x_.dense != nullptr || row < next_) return;
    x_.stage({n, row, 0}, s_.in.w, slot(row));
    next_ = row + 1;
  }
  const T* row(int n, int y) const { return x_.dense != nullptr ? x_.run({n, y, 0}, 0, nullptr) : slot(y); }

  void filter(int n, int x, int pixels) {
    const auto& g = s_.geometry;
    // Pixels all of whose taps lie inside the row.
    const int inside = std::clamp((g.pad_before + g.stride - 1) / g.stride - x, 0, pixels);
    const int room = s_.in.w + g.pad_before - g.kernel;
    const int outside = std::clamp(room < 0 ? 0 : room / g.stride + 1 - x, inside, pixels);
    int i = 0;
    for (; i < inside; ++i) edge(n, x, i);
    if (g.kernel == 3) {
      for (; i + 4 <= outside; i += 4) g.stride == 1 ? interior<1>(n, x, i) : interior<0>(n, x, i);
    }
    for (; i < pixels; ++i) edge(n, x, i);
  }

  /// Four pixels; Stride 0: that of the geometry.
  template <int Stride> void interior(int n, int x, int i) {
    const int channels = s_.in.c, stride = Stride == 0 ? s_.geometry.stride : Stride;
    const T* rows[3] = {};
    for (int row_index = first_; row_index < last_; ++row_index)
      rows[row_index] = row(n, top_ + row_index) +
                        static_cast<std::ptrdiff_t>((x + i) * stride - s_.geometry.pad_before) * channels;
    T* out = sums_ + static_cast<std::ptrdiff_t>(i) * channels;
    int c = 0;
    for (; c + lane_count<T> <= channels; c += lane_count<T>) four<Lanes<T>>(rows, stride, c, out);
    for (; c < channels; ++c) four<T>(rows, stride, c, out);
  }
  template <class V> void four(const T* const* rows, int stride, int c, T* out) const {
    const int channels = s_.in.c;
    V sum[4] = {};
    for (int r = 0; r < 3; ++r) {
      if (rows[r] == nullptr) continue;
      const T* w = weight_ + 3 * r * channels + c;
      const V weight[3] = {load_lanes<V>(w), load_lanes<V>(w + channels), load_lanes<V>(w + 2 * channels)};
#pragma GCC unroll 4
      for (int p = 0; p < 4; ++p)
#pragma GCC unroll 3
        for (int k = 0; k < 3; ++k)
          sum[p] +=
              weight[k] * load_lanes<V>(rows[r] + static_cast<std::ptrdiff_t>(p * stride + k) * channels + c);
    }
    for (int p = 0; p < 4; ++p) store_lanes(out + static_cast<std::ptrdiff_t>(p) * channels + c, sum[p]);
  }

  void edge(int n, int x, int i) {
    const auto& g = s_.geometry;
    const int channels = s_.in.c, left = (x + i) * g.stride - g.pad_before;
    T* out = sums_ + static_cast<std::ptrdiff_t>(i) * channels;
    std::fill_n(out, channels, T(0));
    for (int r = first_; r < last_; ++r)
      for (int k = std::max(0, -left); k < std::min(g.kernel, s_.in.w - left); ++k) {
        const T* in = row(n, top_ + r) + static_cast<std::ptrdiff_t>(left + k) * channels;
        const T* w = weight_ + static_cast<std::ptrdiff_t>(g.kernel * r + k) * channels;
        for (int c = 0; c < channels; ++c) out[c] += w[c] * in[c];
      }
  }

  const DepthwiseShape<T>& s_;
  const Operand<T>& x_;
  const T* weight_;
  T* staged_;
  T* sums_;
  int next_ = 0, first_ = 0, last_ = 0, top_ = 0;
};

/// `weight` is {c,kernel,kernel,1}; `shared` holds shape.shared_size() elements, `scratch` scratch_size() for
/// each thread.
template <class T>
void convolve_depthwise(ThreadPool& pool, const DepthwiseShape<T>& s, const Operand<T>& x, const T* weight,
                        const Emitter<T>& emitter, T* shared, T* scratch) {
  const int taps = s.geometry.kernel * s.geometry.kernel;
  for (int c = 0; c < s.in.c; ++c)
    for (int k = 0; k < taps; ++k) shared[k * s.in.c + c] = weight[c * taps + k];
  pool.for_each(s.in.n * s.bands(), [&](int task, int worker) {
    DepthwiseBand<T> band(s, x, shared, scratch + static_cast<std::size_t>(worker) * s.scratch_size());
    const int begin = task % s.bands() * s.rows_per_task;
    band.run(task / s.bands(), begin, std::min(begin + s.rows_per_task, s.out.h), emitter);
  });
}

}  // namespace RFPP_ABI
}  // namespace rfpp::cpu

#endif
