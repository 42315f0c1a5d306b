#ifndef RFPP_CUDA_TILES_HPP
#define RFPP_CUDA_TILES_HPP

#include <cstddef>
#include <type_traits>

#include "rfpp/cuda/group_moments.hpp"
#include "rfpp/cuda/warpgroups.hpp"

// What a block of threads does for a tile of a product, or for a group of channels that is normalized. The
// block is a GPU's (tensor_cores.hpp) or an emulation of one, which runs its threads one after the other. A
// Block has
// - Own<T, Count>: a T for each of Count threads or teams, of(number) is one's own,
// - each_thread(f), each_team<Threads>(f): f(number) for all threads, for teams of so many,
// - sync(), copy(to, from, there), which starts a copy of 16 bytes to shared memory, or of zeros where they are
//   not `there`, end_copies() and await_copies<Steps>(): waits for all but the last Steps runs of copies that
//   end_copies() ended; share_copies(): Warpgroups may read them behind the next sync(),
// - Warpgroup, or void where it has none (warpgroups.hpp),
// - Cores: the matrices of a warp: Left<Element> and Right<Element>, each 16 lines of the operand and 32 bytes
//   of their depth, and Square<Element>, their sums. A line's 16 bytes are one of eight rows of a matrix, of
//   which an operand has four. load_matrices<Turned>(operand, rows) finds row lane % 8 of matrix lane / 8 at
//   rows(lane); turned, 16-bit elements are transposed. load_words(operand, words) finds number lane % 4 of row
//   lane / 4 of matrix m at words(lane, m). multiply(square, left, right) adds, store(square, at) writes the
//   pairs of sums that pair_of has at(row, column).

