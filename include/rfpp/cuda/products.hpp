#ifndef RFPP_CUDA_PRODUCTS_HPP
#define RFPP_CUDA_PRODUCTS_HPP

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "rfpp/cuda/kernels.hpp"

// Convolutions and matrix products as one implicit product of matrices, left (rows x depth) and right
// (columns x depth). The operands are rounded first, prologue included: it would be computed again for every
// tap and tile otherwise, which takes longer than the products. Blocks of threads then make tiles: operands
// are copied to shared memory some steps ahead, warps multiply what is there, and the epilogue goes over the
// finished tile. Everything but the multiplication itself also compiles for the host, where tests run it.

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
  static constexpr Packing::Kind kind = Packing::Kind::tf32;
  using Element = float;
  static constexpr int parts = 1;  // numbers for an element
  RFPP_HD static void split(float v, float* to) { to[0] = round_to_tf32(v); }
};
/// A float as the sum of two TF32 numbers, of which three products are summed: as good as float.
struct SplitTf32 {
  static constexpr Packing::Kind kind = Packing::Kind::split_tf32;
  using Element = float;
  static constexpr int parts = 2;
  static constexpr float second = 1;  // what the second part is to be multiplied by
  RFPP_HD static void split(float v, float* to) {
    to[0] = round_to_tf32(v);
    to[1] = round_to_tf32(v - to[0]);
  }
};

/// The same with two float16 numbers, the second one times 2048, where it has as many bits to lose as the
/// first (Ootomo & Yokota 2022, "Recovering single precision accuracy from Tensor Cores while surpassing the
/// FP32 theoretical peak performance", section 4): twice as fast. Values beyond 65504 become NaN.
template <class Half> struct SplitHalf {
  static constexpr Packing::Kind kind = Packing::Kind::split_float16;
  using Element = Half;
  static constexpr int parts = 2;
  static constexpr float second = 1.0f / 2048;
  RFPP_HD static void split(float v, Half* to) {
    to[0] = static_cast<Half>(v);
    to[1] = static_cast<Half>((v - static_cast<float>(to[0])) * 2048);
  }
};

/// Elements that are copied at once, 16 bytes; rounded operands have whole numbers of them.
template <class Numbers>
inline constexpr int chunk = 16 / static_cast<int>(sizeof(typename Numbers::Element));
/// Elements of depth in a step, 64 bytes.
template <class Numbers> inline constexpr int step_depth = 4 * chunk<Numbers>;
template <class Numbers> RFPP_HD constexpr int padded(int channels) {
  return (channels + chunk<Numbers> - 1) / chunk<Numbers> * chunk<Numbers>;
}

/// Rounds element i of x, zero beyond its channels: the parts {n,h,w,padded c} one after the other.
template <class Numbers, class X> struct RoundKernel {
  X x;
  Extents extents;
  typename Numbers::Element* to;

  RFPP_HD Extents padded_extents() const {
    return {extents.n, extents.h, extents.w, padded<Numbers>(extents.c)};
  }
  RFPP_HD void operator()(std::size_t i) const {
    int c = 0;
    const Pixel q = place_of(i, padded_extents(), c);
    typename Numbers::Element parts[Numbers::parts];
    Numbers::split(c < extents.c ? x.at(q)[c] : 0.0f, parts);
    for (std::size_t part = 0; part < Numbers::parts; ++part)
      to[part * padded_extents().size() + i] = parts[part];
  }
};
/// Matrices {n,1,rows,columns} read as {n,1,columns,rows}.
template <class X> struct TransposedPlan {
  X x;

  struct Cursor {
    X x;
    Pixel q;
    RFPP_HD float operator[](int c) const { return x.at({q.n, 0, c})[q.w]; }
  };
  RFPP_HD Cursor at(Pixel q) const { return {x, q}; }
};

