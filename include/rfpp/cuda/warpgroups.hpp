#ifndef RFPP_CUDA_WARPGROUPS_HPP
#define RFPP_CUDA_WARPGROUPS_HPP

#include <cstddef>
#include <cstdint>

#include "rfpp/cuda/device_code.hpp"
#include "rfpp/cuda/products.hpp"

// Products of warpgroups, four warps that multiply together what lies in shared memory (PTX ISA, "Asynchronous
// Warpgroup Level Matrix Instructions"): nothing is loaded, and the threads go on meanwhile. A Warpgroup is a GPU's
// (tensor_cores.hpp) or an emulation of one. It has
// - Sums, of 64 rows and 128 columns: x, those of the thread,
// - multiply<Element>(sums, left, right, add), which starts the product of two operands, 16 deep, for sums that
//   nobody has touched since fence(),
// - commit(), which ends a run of products, and wait<Runs>(sums...), for all but the last ones: until then nobody may
//   touch these sums,
// - address(pointer), where that is in shared memory,
// - store<Turned>(sums, at): pairs that warpgroup_pair_of has to at(row, column), each to one place, or, turned, to
//   two.

namespace rfpp::cuda {
inline namespace RFPP_ABI {

inline constexpr int warpgroup_threads = 128, warpgroup_rows = 64, warpgroup_columns = 128,
                     warpgroup_depth = 16;

/// Where a warpgroup finds an operand, "Matrix Descriptor Format": lines of 64 bytes of depth, whose 16 bytes are in
/// the order of the mode "64-Byte swizzle", which is that of StagedLines; eight lines begin at a multiple of 512
/// bytes.
struct OperandPlace {
  static constexpr int line_bytes = 64, lines_together = 8, unit = 16;
  RFPP_HD static constexpr std::uint64_t of(std::uint32_t address) {
    constexpr std::uint64_t leading = 1, stride = lines_together * line_bytes / unit, swizzle = 2;
    return (address & 0x3ffffU) / unit | leading << 16 | stride << 32 | swizzle << 62;
  }
};

/// Where in the sums a thread's ones 2 * i and 2 * i + 1 are, beside each other in a row; i is below 32.
struct PairPlace {
  int row, column;
};
RFPP_HD constexpr PairPlace warpgroup_pair_of(int thread, int i) {
  return {thread / 32 * 16 + thread % 32 / 4 + i % 2 * 8, thread % 4 * 2 + i / 2 * 8};
}

/// The sums of one warpgroup. A tile of 64 columns is turned: they are the instruction's 64 rows, since one of 64
/// columns would read shared memory as often for half as many products.
template <class Warpgroup, class Numbers, class T> class WarpgroupSums {
  using Element = typename Numbers::Element;
  using Sums = typename Warpgroup::Sums;
  static constexpr bool turned = T::columns < warpgroup_columns;
  static_assert(sizeof(Element) == 2 && step_depth<Numbers> * sizeof(Element) == OperandPlace::line_bytes);
  static_assert(turned ? T::columns == warpgroup_rows && T::rows == 2 * warpgroup_columns
                       : T::rows == 2 * warpgroup_rows && T::columns == warpgroup_columns);

 public:
  static constexpr int threads = warpgroup_threads;
  static constexpr bool run_by_themselves = true;

  RFPP_DEVICE WarpgroupSums() {
    if constexpr (Numbers::parts == 2) for_each_sum([this](int e) { sums_.x[e] = 0; });
  }
  /// Starts the products of a step. Tensor cores do not round: as WarpSums does, the products of first parts are
  /// added to the others outside of them. Those with a second part go on meanwhile, and are too small for that.
  RFPP_DEVICE void start(const auto& s, int warpgroup) {
    warpgroup_.fence();
    if constexpr (Numbers::parts == 1) {
      multiply(sums_, s, 0, 0, warpgroup, started_);
    } else {
      multiply(of_step_, s, 0, 0, warpgroup, false);
      warpgroup_.commit();
      multiply(of_second_, s, 0, 1, warpgroup, started_);
      multiply(of_second_, s, 1, 0, warpgroup, true);
    }
    warpgroup_.commit();
    started_ = true;
  }
  /// Behind it, nobody reads the step before any more.
  RFPP_DEVICE void add(const auto&, int) {
    if constexpr (Numbers::parts == 1) {
      warpgroup_.template wait<1>();
    } else {
      warpgroup_.template wait<1>(of_step_);
      for_each_sum([this](int e) { sums_.x[e] += of_step_.x[e]; });
    }
  }
  RFPP_DEVICE void finish() {
    if constexpr (Numbers::parts == 1) {
      warpgroup_.template wait<0>(sums_);
    } else {
      warpgroup_.template wait<0>(of_second_);
      for_each_sum([this](int e) { sums_.x[e] += of_second_.x[e] * Numbers::second; });
    }
  }
  RFPP_DEVICE void store(TileSums<T>& s, int warpgroup) const {
    warpgroup_.template store<turned>(sums_, [&](int row, int column) {
      return turned ? s.at(warpgroup * warpgroup_columns + column, row)
                    : s.at(warpgroup * warpgroup_rows + row, column);
    });
  }

 private:
  template <class F> RFPP_DEVICE static void for_each_sum(F&& f) {
    RFPP_UNROLL
    for (int e = 0; e < Sums::count; ++e) f(e);
  }
  /// One part of the tile's rows times one of its columns.
  RFPP_DEVICE void multiply(Sums& to, const auto& s, int row_part, int column_part, int warpgroup, bool add) {
    const int row = warpgroup * (turned ? warpgroup_columns : warpgroup_rows);
    RFPP_UNROLL
    for (int k = 0; k < step_depth<Numbers>; k += warpgroup_depth) {
      const std::uint64_t rows = place_of(s.left, row, row_part, k),
                          columns = place_of(s.right, 0, column_part, k);
      warpgroup_.template multiply<Element>(to, turned ? columns : rows, turned ? rows : columns,
                                            add || k > 0);
    }
  }
  template <class Staged>
  RFPP_DEVICE static std::uint64_t place_of(const Staged& s, int line, int part, int k) {
    const std::size_t bytes =
        static_cast<std::size_t>(part) * sizeof s.elements[0] + static_cast<std::size_t>(k) * sizeof(Element);
    return OperandPlace::of(Warpgroup::address(s.at(0, line, 0))) + bytes / OperandPlace::unit;
  }

  [[no_unique_address]] Warpgroup warpgroup_;
  Sums sums_, of_step_, of_second_;
  bool started_ = false;
};

}  // namespace RFPP_ABI
}  // namespace rfpp::cuda

#endif
