#ifndef RFPP_NN_CONV2D_HPP
#define RFPP_NN_CONV2D_HPP

#include "rfpp/expr/eval.hpp"
#include "rfpp/expr/functors.hpp"

namespace rfpp {
inline namespace RFPP_ABI {

struct ConvolutionSpec {
  int in, out, kernel = 3, stride = 1, pad_before = 1, pad_after = 1;
};
constexpr ConvolutionSpec conv3x3(int in, int out) { return {in, out}; }
constexpr ConvolutionSpec conv1x1(int in, int out) { return {in, out, 1, 1, 0, 0}; }
/// 3x3 with stride 2 after one zero column on the right and one zero row at the bottom.
constexpr ConvolutionSpec conv_downsample(int channels) { return {channels, channels, 3, 2, 0, 1}; }

namespace detail {
// Compiled once per bare operand, not again for every number of channels.
template <class X, class T>
[[gnu::noinline]] auto convolution(const ConvolutionGeometry& geometry, const X& x, const Filter<T>& weight,
                                   const Tensor<T>& bias) {
  return anchor(ConvolutionCore<X>{geometry, x, weight}) + bias;
}
template <class X, class T>
[[gnu::noinline]] auto convolution(const ConvolutionGeometry& geometry, const X& x, const Filter<T>& weight) {
  return anchor(ConvolutionCore<X>{geometry, x, weight});
}
}  // namespace detail

/// A Conv2d without its channel counts, so that what runs it is compiled once for all of them. Shapes as
/// there; channels that do not fit throw Error when the result is evaluated. It refers to the layer's
/// parameters.
template <class T> struct BareConv2d {
  ConvolutionGeometry geometry;
  const Filter<T>& weight;
  const Tensor<T>& bias;

  auto operator()(const auto& x) const { return detail::convolution(geometry, operand(x), weight, bias); }
};

/// Convolution with bias: {n,h,w,in} to {n,h',w',out}, lazily.
template <ConvolutionSpec S, class T = float> struct Conv2d {
  static constexpr bool channels_are_positive = S.in > 0 && S.out > 0;
  static_assert(channels_are_positive, "Conv2d: channel counts are positive");

  Filter<T> weight{Extents{S.out, S.kernel, S.kernel, S.in}};
  Tensor<T> bias = Tensor<T>::declared(vector_extents(S.out));

  template <Expression X> auto operator()(const X& x) const {
    constexpr bool channels_agree = channels_of<X> == 0 || channels_of<X> == S.in;
    static_assert(channels_agree, "Conv2d: the operand's channel count is not the layer's `in`");
    return tag<S.out>(bare()(x));
  }
  BareConv2d<T> bare() const { return {{S.kernel, S.stride, S.pad_before, S.pad_after}, weight, bias}; }

  static void fields(auto&& f, auto&... models) {
    f("weight", models.weight...);
    f("bias", models.bias...);
  }
};

/// The same without a bias.
template <ConvolutionSpec S, class T = float> struct UnbiasedConv2d {
  Filter<T> weight{Extents{S.out, S.kernel, S.kernel, S.in}};

  template <Expression X> auto operator()(const X& x) const {
    constexpr bool channels_agree = channels_of<X> == 0 || channels_of<X> == S.in;
    static_assert(channels_agree, "UnbiasedConv2d: the operand's channel count is not the layer's `in`");
    constexpr ConvolutionGeometry geometry{S.kernel, S.stride, S.pad_before, S.pad_after};
    return tag<S.out>(detail::convolution(geometry, operand(x), weight));
  }

  static void fields(auto&& f, auto&... models) { f("weight", models.weight...); }
};

}  // namespace RFPP_ABI
}  // namespace rfpp

#endif