/// The rows of a left matrix: patches of rounded images, one for every pixel of a convolution's result. A
/// matrix is an image of height 1, whose patches are single pixels; product n of a batch has those of image
/// n.
template <class Numbers> struct Patches {
  const typename Numbers::Element* data;
  Extents in;  // channels padded
  Extents out;
  ConvolutionGeometry geometry;
  int rows;  // of one product

  struct Row {
    int n, h, w;  // n < 0: beyond the last
  };
  RFPP_HD int depth() const { return geometry.kernel * geometry.kernel * in.c; }
  RFPP_HD Row row(int product, int i) const {
    if (i >= rows) return {-1, 0, 0};
    int none = 0;
    const Pixel q = place_of(
        static_cast<std::size_t>(product) * static_cast<std::size_t>(rows) + static_cast<std::size_t>(i),
        {out.n, out.h, out.w, 1}, none);
    return {q.n, q.h * geometry.stride - geometry.pad_before, q.w * geometry.stride - geometry.pad_before};
  }
  /// Where elements of row r lie, from k of the depth on; null for zeros.
  RFPP_HD const typename Numbers::Element* find(Row r, int k) const {
    const int tap = k / in.c, h = r.h + tap / geometry.kernel, w = r.w + tap % geometry.kernel;
    if (r.n < 0 || k >= depth() || h < 0 || h >= in.h || w < 0 || w >= in.w) return nullptr;
    return data + ((static_cast<std::ptrdiff_t>(r.n) * in.h + h) * in.w + w) * in.c + (k - tap * in.c);
  }
  RFPP_HD std::size_t part_size() const { return in.size(); }
};
/// The columns of right matrices, rounded {products,columns,depth}.
template <class Numbers> struct Columns {
  const typename Numbers::Element* data;
  int products, columns, depth;

  RFPP_HD const typename Numbers::Element* find(int product, int column, int k) const {
    if (column >= columns || k >= depth) return nullptr;
    return data + (static_cast<std::ptrdiff_t>(product) * columns + column) * depth + k;
  }
  RFPP_HD std::size_t part_size() const {
    return static_cast<std::size_t>(products) * static_cast<std::size_t>(columns) *
           static_cast<std::size_t>(depth);
  }
};

/// A tile of the product, and how its block of threads divides it: eight warps, each with 4x2 squares of
/// 16x16.
template <int Rows, int Columns> struct Tile {
  static constexpr int rows = Rows, columns = Columns, threads = 256;
  static constexpr int row_squares = 4, column_squares = 2;
  static constexpr int warp_rows = 16 * row_squares, warp_columns = 16 * column_squares;
  static_assert(rows / warp_rows * (columns / warp_columns) * 32 == threads);
};
using WideTile = Tile<128, 128>;
using NarrowTile = Tile<256, 64>;

/// The operands of a step in shared memory.
template <class Numbers, class T> struct alignas(32) Stage {  // as tensor cores load
  static constexpr int pitch = step_depth<Numbers> + chunk<Numbers>;
  typename Numbers::Element left[Numbers::parts][T::rows][pitch];
  typename Numbers::Element right[Numbers::parts][T::columns][pitch];
};
/// The finished tile in shared memory.
template <class T> struct alignas(32) TileSums {
  static constexpr int pitch = T::columns + 4;
  float sums[T::rows][pitch];
};

/// Starts a copy of 16 bytes to shared memory, or writes zeros where `from` is null.
RFPP_HD inline void copy_chunk(void* to, const void* from, [[maybe_unused]] const void* somewhere) {
#if defined(__CUDA_ARCH__)
  const auto address = static_cast<unsigned>(__cvta_generic_to_shared(to));
  asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(address),
               "l"(from == nullptr ? somewhere : from), "r"(from == nullptr ? 0 : 16)
               : "memory");
#else
  if (from == nullptr)
    std::memset(to, 0, 16);
  else
    std::memcpy(to, from, 16);
#endif
}

/// Sums of a product whose depth was split, {splits,count}.
struct KeepSums {
  float* to;
  std::size_t count;

  RFPP_HD void operator()(int split, std::size_t i, const float* sum) const {
    to[static_cast<std::size_t>(split) * count + i] = *sum;
  }
};
/// Writes sums that are whole.
template <class Epilogue> struct EmitSums {
  Emit<float, Epilogue> emit;

  RFPP_HD void operator()(int, std::size_t i, const float* sum) const { emit(i, sum); }
};
template <class Epilogue> struct EmitSplitsKernel {
  const float* sums;
  int splits;
  Emit<float, Epilogue> emit;

  RFPP_HD void operator()(std::size_t i) const {
    float sum = 0;
    for (int s = 0; s < splits; ++s) sum += sums[static_cast<std::size_t>(s) * emit.extents.size() + i];
    emit(i, &sum);
  }
};

