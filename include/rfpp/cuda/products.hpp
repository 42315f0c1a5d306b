#ifndef RFPP_CUDA_PRODUCTS_HPP
#define RFPP_CUDA_PRODUCTS_HPP

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "rfpp/cuda/kernels.hpp"

// Convolutions and matrix products as one implicit product of matrices, left (rows x depth) and right
// (columns x depth). A block of threads makes a tile of it: the operands' elements are computed and rounded
// while they are staged in shared memory, prologue included; warps multiply what is staged; the epilogue goes
// over the finished tile. Everything but the multiplication itself also compiles for the host, where tests
// run it.

namespace rfpp::inline v0::cuda {

/// A float rounded to the 10 bits of mantissa that TF32 has.
RFPP_HD inline float round_to_tf32(float v) {
#if defined(__CUDA_ARCH__)
  const std::uint32_t bits = __float_as_uint(v);
  return (bits & 0x7f800000u) == 0x7f800000u ? v : __uint_as_float((bits + 0x1000u) & 0xffffe000u);
#else
  std::uint32_t bits = 0;
  std::memcpy(&bits, &v, sizeof bits);
  if ((bits & 0x7f800000u) == 0x7f800000u) return v;
  bits = (bits + 0x1000u) & 0xffffe000u;
  std::memcpy(&v, &bits, sizeof v);
  return v;
#endif
}

/// Products of TF32 numbers.
struct Tf32 {
  using Element = float;
  static constexpr int parts = 1, depth = 16;  // numbers for an element; elements of depth staged at a time
  RFPP_HD static void split(float v, float* to) { to[0] = round_to_tf32(v); }
};
/// A float as the sum of two TF32 numbers, of which three products are summed: as good as float.
struct SplitTf32 {
  using Element = float;
  static constexpr int parts = 2, depth = 16;
  RFPP_HD static void split(float v, float* to) {
    to[0] = round_to_tf32(v);
    to[1] = round_to_tf32(v - to[0]);
  }
};

/// A tile of the product, and how its block of threads divides it into warps and multiplications of 16x16.
struct Tile {
  static constexpr int rows = 128, columns = 64, threads = 256;
  static constexpr int warp_rows = 4, warp_columns = 2, squares = 2;  // a warp has 2x2 squares of 16x16
};

/// What a block keeps in shared memory: the operands while it multiplies, then the tile of sums.
template <class Numbers> struct alignas(32) Stage {  // as tensor cores load
  static constexpr int pitch = Numbers::depth + 16 / static_cast<int>(sizeof(typename Numbers::Element));
  static constexpr int sums_pitch = Tile::columns + 4;
  struct Operands {
    typename Numbers::Element left[Numbers::parts][Tile::rows][pitch];
    typename Numbers::Element right[Numbers::parts][Tile::columns][pitch];
  };
  union {
    Operands operands;
    float sums[Tile::rows][sums_pitch];
  };
};

/// The pixels of a convolution's result as rows, the taps and channels under it as columns.
template <class X> struct ConvolutionLeft {
  X x;
  Extents in, out;
  ConvolutionGeometry geometry;

  struct Row {
    int n, h, w;  // n < 0: beyond the last
  };
  struct Column {
    int h, w, c;  // c < 0: beyond the last
  };
  RFPP_HD int rows() const { return static_cast<int>(out.pixels()); }
  RFPP_HD int depth() const { return geometry.kernel * geometry.kernel * in.c; }
  RFPP_HD Row row(int, int i) const {
    if (i >= rows()) return {-1, 0, 0};
    return {i / (out.h * out.w), i / out.w % out.h * geometry.stride - geometry.pad_before,
            i % out.w * geometry.stride - geometry.pad_before};
  }
  RFPP_HD Column column(int k) const {
    if (k >= depth()) return {0, 0, -1};
    const int tap = k / in.c;
    return {tap / geometry.kernel, tap % geometry.kernel, k % in.c};
  }
  RFPP_HD float operator()(Row r, Column k) const {
    const int h = r.h + k.h, w = r.w + k.w;
    if (r.n < 0 || k.c < 0 || h < 0 || h >= in.h || w < 0 || w >= in.w) return 0;
    return x.at({r.n, h, w})[k.c];
  }
};
/// A filter {out,kernel,kernel,in}: its rows are columns of the product.
struct FilterRight {
  const float* filter;
  int columns, depth;

