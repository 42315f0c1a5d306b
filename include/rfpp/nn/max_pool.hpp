#ifndef RFPP_NN_MAX_POOL_HPP
#define RFPP_NN_MAX_POOL_HPP

#include "rfpp/expr/depthwise.hpp"
#include "rfpp/expr/functors.hpp"
#include "rfpp/expr/remap.hpp"

namespace rfpp {
inline namespace RFPP_ABI {

/// Every second row and column, from `row` and `column` (0 or 1) on; an odd last one is left out.
struct EverySecond {
  static constexpr bool keeps_channels = true;
  int row, column;
  Extents extents(Extents e) const { return {e.n, e.h / 2, e.w / 2, e.c}; }
  RFPP_HD bool map(Pixel& q, int&) const {
    q.h = 2 * q.h + row;
    q.w = 2 * q.w + column;
    return true;
  }
  RFPP_HD int fan() const { return 1; }
  /// A last row or column that is left out has a reader beyond the result, where there is no gradient: pool
  /// even extents only where gradients are needed.
  RFPP_HD bool preimage(int, Pixel& q, int&) const {
    if (q.h % 2 != row || q.w % 2 != column) return false;
    q.h /= 2;
    q.w /= 2;
    return true;
  }
};

/// The largest of each 2x2 pixels, with stride 2: {n,h,w,c} to {n,h/2,w/2,c}, lazily.
template <Expression X> auto max_pool2(const X& x) {
  const auto part = [&](int row, int column) {
    return tag<channels_of<X>>(Remap<EverySecond, operand_t<X>>{{row, column}, operand(x)});
  };
  return larger(larger(part(0, 0), part(0, 1)), larger(part(1, 0), part(1, 1)));
}

/// The largest of each 3x3 pixels, with stride 2 and one pixel of padding, of values that are not negative,
/// as after ReLU: {n,h,w,c} to {n,ceil(h/2),ceil(w/2),c}, lazily. Beyond the edges is 0.
template <Expression X> auto max_pool3(const X& x) {
  const Extents e = x.extents();
  const auto tap = [&](int row, int column) {
    const ConvolutionTap rule{{3, 2, 1, 1}, row, column, e.h, e.w};
    return tag<channels_of<X>>(Remap<ConvolutionTap, operand_t<X>>{rule, operand(x)});
  };
  const auto row = [&](int i) { return larger(larger(tap(i, 0), tap(i, 1)), tap(i, 2)); };
  return larger(larger(row(0), row(1)), row(2));
}

}  // namespace RFPP_ABI
}  // namespace rfpp

#endif
