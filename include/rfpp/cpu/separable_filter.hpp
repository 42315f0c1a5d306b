#ifndef RFPP_CPU_SEPARABLE_FILTER_HPP
#define RFPP_CPU_SEPARABLE_FILTER_HPP

#include <algorithm>
#include <cstddef>
#include <type_traits>

#include "rfpp/cpu/operand.hpp"
#include "rfpp/cpu/thread_pool.hpp"
#include "rfpp/cpu/transpose.hpp"
#include "rfpp/expr/separable_filter.hpp"

// Channels that fill vectors are filtered as they lie, a row at a time. Of others a tile is one output row per
// lane: its rows are filtered along the height with the elements of a row in the lanes, and transposed; then
// along the width, with the rows in the lanes.

namespace rfpp::cpu {
inline namespace RFPP_ABI {

/// Vectors of a row that are filtered along the height at a time: as many chains of additions as hide the
/// latency of one.
inline constexpr int filtered_vectors = 4;

template <class T> struct SeparableShape {
  static constexpr int chunk = filtered_vectors * lane_count<T>;

  Extents in, out;
  int top = 0, bottom = 0, left = 0, right = 0;  // mirrored pixels on each side of the staged image
  bool by_rows;                                  // channels fill vectors
  bool staged;                                   // or else rows are read where they are

  /// `dense`: whether x is just a tensor.
  SeparableShape(Extents x, const SeparableFilter<T>& filter, bool dense)
      : in(x), out{x.n, filter.height(), filter.width(), x.c}, by_rows(x.c % lane_count<T> == 0) {
    for (const auto& term : filter.terms) {
      widen(term.rows, in.h, top, bottom);
      widen(term.columns, in.w, left, right);
    }
    staged = !by_rows || !dense || top + bottom + left + right > 0;
  }

  int staged_rows() const { return top + in.h + bottom; }
  std::size_t staged_elements() const {
    const std::size_t row = static_cast<std::size_t>(left + in.w + right) * static_cast<std::size_t>(in.c);
    return (row + chunk - 1) / chunk * chunk;
  }
  /// An odd number of vectors, so that the rows of a chunk do not share a few sets of the cache.
  std::size_t pitch() const { return staged_elements() + lane_count<T>; }
  std::size_t row_elements() const {
    const std::size_t row = static_cast<std::size_t>(out.w) * static_cast<std::size_t>(out.c);
    return (row + lane_count<T> - 1) / lane_count<T> * lane_count<T>;
  }
  int tiles_per_image() const { return (out.h + lane_count<T> - 1) / lane_count<T>; }

  std::size_t shared_size() const {
    return !staged ? 0 : static_cast<std::size_t>(in.n) * static_cast<std::size_t>(staged_rows()) * pitch();
  }
  std::size_t scratch_size() const {
    return by_rows ? staged_elements() + row_elements()
                   : (staged_elements() + 2 * row_elements()) * lane_count<T>;
  }

 private:
  static void widen(const FilterTaps<T>& taps, int extent, int& before, int& after) {
    const auto [lowest, highest] = std::minmax_element(taps.first.begin(), taps.first.end());
    before = std::max(before, -*lowest);
    after = std::max(after, *highest + taps.count - extent);
  }
};

/// Writes row `y` of the mirrored image.
template <class T>
void stage_mirrored(const SeparableShape<T>& s, const Operand<T>& x, int n, int y, T* out) {
  const int channels = s.in.c;
  T* inside = out + static_cast<std::ptrdiff_t>(s.left) * channels;
  const T* row = x.run({n, reflected(y - s.top, s.in.h), 0}, x.extents.w, inside);
  if (row != inside) std::copy_n(row, static_cast<std::ptrdiff_t>(s.in.w) * channels, inside);
  auto mirror = [&](int column) {
    std::copy_n(inside + static_cast<std::ptrdiff_t>(reflected(column, s.in.w)) * channels, channels,
                inside + static_cast<std::ptrdiff_t>(column) * channels);
  };
  for (int column = -s.left; column < 0; ++column) mirror(column);
  for (int column = s.in.w; column < s.in.w + s.right; ++column) mirror(column);
  T* const end = inside + static_cast<std::ptrdiff_t>(s.in.w + s.right) * channels;
  std::fill(end, out + s.pitch(), T(0));
}

/// The rows from `y` on, one per lane, filtered along the height: columns[element][lane].
template <class T>
void filter_height(const SeparableShape<T>& s, const FilterTaps<T>& taps, const T* staged, int y,
                   T* columns) {
  using V = Lanes<T>;
  constexpr int lanes = lane_count<T>;
  const auto pitch = static_cast<std::ptrdiff_t>(s.pitch());
  const auto elements = static_cast<std::ptrdiff_t>(s.staged_elements());
  for (std::ptrdiff_t x = 0; x < elements; x += SeparableShape<T>::chunk) {
    V sums[filtered_vectors][lanes];
    for (int lane = 0; lane < lanes; ++lane) {
      const auto row = static_cast<std::size_t>(std::min(y + lane, s.out.h - 1));
      const T* in = staged + (taps.first[row] + s.top) * pitch + x;
      const T* weight = taps.weights.data() + row * static_cast<std::size_t>(taps.count);
      V sum[filtered_vectors] = {};
      for (int k = 0; k < taps.count; ++k, in += pitch)
        for (int j = 0; j < filtered_vectors; ++j)
          sum[j] += splat<V>(weight[k]) * load_lanes<V>(in + j * lanes);
      for (int j = 0; j < filtered_vectors; ++j) sums[j][lane] = sum[j];
    }
    for (int j = 0; j < filtered_vectors; ++j) {
      transpose(sums[j]);
      for (int i = 0; i < lanes; ++i) store_lanes(columns + (x + j * lanes + i) * lanes, sums[j][i]);
    }
  }
}

/// sums[output element][lane] += columns filtered along the width, `Channels` of them from `channel` on.
template <int Channels, class T>
void filter_width(const SeparableShape<T>& s, const FilterTaps<T>& taps, const T* columns, int channel,
                  T* sums) {
  using V = Lanes<T>;
  constexpr int lanes = lane_count<T>;
  const auto pixel = static_cast<std::ptrdiff_t>(s.in.c) * lanes;
  const T* weight = taps.weights.data();
  for (int column = 0; column < s.out.w; ++column) {
    const T* in = columns + (taps.first[static_cast<std::size_t>(column)] + s.left) * pixel + channel * lanes;
    T* out = sums + column * pixel + channel * lanes;
    V sum[Channels];
    for (int i = 0; i < Channels; ++i) sum[i] = load_lanes<V>(out + i * lanes);
    for (int k = 0; k < taps.count; ++k, ++weight, in += pixel)
      for (int i = 0; i < Channels; ++i) sum[i] += splat<V>(*weight) * load_lanes<V>(in + i * lanes);
    for (int i = 0; i < Channels; ++i) store_lanes(out + i * lanes, sum[i]);
  }
}

/// Transposes sums[element][lane] into rows[lane][element].
template <class T> void rows_of(const SeparableShape<T>& s, const T* sums, T* rows) {
  using V = Lanes<T>;
  constexpr int lanes = lane_count<T>;
  const auto elements = static_cast<std::ptrdiff_t>(s.row_elements());
  for (std::ptrdiff_t x = 0; x < elements; x += lanes) {
    V square[lanes];
    for (int i = 0; i < lanes; ++i) square[i] = load_lanes<V>(sums + (x + i) * lanes);
    transpose(square);
    for (int i = 0; i < lanes; ++i) store_lanes(rows + i * elements + x, square[i]);
  }
}

/// sums[i] (+)= the sum over k of weights[k] times rows[k * pitch + i], for `elements` that fill vectors.
template <class T>
void add_weighted(const T* rows, std::ptrdiff_t pitch, const T* weights, int count, bool accumulate,
                  std::ptrdiff_t elements, T* sums) {
  using V = Lanes<T>;
  constexpr int lanes = lane_count<T>;
  auto add = [&]<int Vectors>(std::integral_constant<int, Vectors>, std::ptrdiff_t i) {
    V sum[Vectors] = {};
    if (accumulate)
      for (int j = 0; j < Vectors; ++j) sum[j] = load_lanes<V>(sums + i + j * lanes);
    for (int k = 0; k < count; ++k)
      for (int j = 0; j < Vectors; ++j)
        sum[j] += splat<V>(weights[k]) * load_lanes<V>(rows + k * pitch + i + j * lanes);
    for (int j = 0; j < Vectors; ++j) store_lanes(sums + i + j * lanes, sum[j]);
  };
  std::ptrdiff_t i = 0;
  for (; i + filtered_vectors * lanes <= elements; i += filtered_vectors * lanes)
    add(std::integral_constant<int, filtered_vectors>{}, i);
  for (; i < elements; i += lanes) add(std::integral_constant<int, 1>{}, i);
}

/// One row of the result, of channels that fill vectors, from rows `pitch` elements apart. scratch:
/// scratch_size() elements.
template <class T>
void filter_row(const SeparableShape<T>& s, const SeparableFilter<T>& filter, const T* rows,
                std::ptrdiff_t pitch, Pixel first, const Emitter<T>& emitter, T* scratch) {
  const auto weights_of = [](const FilterTaps<T>& taps, int i) {
    return taps.weights.data() + static_cast<std::ptrdiff_t>(i) * taps.count;
  };
  const std::ptrdiff_t channels = s.in.c;
  T* result = scratch + s.staged_elements();
  for (const auto& [height, width] : filter.terms) {
    add_weighted(rows + (height.first[static_cast<std::size_t>(first.h)] + s.top) * pitch, pitch,
                 weights_of(height, first.h), height.count, false, (s.left + s.in.w + s.right) * channels,
                 scratch);
    for (int x = 0; x < s.out.w; ++x)
      add_weighted(scratch + (width.first[static_cast<std::size_t>(x)] + s.left) * channels, channels,
                   weights_of(width, x), width.count, &height != &filter.terms.front().rows, channels,
                   result + x * channels);
  }
  emitter.emit(first, emitter.extents.w, result, emitter.extents.c);
}

/// `shared` holds shape.shared_size() elements, `scratch` scratch_size() for each thread.
template <class T>
void filter_separably(ThreadPool& pool, const SeparableShape<T>& s, const SeparableFilter<T>& filter,
                      const Operand<T>& x, const Emitter<T>& emitter, T* shared, T* scratch) {
  constexpr int lanes = lane_count<T>, channels_at_once = 3;
  const auto pitch = static_cast<std::ptrdiff_t>(s.pitch());
  if (s.staged)
    pool.for_each(s.in.n * s.staged_rows(), [&](int row, int) {
      stage_mirrored(s, x, row / s.staged_rows(), row % s.staged_rows(), shared + row * pitch);
    });
  if (s.by_rows)
    return pool.for_each(s.in.n * s.out.h, [&](int row, int worker) {
      const Pixel first{row / s.out.h, row % s.out.h, 0};
      const T* rows =
          s.staged ? shared + first.n * s.staged_rows() * pitch : x.run({first.n, 0, 0}, 0, nullptr);
      filter_row(s, filter, rows, s.staged ? pitch : std::ptrdiff_t{s.in.w} * s.in.c, first, emitter,
                 scratch + static_cast<std::size_t>(worker) * s.scratch_size());
    });
  pool.for_each(s.in.n * s.tiles_per_image(), [&](int tile, int worker) {
    T* columns = scratch + static_cast<std::size_t>(worker) * s.scratch_size();
    T* sums = columns + s.staged_elements() * lanes;
    T* rows = sums + s.row_elements() * lanes;
    const int n = tile / s.tiles_per_image(), y = tile % s.tiles_per_image() * lanes;
    std::fill_n(sums, s.row_elements() * lanes, T(0));
    for (const auto& term : filter.terms) {
      filter_height(s, term.rows, shared + n * s.staged_rows() * pitch, y, columns);
      int channel = 0;
      for (; channel + channels_at_once <= s.in.c; channel += channels_at_once)
        filter_width<channels_at_once>(s, term.columns, columns, channel, sums);
      for (; channel < s.in.c; ++channel) filter_width<1>(s, term.columns, columns, channel, sums);
    }
    rows_of(s, sums, rows);
    for (int lane = 0; lane < std::min(lanes, s.out.h - y); ++lane)
      emitter.emit({n, y + lane, 0}, emitter.extents.w,
                   rows + lane * static_cast<std::ptrdiff_t>(s.row_elements()), emitter.extents.c);
  });
}

}  // namespace RFPP_ABI
}  // namespace rfpp::cpu

#endif
