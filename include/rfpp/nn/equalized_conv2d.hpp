#ifndef RFPP_NN_EQUALIZED_CONV2D_HPP
#define RFPP_NN_EQUALIZED_CONV2D_HPP

#include <cmath>
#include <utility>

#include "rfpp/expr/remap.hpp"
#include "rfpp/expr/separable_filter.hpp"
#include "rfpp/nn/conv2d.hpp"

namespace rfpp {
inline namespace RFPP_ABI {

/// Zeros around every image, `width` on each side.
struct ZeroPad {
  static constexpr bool keeps_channels = true;
  int width, h, w;  // of the operand
  Extents extents(Extents e) const { return {e.n, e.h + 2 * width, e.w + 2 * width, e.c}; }
  RFPP_HD bool map(Pixel& q, int&) const {
    q.h -= width;
    q.w -= width;
    return q.h >= 0 && q.h < h && q.w >= 0 && q.w < w;
  }
  RFPP_HD int fan() const { return 1; }
  RFPP_HD bool preimage(int, Pixel& q, int&) const {
    q.h += width;
    q.w += width;
    return true;
  }
};
template <Expression A> auto zero_padded(const A& a, int width) {
  const Extents e = a.extents();
  return tag<channels_of<A>>(Remap<ZeroPad, operand_t<A>>{{width, e.h, e.w}, operand(a)});
}

/// Every channel of x {n,h,w,c} blurred with gain * [1,3,3,1] / 8 along both axes, with `padding` zeros beyond
/// each edge: {n,h+2*padding-3,w+2*padding-3,c}.
template <Expression X> auto blurred(const X& x, int padding, double gain) {
  using T = value_t<X>;
  const auto taps = [&](int extent) {
    FilterTaps<T> t;
    t.count = 4;
    for (int i = 0; i < extent + 2 * padding - 3; ++i) {
      t.first.push_back(i);
      for (const double weight : {0.125, 0.375, 0.375, 0.125})
        t.weights.push_back(static_cast<T>(gain * weight));
    }
    return t;
  };
  const Extents e = x.extents();
  return filtered(zero_padded(x, padding), SeparableFilter<T>{{{taps(e.h), taps(e.w)}}});
}

/// Convolution with equalized learning rate (Karras et al. 2018): the weight, of variance 1, is scaled by
/// 1 / sqrt(fan-in) where it is used. Lazily.
template <ConvolutionSpec S, class T = float> struct EqualizedConv2d : Conv2d<S, T> {
  template <Expression X> auto operator()(const X& x) const {
    constexpr bool channels_agree = channels_of<X> == 0 || channels_of<X> == S.in;
    static_assert(channels_agree, "EqualizedConv2d: the operand's channel count is not the layer's `in`");
    constexpr ConvolutionGeometry geometry{S.kernel, S.stride, S.pad_before, S.pad_after};
    const double scale = 1 / std::sqrt(static_cast<double>(S.in * S.kernel * S.kernel));
    return tag<S.out>(anchor(ConvolutionCore<operand_t<X>>{geometry, operand(x), this->weight}) * scale +
                      this->bias);
  }
};

/// The same with 3x3 taps and stride 2, of the blurred operand, as StyleGAN2 does: {n,h,w,In} to
/// {n,h/2,w/2,Out}.
template <int In, int Out, class T = float>
struct EqualizedDownsample : EqualizedConv2d<ConvolutionSpec{In, Out, 3, 2, 0, 0}, T> {
  auto operator()(auto& ex, const auto& x) const {
    return EqualizedConv2d<ConvolutionSpec{In, Out, 3, 2, 0, 0}, T>::operator()(eval(ex, blurred(x, 2, 1)));
  }
};

}  // namespace RFPP_ABI
}  // namespace rfpp

#endif
