#ifndef RFPP_NN_DEPTHWISE_HPP
#define RFPP_NN_DEPTHWISE_HPP

#include "rfpp/expr/depthwise.hpp"
#include "rfpp/expr/eval.hpp"
#include "rfpp/expr/functors.hpp"

namespace rfpp {
inline namespace RFPP_ABI {

struct DepthwiseSpec {
  int channels, stride = 1, kernel = 3, padding = 1;
};

/// The weight of a transposed convolution {out,2,2,in} as that of a 1x1 convolution {4*out,1,1,in}, tap after
/// tap.
struct TapsFirst {
  static constexpr bool keeps_channels = true;
  int out;
  Extents extents(Extents e) const { return {4 * e.n, 1, 1, e.c}; }
  RFPP_HD bool map(Pixel& q, int&) const {
    const int tap = q.n / out;
    q = {q.n % out, tap / 2, tap % 2};
    return true;
  }
  RFPP_HD int fan() const { return 1; }
  RFPP_HD bool preimage(int, Pixel& q, int&) const {
    q = {(2 * q.h + q.w) * out + q.n, 0, 0};
    return true;
  }
};
/// What such a convolution makes, {n,h,w,4*out}, where it belongs: {n,2*h,2*w,out}.
struct SpreadTaps {
  static constexpr bool keeps_channels = false, shifts_channels = true;
  int out;
  Extents extents(Extents e) const { return {e.n, 2 * e.h, 2 * e.w, out}; }
  RFPP_HD bool map(Pixel& q, int& c) const {
    c += (2 * (q.h % 2) + q.w % 2) * out;
    q.h /= 2;
    q.w /= 2;
    return true;
  }
  RFPP_HD int fan() const { return 1; }
  RFPP_HD bool preimage(int, Pixel& q, int& c) const {
    const int tap = c / out;
    c %= out;
    q.h = 2 * q.h + tap / 2;
    q.w = 2 * q.w + tap % 2;
    return true;
  }
};

namespace detail {
// Compiled once per bare operand, not again for every number of channels.
template <class X, class T>
[[gnu::noinline]] auto depthwise_with_bias(const ConvolutionGeometry& geometry, const X& x,
                                           const Tensor<T>& weight, const Tensor<T>& bias) {
  return depthwise(geometry, x, weight) + bias;
}
template <class X, class T>
[[gnu::noinline]] auto doubling(auto& ex, const X& x, const Tensor<T>& weight, const Tensor<T>& bias) {
  const Extents e = weight.extents();
  Filter<T> filter({4 * e.n, 1, 1, e.c});
  filter.assign(eval(ex, Remap<TapsFirst, Tensor<T>>{{e.n}, weight}));
  const auto taps = eval(ex, anchor(ConvolutionCore<X>{{1, 1, 0, 0}, x, filter}));
  return Remap<SpreadTaps, Tensor<T>>{{e.n}, taps} + bias;
}
}  // namespace detail

/// A DepthwiseConv2d without its channel count.
template <class T> struct BareDepthwiseConv2d {
  ConvolutionGeometry geometry;
  const Tensor<T>& weight;
  const Tensor<T>& bias;

  auto operator()(const auto& x) const {
    return detail::depthwise_with_bias(geometry, operand(x), weight, bias);
  }
};

/// Convolution of every channel with a kernel of its own, with bias, beyond the edges zero: {n,h,w,c} to
/// {n,h',w',c}, lazily. The file's weight is (C, 1, kernel, kernel).
template <DepthwiseSpec S, class T = float> struct DepthwiseConv2d {
  Tensor<T> weight = Tensor<T>::declared({S.channels, S.kernel, S.kernel, 1});
  Tensor<T> bias = Tensor<T>::declared(vector_extents(S.channels));

  template <Expression X> auto operator()(const X& x) const {
    constexpr bool channels_agree = channels_of<X> == 0 || channels_of<X> == S.channels;
    static_assert(channels_agree, "DepthwiseConv2d: the operand's channel count is not the layer's");
    return tag<S.channels>(bare()(x));
  }
  BareDepthwiseConv2d<T> bare() const { return {{S.kernel, S.stride, S.padding, S.padding}, weight, bias}; }

  static void fields(auto&& f, auto&... models) {
    f("weight", models.weight...);
    f("bias", models.bias...);
  }
};

/// The same without a bias.
template <DepthwiseSpec S, class T = float> struct UnbiasedDepthwiseConv2d {
  Tensor<T> weight = Tensor<T>::declared({S.channels, S.kernel, S.kernel, 1});

  template <Expression X> auto operator()(const X& x) const {
    constexpr bool channels_agree = channels_of<X> == 0 || channels_of<X> == S.channels;
    static_assert(channels_agree, "UnbiasedDepthwiseConv2d: the operand's channel count is not the layer's");
    constexpr ConvolutionGeometry geometry{S.kernel, S.stride, S.padding, S.padding};
    return tag<S.channels>(depthwise(geometry, operand(x), weight));
  }
  static void fields(auto&& f, auto&... models) { f("weight", models.weight...); }
};

/// Transposed convolution with kernel 2 and stride 2, with bias: {n,h,w,in} to {n,2h,2w,out}. The product of
/// every pixel with all taps is evaluated, the rest is lazy. The file's weight is (out, in, 2, 2); PyTorch
/// stores (in, out, 2, 2).
template <int In, int Out, class T = float> struct TransposedConv2d {
  Tensor<T> weight = Tensor<T>::declared({Out, 2, 2, In});
  Tensor<T> bias = Tensor<T>::declared(vector_extents(Out));

  template <Expression X> auto operator()(auto& ex, const X& x) const {
    constexpr bool channels_agree = channels_of<X> == 0 || channels_of<X> == In;
    static_assert(channels_agree, "TransposedConv2d: the operand's channel count is not the layer's `in`");
    return tag<Out>(detail::doubling(ex, operand(x), weight, bias));
  }

  static void fields(auto&& f, auto&... models) {
    f("weight", models.weight...);
    f("bias", models.bias...);
  }
};

}  // namespace RFPP_ABI
}  // namespace rfpp

#endif