  RFPP_HD float operator()(int, int column, int k) const {
    return column < columns && k < depth ? filter[static_cast<std::ptrdiff_t>(column) * depth + k] : 0;
  }
};

/// The left matrix of product n of a batch, and the right one.
template <class A> struct MatmulLeft {
  A a;
  int count, length;  // rows and depth
  bool transposed;

  struct Row {
    int n, i;  // i < 0: beyond the last
  };
  using Column = int;
  RFPP_HD int rows() const { return count; }
  RFPP_HD int depth() const { return length; }
  RFPP_HD Row row(int n, int i) const { return {n, i < count ? i : -1}; }
  RFPP_HD Column column(int k) const { return k < length ? k : -1; }
  RFPP_HD float operator()(Row r, Column k) const {
    if (r.i < 0 || k < 0) return 0;
    return transposed ? a.at({r.n, 0, k})[r.i] : a.at({r.n, 0, r.i})[k];
  }
};
template <class B> struct MatmulRight {
  B b;
  int columns, depth;
  bool transposed;

  RFPP_HD float operator()(int n, int column, int k) const {
    if (column >= columns || k >= depth) return 0;
    return transposed ? b.at({n, 0, column})[k] : b.at({n, 0, k})[column];
  }
};

/// A product with its tiles: tile (row, column) of product n.
template <class Numbers, class Left, class Right, class Epilogue> struct Product {
  Left left;
  Right right;
  int columns;
  Emit<float, Epilogue> emit;

  struct Place {
    int n, row, column;
  };
  static constexpr int lines = Tile::threads / Numbers::depth;  // staged by all threads at once
  static constexpr int left_rows = Tile::rows / lines;          // of the tile that one thread stages
  /// The rows that one thread stages, found once for all of the depth.
  struct Rows {
    typename Left::Row row[left_rows];
  };

  RFPP_HD int row_tiles() const { return (left.rows() + Tile::rows - 1) / Tile::rows; }
  RFPP_HD int column_tiles() const { return (columns + Tile::columns - 1) / Tile::columns; }

  RFPP_HD Rows rows_of(Place tile, int thread) const {
    Rows rows;
    for (int i = 0; i < left_rows; ++i)
      rows.row[i] = left.row(tile.n, tile.row * Tile::rows + thread / Numbers::depth + i * lines);
    return rows;
  }
  /// One thread's part of staging the elements from `begin` of the depth on.
  RFPP_HD void stage(Stage<Numbers>& s, Place tile, const Rows& rows, int thread, int begin) const {
    const int k = thread % Numbers::depth, line = thread / Numbers::depth;
    const auto column = left.column(begin + k);
    typename Numbers::Element split[Numbers::parts];
    for (int i = 0; i < left_rows; ++i) {
      Numbers::split(left(rows.row[i], column), split);
      for (int part = 0; part < Numbers::parts; ++part)
        s.operands.left[part][line + i * lines][k] = split[part];
    }
    for (int i = line; i < Tile::columns; i += lines) {
      Numbers::split(right(tile.n, tile.column * Tile::columns + i, begin + k), split);
      for (int part = 0; part < Numbers::parts; ++part) s.operands.right[part][i][k] = split[part];
    }
  }
  /// One thread's part of writing the finished tile.
  RFPP_HD void write(const Stage<Numbers>& s, Place tile, int thread) const {
    for (int i = thread; i < Tile::rows * Tile::columns; i += Tile::threads) {
      const int row = tile.row * Tile::rows + i / Tile::columns;
      const int column = tile.column * Tile::columns + i % Tile::columns;
      if (row < left.rows() && column < columns)
        emit((static_cast<std::size_t>(tile.n) * static_cast<std::size_t>(left.rows()) +
              static_cast<std::size_t>(row)) *
                     static_cast<std::size_t>(columns) +
                 static_cast<std::size_t>(column),
             &s.sums[i / Tile::columns][i % Tile::columns]);
    }
  }
};

}  // namespace rfpp::inline v0::cuda

#endif
