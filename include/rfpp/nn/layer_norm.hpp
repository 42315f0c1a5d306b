#ifndef RFPP_NN_LAYER_NORM_HPP
#define RFPP_NN_LAYER_NORM_HPP

#include "rfpp/expr/eval.hpp"
#include "rfpp/expr/functors.hpp"

namespace rfpp {
inline namespace RFPP_ABI {

namespace detail {
// Compiled once per bare operand, not again for every number of channels.
template <class X, class T>
[[gnu::noinline]] auto normalize_pixels(auto& ex, const X& x, double epsilon, const Tensor<T>& weight,
                                        const Tensor<T>& bias) {
  const double inverse_count = 1.0 / x.extents().c;
  const auto mean = eval(ex, reduce<Sum>(x, Over::channels) * inverse_count);
  const auto centered = x - mean;
  const auto scale = eval(
      ex, reciprocal_square_root(reduce<Sum>(square(centered), Over::channels) * inverse_count, epsilon));
  return map(Affine{}, centered * scale, weight, bias);
}
}  // namespace detail

/// Layer normalization of every pixel of {n,h,w,C} over its channels, epsilon 1e-5 (Ba et al. 2016):
/// evaluates mean and deviation, and returns the normalization and its affine lazily.
template <int C, class T = float> struct LayerNorm {
  static constexpr double epsilon = 1e-5;

  Tensor<T> weight = Tensor<T>::declared(vector_extents(C));
  Tensor<T> bias = Tensor<T>::declared(vector_extents(C));

  template <Expression X> auto operator()(auto& ex, const X& x) const {
    constexpr bool channels_agree = channels_of<X> == 0 || channels_of<X> == C;
    static_assert(channels_agree, "LayerNorm: the operand's channel count is not the layer's");
    return detail::normalize_pixels(ex, operand(x), epsilon, weight, bias);
  }

  static void fields(auto&& f, auto&... models) {
    f("weight", models.weight...);
    f("bias", models.bias...);
  }
};

}  // namespace RFPP_ABI
}  // namespace rfpp

#endif
