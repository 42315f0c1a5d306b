#ifndef RFPP_CPU_MICRO_KERNEL_HPP
#define RFPP_CPU_MICRO_KERNEL_HPP

#include <algorithm>
#include <cstddef>

#include "rfpp/cpu/operand.hpp"

namespace rfpp::cpu {
inline namespace RFPP_ABI {

/// The tile that the micro-kernel keeps in registers: `rows` x `columns` accumulators of T. With 32 registers
/// 14 x 2 vectors leave 4 for operands, with 16 registers 6 x 2 do.
template <class T> struct MicroTile {
#if defined(__AVX512F__) || defined(__aarch64__)
  static constexpr int rows = 14;
#else
  static constexpr int rows = 6;
#endif
  static constexpr int vectors = 2;
  static constexpr int columns = vectors * lane_count<T>;
};

/// The left operand's rows: each is `segments` runs of `length` consecutive elements, `stride` apart. A
/// convolution has a segment per kernel row; a plain matrix has one.
struct RowSegments {
  int segments, length;
  std::ptrdiff_t stride;

  constexpr int depth() const { return segments * length; }
};

/// The left operand stored with its columns as rows: element (i, k) is data[k * pitch + i].
template <class T> struct TransposedRows {
  const T* data;
  std::ptrdiff_t pitch;
};
template <class T> T left_element(const T* const* a, int i, std::ptrdiff_t k) { return a[i][k]; }
template <class T> T left_element(const TransposedRows<T>& a, int i, std::ptrdiff_t k) {
  return a.data[k * a.pitch + i];
}

/// c[i][j] (+)= sum over k in [begin, end) of a[i][k] * b[k - begin][j], for all rows and the first `vectors`
/// vectors of columns of the tile. Rows of b are b_pitch elements apart. So for as many segments of a, which
/// are `stride` elements apart, the rows of b going on. What is stored is finish(vector, sum), `vector` being
/// that of the tile.
template <class T, int vectors, class A, class Finish>
void micro_kernel_of(std::ptrdiff_t begin, std::ptrdiff_t end, const A& a, const T* b, T* c,
                     std::ptrdiff_t c_pitch, bool accumulate, std::ptrdiff_t b_pitch, int segments,
                     std::ptrdiff_t stride, const Finish& finish) {
  using Tile = MicroTile<T>;
  using V = Lanes<T>;
  V sum[Tile::rows][vectors] = {};
  auto step = [&](std::ptrdiff_t k) __attribute__((always_inline)) {
    V right[vectors];
#pragma GCC unroll 4
    for (int j = 0; j < vectors; ++j) right[j] = load_lanes<V>(b + j * lane_count<T>);
#pragma GCC unroll 16
    for (int i = 0; i < Tile::rows; ++i) {
      const V left = splat<V>(left_element<T>(a, i, k));
#pragma GCC unroll 4
      for (int j = 0; j < vectors; ++j) sum[i][j] += left * right[j];
    }
    b += b_pitch;
  };
  for (; segments > 0; --segments, begin += stride, end += stride) {
    std::ptrdiff_t k = begin;
    for (; k + 4 <= end; k += 4) {  // unrolled, so that the row pointers are fetched once for four steps
      step(k);
      step(k + 1);
      step(k + 2);
      step(k + 3);
    }
    for (; k < end; ++k) step(k);
  }
#pragma GCC unroll 16
  for (int i = 0; i < Tile::rows; ++i)
#pragma GCC unroll 4
    for (int j = 0; j < vectors; ++j) {
      T* out = c + i * c_pitch + j * lane_count<T>;
      store_lanes(out, finish(j, accumulate ? load_lanes<V>(out) + sum[i][j] : sum[i][j]));
    }
}

/// What micro_kernel_of stores: the sum itself.
struct Unfinished {
  template <class V> V operator()(int, V sum) const { return sum; }
};

/// The same for as many vectors as `columns` need, which may be more than the tile has.
template <class T, class A, class Finish = Unfinished>
void micro_kernel(int columns, std::ptrdiff_t begin, std::ptrdiff_t end, const A& a, const T* b, T* c,
                  std::ptrdiff_t c_pitch, bool accumulate, std::ptrdiff_t b_pitch = MicroTile<T>::columns,
                  int segments = 1, std::ptrdiff_t stride = 0, const Finish& finish = {}) {
  if (columns <= lane_count<T>)
    micro_kernel_of<T, 1>(begin, end, a, b, c, c_pitch, accumulate, b_pitch, segments, stride, finish);
  else
    micro_kernel_of<T, MicroTile<T>::vectors>(begin, end, a, b, c, c_pitch, accumulate, b_pitch, segments,
                                              stride, finish);
}

/// Products that are summed in T at a time: one long chain of float additions would lose a digit more.
inline constexpr int longest_chain = 256;

/// The same over a row's whole depth.
template <class T>
void multiply_tile(int columns, const RowSegments& shape, const T* const* a, const T* b, T* c,
                   std::ptrdiff_t c_pitch) {
  if (shape.segments > 1 && shape.depth() <= longest_chain)  // the sums stay in registers
    return micro_kernel<T>(columns, 0, shape.length, a, b, c, c_pitch, false, MicroTile<T>::columns,
                           shape.segments, shape.stride);
  bool accumulate = false;
  for (int s = 0; s < shape.segments; ++s) {
    const std::ptrdiff_t end = s * shape.stride + shape.length;
    for (std::ptrdiff_t k = s * shape.stride; k < end; k += longest_chain) {
      const std::ptrdiff_t stop = std::min(end, k + longest_chain);
      micro_kernel<T>(columns, k, stop, a, b, c, c_pitch, accumulate);
      b += (stop - k) * MicroTile<T>::columns;
      accumulate = true;
    }
  }
}

/// Bytes up to a whole number of cache lines.
constexpr std::size_t aligned(std::size_t bytes) { return (bytes + 63) / 64 * 64; }
constexpr int round_up(int n, int multiple) { return (n + multiple - 1) / multiple * multiple; }

/// The elements of a filter {out,kernel,kernel,in} before packing.
template <class T> struct RawFilter {
  const T* data;
  Extents extents;
};

/// Elements of a packed right operand of `depth` x `columns`.
template <class T> constexpr std::size_t panels_size(int depth, int columns) {
  return static_cast<std::size_t>(depth) * static_cast<std::size_t>(round_up(columns, MicroTile<T>::columns));
}

/// to[j * to_pitch + i] = from[i * from_pitch + j], in blocks that the first-level cache holds.
template <class T>
void transpose(const T* from, std::ptrdiff_t from_pitch, int rows, int columns, T* to,
               std::ptrdiff_t to_pitch) {
  constexpr int block = 16;
  for (int i0 = 0; i0 < rows; i0 += block)
    for (int j = 0; j < columns; ++j)
      for (int i = i0; i < std::min(rows, i0 + block); ++i) to[j * to_pitch + i] = from[i * from_pitch + j];
}

/// Packs one panel of the right operand b[k][j] = source[k * depth_stride + j * column_stride], zero beyond
/// `columns`.
template <class T>
void pack_panel(const T* source, std::ptrdiff_t depth_stride, std::ptrdiff_t column_stride, int depth,
                int columns, int panel, T* out) {
  constexpr int width = MicroTile<T>::columns;
  const int first = panel * width, present = std::min(width, columns - first);
  out += static_cast<std::size_t>(panel) * static_cast<std::size_t>(depth) * width;
  if (column_stride == 1)
    for (int k = 0; k < depth; ++k) std::copy_n(source + k * depth_stride + first, present, out + k * width);
  else
    transpose(source + first * column_stride, column_stride, present, depth, out, width);
  for (int k = 0; k < depth && present < width; ++k)
    std::fill(out + k * width + present, out + (k + 1) * width, T(0));
}

/// Rows that are computed before they are emitted: a few tiles, so that their accumulators stay in the cache
/// while every panel is used several times.
template <class T> inline constexpr int chunk_rows = 8 * MicroTile<T>::rows;

/// accumulators[i][j], rows `pitch` elements apart, for `rows` <= chunk_rows rows, given by
/// pointers (filled up here to whole tiles by repeating the last) and a packed right operand. Columns beyond
/// the vector that has the last are left as they are.
template <class T>
void multiply_chunk(const RowSegments& shape, const T** row_pointers, int rows, const T* packed, int columns,
                    T* accumulators, std::ptrdiff_t pitch) {
  using Tile = MicroTile<T>;
  const int whole = round_up(rows, Tile::rows);
  for (int i = rows; i < whole; ++i) row_pointers[i] = row_pointers[rows - 1];
  for (int panel = 0; panel * Tile::columns < columns; ++panel) {
    const T* b =
        packed + static_cast<std::size_t>(panel) * static_cast<std::size_t>(shape.depth()) * Tile::columns;
    for (int i = 0; i < whole; i += Tile::rows)
      multiply_tile<T>(columns - panel * Tile::columns, shape, row_pointers + i, b,
                       accumulators + i * pitch + panel * Tile::columns, pitch);
  }
}
/// The same without room between rows: pitch round_up(columns, tile columns).
template <class T>
void multiply_chunk(const RowSegments& shape, const T** row_pointers, int rows, const T* packed, int columns,
                    T* accumulators) {
  multiply_chunk(shape, row_pointers, rows, packed, columns, accumulators,
                 round_up(columns, MicroTile<T>::columns));
}

}  // namespace RFPP_ABI
}  // namespace rfpp::cpu

#endif
