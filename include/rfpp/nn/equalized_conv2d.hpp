#ifndef RFPP_NN_EQUALIZED_CONV2D_HPP
#define RFPP_NN_EQUALIZED_CONV2D_HPP

#include <algorithm>
#include <cmath>
#include <utility>

#include "rfpp/expr/remap.hpp"
#include "rfpp/expr/separable_filter.hpp"
#include "rfpp/nn/conv2d.hpp"

namespace rfpp {
inline namespace RFPP_ABI {

/// Every channel of x {n,h,w,c} blurred with gain * [1,3,3,1] / 8 along both axes, with `padding` zeros beyond
/// each edge: {n,h+2*padding-3,w+2*padding-3,c}.
template <Expression X> auto blurred(const X& x, int padding, double gain) {
  using T = value_t<X>;
  const auto taps = [&](int extent) {
    constexpr double weights[] = {0.125, 0.375, 0.375, 0.125};
    FilterTaps<T> t;
    t.count = std::min(4, extent);
    for (int i = 0; i < extent + 2 * padding - 3; ++i) {
      const int first = i - padding;
      t.first.push_back(std::clamp(first, 0, extent - t.count));
      for (int k = t.first.back() - first; k < t.first.back() - first + t.count; ++k)
        t.weights.push_back(k < 0 || k > 3 ? T(0) : static_cast<T>(gain * weights[k]));
    }
    return t;
  };
  const Extents e = x.extents();
  return filtered(x, SeparableFilter<T>{{{taps(e.h), taps(e.w)}}});
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
