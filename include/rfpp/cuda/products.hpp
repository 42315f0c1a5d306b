#ifndef RFPP_CUDA_PRODUCTS_HPP
#define RFPP_CUDA_PRODUCTS_HPP

#include <cstddef>
#include <cstdint>

#include "rfpp/cuda/folds.hpp"
#include "rfpp/cuda/operands.hpp"

// Convolutions and matrix products as one implicit product of matrices, left (rows x depth) and right
// (columns x depth). The operands are rounded first, prologue included: it would be computed again for every
// tap and tile otherwise, which takes longer than the products. Blocks of threads then make tiles: operands
// are copied to shared memory some steps ahead, warps multiply what is there, and the epilogue goes over the
// finished tile. Everything but the multiplication itself also compiles for the host, where tests run it.

namespace rfpp::cuda {
inline namespace RFPP_ABI {

/// A tile of the product, and how its block of threads divides it: eight warps, each with 4x2 squares of
/// 16x16.
inline constexpr int tile_threads = 256;
template <int Rows, int Columns> struct Tile {
  static constexpr int rows = Rows, columns = Columns;
  static constexpr int row_squares = 4, column_squares = 2;
  static constexpr int warp_rows = 16 * row_squares, warp_columns = 16 * column_squares;
  static_assert(rows / warp_rows * (columns / warp_columns) * 32 == tile_threads);
};
using WideTile = Tile<128, 128>;
using NarrowTile = Tile<256, 64>;

/// An operand's lines for a step in shared memory, as they lie in memory: the depth of a line together, or,
/// where they are given across, the lines of a depth. Copy i of a thread goes to line(thread, i) from
/// k(thread, i) on; neighboring threads read neighboring memory. Rows are not padded: each has its 16 bytes in
/// an order of its own, so that what a tensor core loads at once, from neighboring rows, is in different banks.
template <class Numbers, int Count, bool Across> struct alignas(128) StagedLines {  // a row of banks
  using Element = typename Numbers::Element;
  static constexpr int row_size = Across ? Count : step_depth<Numbers>;
  static constexpr int threads_together = row_size / chunk<Numbers>;
  static constexpr int copies = Count * step_depth<Numbers> / chunk<Numbers> / tile_threads;
  Element elements[Numbers::parts][Across ? step_depth<Numbers> : Count][row_size];

  /// The elements behind it are the next ones as far as the 16 bytes go.
  RFPP_HD Element* at(int part, int line, int k) {
    return Across ? &elements[part][k][place(k, line)] : &elements[part][line][place(line, k)];
  }
  RFPP_HD const Element* at(int part, int line, int k) const {
    return const_cast<StagedLines*>(this)->at(part, line, k);
  }
  RFPP_HD static int line(int thread, int i) {
    return Across ? thread % threads_together * chunk<Numbers>
                  : (thread + i * tile_threads) / threads_together;
  }
  RFPP_HD static int k(int thread, int i) {
    return Across ? (thread + i * tile_threads) / threads_together
                  : thread % threads_together * chunk<Numbers>;
  }
  /// Where copy i of a thread goes, from where the first one goes: rows so far from each other have one order.
  RFPP_HD Element* copied(int part, int thread, int i) {
    return at(part, line(thread, 0), k(thread, 0)) + i * (tile_threads / threads_together * row_size);
  }

 private:
  RFPP_HD static int place(int row, int column) {
    // Two rows of depth fill the banks. Numbers of 32 bits are read across one by one, from four rows.
    const int turn = !Across ? row / 2 % 4 : sizeof(Element) == 4 ? row % 4 * 2 : row % 8;
    return column ^ turn * chunk<Numbers>;
  }
};
/// The finished tile in shared memory. Pairs of sums are written from four rows at once, single ones from every
/// other of eight.
template <class T> struct alignas(128) TileSums {
  float sums[T::rows][T::columns];

  RFPP_HD float* at(int row, int column) { return &sums[row][column ^ (row ^ row / 4) % 4 * 8]; }
  RFPP_HD const float* at(int row, int column) const { return const_cast<TileSums*>(this)->at(row, column); }
};

/// What a norm reads of eight columns of a tile that one thread has written: sums around what the first row
/// has, so that floats are enough for a few rows wherever the mean is.
class ColumnSums {
 public:
  static constexpr int columns = 8;

  RFPP_HD void add(const Eight<float>& row) {
    if (rows_++ == 0) around_ = row;
    for (int i = 0; i < columns; ++i) {
      const float difference = row.halves[i / 4].at[i % 4] - around_.halves[i / 4].at[i % 4];
      sums_[i] += difference;
      squares_[i] += difference * difference;
    }
  }
  RFPP_HD SumAndSquares of(int i) const {
    const auto around = static_cast<double>(around_.halves[i / 4].at[i % 4]),
               sum = static_cast<double>(sums_[i]);
    const auto all = static_cast<double>(rows_) * around;
    return {all + sum, static_cast<double>(squares_[i]) + 2 * around * sum + around * all};
  }

 private:
  Eight<float> around_{};
  float sums_[columns]{}, squares_[columns]{};
  int rows_ = 0;
};

/// Sums of a product whose depth was split, {splits,count}. An eight is elements 8 * i to 8 * i + 7.
struct KeepSums {
  float* to;
  std::size_t count;
  bool by_eights;
  static constexpr SumAndSquares* column_sums = nullptr;

  RFPP_HD void operator()(int split, std::size_t i, const float* sum) const { place(split)[i] = *sum; }
  RFPP_HD Eight<float> eight(int split, std::size_t i, const float* sums) const {
    return reinterpret_cast<Eight<float>*>(place(split))[i] = *reinterpret_cast<const Eight<float>*>(sums);
  }

 private:
  RFPP_HD float* place(int split) const { return to + static_cast<std::size_t>(split) * count; }
};
/// Writes sums that are whole, by_eights also what every tile's columns sum to, {row tiles,columns}, where that
/// is asked for.
template <class Epilogue> struct EmitSums {
  Emit<float, Epilogue> emit;
  SumAndSquares* column_sums = nullptr;
  bool by_eights = emit.by_eights;

  RFPP_HD void operator()(int, std::size_t i, const float* sum) const { emit(i, sum); }
  RFPP_HD Eight<float> eight(int, std::size_t i, const float* sums) const { return emit.eight(i, sums); }
};
template <class Epilogue> struct EmitSplitsKernel {
  const float* sums;
  int splits;
  Emit<float, Epilogue> emit;

  RFPP_HD void operator()(std::size_t i) const {
    if (!emit.by_eights) {
      float sum = 0;
      for (int s = 0; s < splits; ++s) sum += place(s)[i];
      return emit(i, &sum);
    }
    Eight<float> sum{};
    for (int s = 0; s < splits; ++s) {
      const Eight<float> addend = reinterpret_cast<const Eight<float>*>(place(s))[i];
      for (int k = 0; k < 8; ++k) sum.halves[k / 4].at[k % 4] += addend.halves[k / 4].at[k % 4];
    }
    emit.eight(i, sum.halves[0].at);
  }

 private:
  RFPP_HD const float* place(int split) const {
    return sums + static_cast<std::size_t>(split) * emit.extents.size();
  }
};

/// Steps that copies are ahead of the products, at most.
inline constexpr int most_ahead = 2;
/// Stages in shared memory at once: the one that is multiplied, those that are copied, and the one before, where
/// products run by themselves. Two at least.
inline constexpr int most_stages = most_ahead + 2;

/// Products with their tiles. Where they have few, several blocks of threads share the depth of each.
template <class Numbers, class T, class Left, class Right, class Write> struct Product {
  static_assert(Left::across == Right::across, "both operands of a product lie along its depth or across it");
  using StagedLeft = StagedLines<Numbers, T::rows, Left::across>;
  using StagedRight = StagedLines<Numbers, T::columns, Right::across>;
  using Sums = TileSums<T>;
  /// The operands of a step in shared memory.
  struct Stage {
    StagedLeft left;
    StagedRight right;
  };
  Left left;
  Right right;
  int products, splits;
  Write write_sum;
  int stages = most_stages;

  struct Place {
    int product, split, row, column;
  };
  /// The lines that one thread copies of.
  struct Lines {
    typename Left::Place left[StagedLeft::copies];
    typename Right::Place right[StagedRight::copies];
  };

  RFPP_HD int row_tiles() const { return (left.lines + T::rows - 1) / T::rows; }
  RFPP_HD int column_tiles() const { return (right.lines + T::columns - 1) / T::columns; }
  RFPP_HD int steps() const { return (left.depth() + step_depth<Numbers> - 1) / step_depth<Numbers>; }
  /// Where the steps of split s begin, and those of the one before end.
  RFPP_HD int begin_of(int s) const {
    return static_cast<int>(static_cast<std::int64_t>(steps()) * s / splits);
  }

  RFPP_HD Lines lines_of(Place tile, int thread) const {
    Lines lines;
    find_places<StagedLeft>(lines.left, left, tile.product, tile.row * T::rows, thread);
    find_places<StagedRight>(lines.right, right, tile.product, tile.column * T::columns, thread);
    return lines;
  }
  /// One thread's part of the copies for a step: copy(to, from, there) is 16 bytes, or zeros where they are not
  /// `there`.
  RFPP_HD void stage(Stage& s, const Lines& lines, int thread, int step, const auto& copy) const {
    copy_lines(s.left, left, lines.left, thread, step, copy);
    copy_lines(s.right, right, lines.right, thread, step, copy);
  }
  /// One thread's part of writing the finished tile: eight columns of some rows.
  RFPP_HD ColumnSums write(const TileSums<T>& s, Place tile, int thread) const {
    constexpr int columns = ColumnSums::columns;
    ColumnSums column_sums;
    const auto row_size = static_cast<std::size_t>(right.size());
    const int first = columns * thread % T::columns, column = right.element(tile.column * T::columns + first);
    for (int i = columns * thread / T::columns; i < T::rows; i += columns * tile_threads / T::columns) {
      const int row = left.element(tile.row * T::rows + i);
      if (row < 0) continue;
      const std::size_t line =
          (static_cast<std::size_t>(tile.product) * static_cast<std::size_t>(left.size()) +
           static_cast<std::size_t>(row)) *
          row_size;
      if (write_sum.by_eights) {
        if (column < 0) continue;
        const auto written =
            write_sum.eight(tile.split, (line + static_cast<std::size_t>(column)) / columns, s.at(i, first));
        if (write_sum.column_sums != nullptr) column_sums.add(written);
        continue;
      }
      for (int k = 0; k < columns; ++k) {
        const int one = right.element(tile.column * T::columns + first + k);
        if (one >= 0) write_sum(tile.split, line + static_cast<std::size_t>(one), s.at(i, first + k));
      }
    }
    return column_sums;
  }
  /// One thread's part of adding up what the threads have of each column, eight columns a thread.
  RFPP_HD void join_columns(const SumAndSquares* of_threads, Place tile, int thread) const {
    const int column = tile.column * T::columns + thread;
    if (thread >= T::columns || column >= right.size()) return;
    SumAndSquares sum;
    for (int i = thread; i < ColumnSums::columns * tile_threads; i += T::columns)
      sum = AddBoth::join(sum, of_threads[i]);
    write_sum.column_sums[static_cast<std::ptrdiff_t>(tile.row) * right.size() + column] = sum;
  }

 private:
  template <class Staged, class Operand>
  RFPP_HD static void find_places(typename Operand::Place (&places)[Staged::copies], const Operand& operand,
                                  int product, int first_line, int thread) {
    for (int i = 0; i < Staged::copies; ++i)
      places[i] = operand.place(product, first_line + Staged::line(thread, i));
  }
  template <class Staged, class Operand>
  RFPP_HD static void copy_lines(Staged& to, const Operand& operand,
                                 const typename Operand::Place (&places)[Staged::copies], int thread,
                                 int step, const auto& copy) {
    for (int i = 0; i < Staged::copies; ++i) {
      const auto from = operand.find(places[i], step * step_depth<Numbers> + Staged::k(thread, i));
      for (int part = 0; part < Numbers::parts; ++part)
        copy(to.copied(part, thread, i), from.data + static_cast<std::size_t>(part) * operand.part_size(),
             from.there);
    }
  }
};

/// Shared memory that a block takes for so many stages.
template <class P> RFPP_HD constexpr std::size_t shared_bytes(int stages) {
  const std::size_t staged = static_cast<std::size_t>(stages) * sizeof(typename P::Stage);
  return staged > sizeof(typename P::Sums) ? staged : sizeof(typename P::Sums);
}
/// The stages that fit into a block's shared memory; two fit into that of every device with such copies.
template <class P> constexpr int stages_for(std::size_t shared_memory) {
  int stages = most_stages;
  while (stages > 2 && shared_bytes<P>(stages) > shared_memory) --stages;
  return stages;
}

/// Blocks of threads that share the depth of a tile, so that a device with a hundred multiprocessors has
/// something to do for each.
inline int splits_for(std::size_t tiles, int steps) {
  constexpr std::size_t wanted = 128;
  constexpr int fewest_steps = 8;
  const auto useful = static_cast<int>(wanted / tiles), most = steps / fewest_steps;
  const int splits = useful < most ? useful : most;
  return splits < 1 ? 1 : splits;
}

}  // namespace RFPP_ABI
}  // namespace rfpp::cuda

#endif
