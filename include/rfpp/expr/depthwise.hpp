#ifndef RFPP_EXPR_DEPTHWISE_HPP
#define RFPP_EXPR_DEPTHWISE_HPP

#include <string>
#include <utility>

#include "rfpp/expr/leaves.hpp"
#include "rfpp/expr/remap.hpp"

namespace rfpp {
inline namespace RFPP_ABI {

/// x {n,h,w,c}, every channel with a kernel of its own: weight {c,kernel,kernel,1}.
template <class X> struct DepthwiseCore {
  using value = typename X::value;
  ConvolutionGeometry geometry;
  X x;
  Tensor<value> weight;

  Extents extents() const {
    const Extents e = x.extents(), f = weight.extents();
    if (f.n != e.c || f.h != geometry.kernel || f.w != geometry.kernel || f.c != 1)
      throw Error("depthwise convolution: input " + to_string(e) + " and weight " + to_string(f) +
                  ", expected one kernel for every channel");
    return detail::convolution_extents(geometry, e, {e.c, f.h, f.w, e.c});
  }
};
template <class X, class F> void core_leaves(const DepthwiseCore<X>& c, F&& f) {
  leaves(c.x, f, false);
  f(c.weight, false);
}

template <Expression X>
auto depthwise(const ConvolutionGeometry& geometry, const X& x, const Tensor<value_t<X>>& weight) {
  return anchor(DepthwiseCore<operand_t<X>>{geometry, operand(x), weight});
}

/// What one tap of a convolution reads of {n,h,w,c} for each of its outputs; zero outside.
struct ConvolutionTap {
  static constexpr bool keeps_channels = true;
  ConvolutionGeometry geometry;
  int row, column, h, w;  // of the tap, and of the operand
  Extents extents(Extents e) const { return {e.n, geometry.output(e.h), geometry.output(e.w), e.c}; }
  RFPP_HD bool map(Pixel& q, int&) const {
    q.h = q.h * geometry.stride + row - geometry.pad_before;
    q.w = q.w * geometry.stride + column - geometry.pad_before;
    return q.h >= 0 && q.h < h && q.w >= 0 && q.w < w;
  }
  RFPP_HD int fan() const { return 1; }
  RFPP_HD bool preimage(int, Pixel& q, int&) const {
    const int y = q.h + geometry.pad_before - row, x = q.w + geometry.pad_before - column;
    if (y < 0 || x < 0 || y % geometry.stride != 0 || x % geometry.stride != 0) return false;
    q.h = y / geometry.stride;
    q.w = x / geometry.stride;
    return q.h < outputs(h) && q.w < outputs(w);
  }

 private:
  RFPP_HD int outputs(int extent) const {
    return (extent + geometry.pad_before + geometry.pad_after - geometry.kernel) / geometry.stride + 1;
  }
};

/// One tap of a depthwise weight {c,kernel,kernel,1} as a vector over channels.
struct WeightTap {
  static constexpr bool keeps_channels = false;
  int row, column;
  Extents extents(Extents e) const { return vector_extents(e.n); }
  RFPP_HD bool map(Pixel& q, int& c) const {
    q = {c, row, column};
    c = 0;
    return true;
  }
  RFPP_HD int fan() const { return 1; }
  RFPP_HD bool preimage(int, Pixel& q, int& c) const {
    if (q.h != row || q.w != column) return false;
    c = q.n;
    q = {0, 0, 0};
    return true;
  }
};

/// A depthwise weight {c,kernel,kernel,1} turned by half a turn.
struct TurnedTaps {
  static constexpr bool keeps_channels = true;
  int kernel;
  Extents extents(Extents e) const { return e; }
  RFPP_HD bool map(Pixel& q, int&) const {
    q.h = kernel - 1 - q.h;
    q.w = kernel - 1 - q.w;
    return true;
  }
  RFPP_HD int fan() const { return 1; }
  RFPP_HD bool preimage(int, Pixel& q, int& c) const { return map(q, c); }
};
/// Pixel (y, x) of {n,from_h,from_w,c} at (stride y, stride x) of {n,h,w,c}, which is zero between them.
struct Spread {
  static constexpr bool keeps_channels = true;
  int stride, from_h, from_w, h, w;
  Extents extents(Extents e) const { return {e.n, h, w, e.c}; }
  RFPP_HD bool map(Pixel& q, int&) const {
    const bool on = q.h % stride == 0 && q.w % stride == 0;
    q.h /= stride;
    q.w /= stride;
    return on && q.h < from_h && q.w < from_w;
  }
  RFPP_HD int fan() const { return 1; }
  RFPP_HD bool preimage(int, Pixel& q, int&) const {
    q.h *= stride;
    q.w *= stride;
    return q.h < h && q.w < w;
  }
};

}  // namespace RFPP_ABI
}  // namespace rfpp

#endif