/// A product with its tiles. Where it has few, several blocks of threads share the depth of each.
template <class Numbers, class T, class Write> struct Product {
  Patches<Numbers> left;
  Columns<Numbers> right;
  int splits;
  Write write_sum;

  struct Place {
    int product, split, row, column;
  };
  static constexpr int lines = T::threads / 4;        // copied by all threads at once, 4 chunks of each
  static constexpr int left_lines = T::rows / lines;  // of those, a thread's
  static constexpr int right_lines = T::columns / lines;
  /// The rows that one thread copies, found once for all of the depth.
  struct Rows {
    typename Patches<Numbers>::Row row[left_lines];
  };

  RFPP_HD int row_tiles() const { return (left.rows + T::rows - 1) / T::rows; }
  RFPP_HD int column_tiles() const { return (right.columns + T::columns - 1) / T::columns; }
  RFPP_HD int steps() const { return (left.depth() + step_depth<Numbers> - 1) / step_depth<Numbers>; }
  /// Where the steps of split s begin, and those of the one before end.
  RFPP_HD int begin_of(int s) const { return steps() * s / splits; }

  RFPP_HD Rows rows_of(Place tile, int thread) const {
    Rows rows;
    for (int i = 0; i < left_lines; ++i)
      rows.row[i] = left.row(tile.product, tile.row * T::rows + thread / 4 + i * lines);
    return rows;
  }
  /// One thread's part of the copies for a step.
  RFPP_HD void stage(Stage<Numbers, T>& s, Place tile, const Rows& rows, int thread, int step) const {
    const int in_step = thread % 4 * chunk<Numbers>, line = thread / 4;
    const int k = step * step_depth<Numbers> + in_step;
    for (int i = 0; i < left_lines; ++i)
      copy_parts(s.left, line + i * lines, in_step, left.find(rows.row[i], k), left.data, left.part_size());
    for (int i = 0; i < right_lines; ++i) {
      const int column = tile.column * T::columns + line + i * lines;
      copy_parts(s.right, line + i * lines, in_step, right.find(tile.product, column, k), right.data,
                 right.part_size());
    }
  }
  /// One thread's part of writing the finished tile.
  RFPP_HD void write(const TileSums<T>& s, Place tile, int thread) const {
    for (int i = thread; i < T::rows * T::columns; i += T::threads) {
      const int row = tile.row * T::rows + i / T::columns;
      const int column = tile.column * T::columns + i % T::columns;
      if (row >= left.rows || column >= right.columns) continue;
      const std::size_t line = static_cast<std::size_t>(tile.product) * static_cast<std::size_t>(left.rows) +
                               static_cast<std::size_t>(row);
      write_sum(tile.split, line * static_cast<std::size_t>(right.columns) + static_cast<std::size_t>(column),
                &s.sums[i / T::columns][i % T::columns]);
    }
  }

 private:
  template <int Lines, int Pitch>
  RFPP_HD static void copy_parts(typename Numbers::Element (&to)[Numbers::parts][Lines][Pitch], int line,
                                 int k, const typename Numbers::Element* from,
                                 const typename Numbers::Element* somewhere, std::size_t part_size) {
    for (int part = 0; part < Numbers::parts; ++part)
      copy_chunk(&to[part][line][k],
                 from == nullptr ? nullptr : from + static_cast<std::size_t>(part) * part_size, somewhere);
  }
};

/// Blocks of threads that share the depth of a tile, so that a device with a hundred multiprocessors has
/// something to do for each.
inline int splits_for(std::size_t tiles, int steps) {
  constexpr std::size_t wanted = 128;
  constexpr int fewest_steps = 8;
  const auto useful = static_cast<int>(wanted / tiles), most = steps / fewest_steps;
  const int splits = useful < most ? useful : most;
  return splits < 1 ? 1 : splits;
}

}  // namespace rfpp::inline v0::cuda

#endif