namespace rfpp::cuda {
inline namespace RFPP_ABI {

/// Where matrix m of an operand begins, as the instruction that multiplies has them in its registers.
struct MatrixPlace {
  int lines, chunks;
};
struct LeftMatrices {
  RFPP_HD static constexpr MatrixPlace at(int m) { return {m % 2 * 8, m / 2}; }
};
struct RightMatrices {
  RFPP_HD static constexpr MatrixPlace at(int m) { return {m / 2 * 8, m % 2}; }
};

/// Where in a square the lane's sums 2 * i and 2 * i + 1 are, beside each other; i is below 4.
RFPP_HD constexpr PairPlace pair_of(int lane, int i) {
  return {lane / 4 + i % 2 * 8, lane % 4 * 2 + i / 2 * 8};
}

/// The sums of one warp, of operands that lie along the depth or across it.
template <class Cores, class Numbers, class T, bool Across> class WarpSums {
  using Element = typename Numbers::Element;
  using Left = typename Cores::template Left<Element>;
  using Right = typename Cores::template Right<Element>;
  using Square = typename Cores::template Square<Element>;
  struct Squares {
    Square at[T::row_squares][T::column_squares];

    RFPP_DEVICE Squares() {
      RFPP_UNROLL
      for (auto& row : at) {
        RFPP_UNROLL
        for (auto& square : row) Cores::clear(square);
      }
    }
  };

 public:
  static constexpr int threads = 32;
  static constexpr bool run_by_themselves = false;

  RFPP_DEVICE void start(const auto&, int) {}
  /// Adds the products of what is staged. Tensor cores cut off what their sums cannot hold instead of
  /// rounding it; split numbers are summed outside of them after every step, since they are there to be
  /// exact. The product of second parts is too small to count.
  RFPP_DEVICE void add(const auto& s, int warp) {
    if constexpr (Numbers::parts == 1) {
      multiply(s, 0, 0, sums_, warp);
    } else {
      Squares part;
      multiply(s, 0, 1, part, warp);
      multiply(s, 1, 0, part, warp);
      for_each_sum([&](int i, int j, int e) { part.at[i][j].x[e] *= Numbers::second; });
      multiply(s, 0, 0, part, warp);
      for_each_sum([&](int i, int j, int e) { sums_.at[i][j].x[e] += part.at[i][j].x[e]; });
    }
  }
  RFPP_DEVICE void finish() {}
  RFPP_DEVICE void store(TileSums<T>& s, int warp) const {
    RFPP_UNROLL
    for (int i = 0; i < T::row_squares; ++i) {
      RFPP_UNROLL
      for (int j = 0; j < T::column_squares; ++j)
        Cores::store(sums_.at[i][j], [&](int row, int column) {
          return s.at(row_of(warp) + 16 * i + row, column_of(warp) + 16 * j + column);
        });
    }
  }

 private:
  /// Where the warp's squares begin in the tile.
  RFPP_DEVICE static int row_of(int warp) { return warp / (T::columns / T::warp_columns) * T::warp_rows; }
  RFPP_DEVICE static int column_of(int warp) {
    return warp % (T::columns / T::warp_columns) * T::warp_columns;
  }
  template <class F> RFPP_DEVICE static void for_each_sum(F&& f) {
    RFPP_UNROLL
    for (int i = 0; i < T::row_squares; ++i) {
      RFPP_UNROLL
      for (int j = 0; j < T::column_squares; ++j) {
        RFPP_UNROLL
        for (int e = 0; e < Square::num_elements; ++e) f(i, j, e);
      }
    }
  }
  /// 16 lines from `line` on, 32 bytes of depth from k on.
  template <class Matrices>
  RFPP_DEVICE static void load(auto& operand, const auto& s, int part, int line, int k) {
    if constexpr (Across && sizeof(Element) == 4)
      Cores::load_words(operand, [&](int lane, int m) {
        const MatrixPlace p = Matrices::at(m);
        return s.at(part, line + p.lines + lane / 4, k + p.chunks * chunk<Numbers> + lane % 4);
      });
    else
      Cores::template load_matrices<Across>(operand, [&](int lane) {
        const MatrixPlace p = Matrices::at(lane / 8);
        return s.at(part, line + p.lines + (Across ? 0 : lane % 8),
                    k + p.chunks * chunk<Numbers> + (Across ? lane % 8 : 0));
      });
  }
  RFPP_DEVICE static void multiply(const auto& s, int left_part, int right_part, Squares& to, int warp) {
    RFPP_UNROLL
    for (int k = 0; k < step_depth<Numbers>; k += 2 * chunk<Numbers>) {
      Left left[T::row_squares];
      Right right[T::column_squares];
      RFPP_UNROLL
      for (int i = 0; i < T::row_squares; ++i)
        load<LeftMatrices>(left[i], s.left, left_part, row_of(warp) + 16 * i, k);
      RFPP_UNROLL
      for (int j = 0; j < T::column_squares; ++j)
        load<RightMatrices>(right[j], s.right, right_part, column_of(warp) + 16 * j, k);
      RFPP_UNROLL
      for (int i = 0; i < T::row_squares; ++i) {
        RFPP_UNROLL
        for (int j = 0; j < T::column_squares; ++j) Cores::multiply(to.at[i][j], left[i], right[j]);
      }
    }
  }

  Squares sums_;
};

/// The sums of as many threads as multiply together: of a warpgroup, where there are any and the operands are
/// 16-bit numbers that lie along the depth.
template <class Block, class Numbers, class T, bool Across>
using SumsOf = std::conditional_t<std::is_void_v<typename Block::Warpgroup> || Across ||
                                      sizeof(typename Numbers::Element) != 2,
                                  WarpSums<typename Block::Cores, Numbers, T, Across>,
                                  WarpgroupSums<typename Block::Warpgroup, Numbers, T>>;

/// Makes one tile, in the shared memory of a block.
template <class Block, class Numbers, class T, class Left, class Right, class Write>
RFPP_DEVICE void multiply_tile(Block& block, const Product<Numbers, T, Left, Right, Write>& product,
                               const typename Product<Numbers, T, Left, Right, Write>::Place& tile,
                               unsigned char* memory) {
  using P = Product<Numbers, T, Left, Right, Write>;
  using Sums = SumsOf<Block, Numbers, T, Left::across>;
  auto* staged = reinterpret_cast<typename P::Stage*>(memory);
  const int begin = product.begin_of(tile.split), end = product.begin_of(tile.split + 1);
  typename Block::template Own<typename P::Lines, tile_threads> lines;
  block.each_thread([&](int thread) { lines.of(thread) = product.lines_of(tile, thread); });
  const auto stage = [&](int step, int slot) {
    block.each_thread([&](int thread) {
      if (step < end)
        product.stage(staged[slot], lines.of(thread), thread, step,
                      [&](void* to, const void* from, bool there) { block.copy(to, from, there); });
    });
    block.end_copies();  // of nothing, past the end: the count below stays true
  };
  // A device with warpgroups has shared memory for all stages.
  const int ahead = Sums::run_by_themselves || product.stages > 2 ? most_ahead : 1;
  const int slots = Sums::run_by_themselves ? ahead + 2 : ahead + 1;
  for (int slot = 0; slot < ahead; ++slot) stage(begin + slot, slot);

  typename Block::template Own<Sums, tile_threads / Sums::threads> sums;
  const auto each_team = [&](auto&& f) { block.template each_team<Sums::threads>(f); };
  for (int step = begin, slot = 0; step < end; ++step) {
    if (ahead == 1)
      block.template await_copies<0>();
    else
      block.template await_copies<most_ahead - 1>();
    if constexpr (Sums::run_by_themselves) block.share_copies();
    block.sync();  // everybody's copies are there, and everybody is done with the stage that is next
    each_team([&](int team) { sums.of(team).start(staged[slot], team); });
    stage(step + ahead, slot + ahead < slots ? slot + ahead : slot + ahead - slots);
    each_team([&](int team) { sums.of(team).add(staged[slot], team); });
    slot = slot + 1 < slots ? slot + 1 : 0;
  }
  block.template await_copies<0>();
  each_team([&](int team) { sums.of(team).finish(); });
  block.sync();
  auto& finished = *reinterpret_cast<TileSums<T>*>(memory);
  each_team([&](int team) { sums.of(team).store(finished, team); });
  block.sync();
  typename Block::template Own<ColumnSums, tile_threads> columns;
  block.each_thread([&](int thread) { columns.of(thread) = product.write(finished, tile, thread); });
  if (product.write_sum.column_sums == nullptr) return;
  block.sync();
  auto* of_threads = reinterpret_cast<SumAndSquares*>(memory);
  block.each_thread([&](int thread) {
    for (int i = 0; i < ColumnSums::columns; ++i)
      of_threads[ColumnSums::columns * thread + i] = columns.of(thread).of(i);
  });
  block.sync();
  block.each_thread([&](int thread) { product.join_columns(of_threads, tile, thread); });
}

/// Finds the moments of a group of an image.
template <class Block, class Item, class Epilogue>
RFPP_DEVICE void fold_group(Block& block, const GroupMoments<Item, Epilogue>& moments, int target,
                            unsigned char* memory) {
  auto* sums = reinterpret_cast<SumAndSquares*>(memory);
  block.each_thread([&](int thread) { sums[thread] = moments.fold(target, thread); });
  for (int half = tile_threads / 2; half > 0; half /= 2) {
    block.sync();
    block.each_thread([&](int thread) {
      if (thread < half) sums[thread] = AddBoth::join(sums[thread], sums[thread + half]);
    });
  }
  block.sync();
  block.each_thread([&](int thread) { moments.emit(sums[0], target, thread); });
}

}  // namespace RFPP_ABI
}  // namespace rfpp::cuda

#endif
