#ifndef RFPP_NN_GROUP_NORM_HPP
#define RFPP_NN_GROUP_NORM_HPP

#include "rfpp/expr/eval.hpp"
#include "rfpp/expr/remap.hpp"
#include "rfpp/expr/statistics.hpp"

namespace rfpp {
inline namespace RFPP_ABI {

namespace detail {
// Compiled once per bare operand, not again for every number of channels.
template <class X, class T>
[[gnu::noinline]] Normalized<X> normalize(auto& ex, const X& x, int groups, double epsilon,
                                          const Tensor<T>& weight, const Tensor<T>& bias) {
  if constexpr (requires { ex.moments_and_affine(x, groups, epsilon, weight, bias); }) {
    const auto [statistics, a, b] = ex.moments_and_affine(x, groups, epsilon, weight, bias);
    return {x, statistics, a, b, weight, bias};
  }
  const int per_group = weight.extents().c / groups;
  // Of the detached operand: the node's own adjoint accounts for the statistics.
  auto statistics = eval(ex, moments(detach(x), groups, epsilon));
  auto a = eval(ex, group_row(statistics, 1, per_group) * detach(weight));
  auto b = eval(ex, detach(bias) - group_row(statistics, 0, per_group) * a);
  return {x, statistics, a, b, weight, bias};
}
}  // namespace detail

/// A GroupNorm without its number of channels, as BareConv2d is a Conv2d.
template <class T> struct BareGroupNorm {
  int groups;
  double epsilon;
  const Tensor<T>&weight, &bias;

  auto operator()(auto& ex, const auto& x) const {
    return detail::normalize(ex, operand(x), groups, epsilon, weight, bias);
  }
};

/// Group normalization over {n,h,w,channels}, epsilon 1e-6 (Wu & He 2018): evaluates the statistics, and
/// returns the normalization and its affine lazily.
template <int C, int Groups, class T = float> struct GroupNorm {
  static constexpr bool groups_divide_channels = Groups > 0 && C % Groups == 0;
  static_assert(groups_divide_channels, "GroupNorm: the groups must divide the channels");
  static constexpr double epsilon = 1e-6;

  Tensor<T> weight = Tensor<T>::declared(vector_extents(C));
  Tensor<T> bias = Tensor<T>::declared(vector_extents(C));

  template <Expression X> auto operator()(auto& ex, const X& x) const {
    constexpr bool channels_agree = channels_of<X> == 0 || channels_of<X> == C;
    static_assert(channels_agree, "GroupNorm: the operand's channel count is not the layer's");
    return tag<C>(bare()(ex, x));
  }
  BareGroupNorm<T> bare() const { return {Groups, epsilon, weight, bias}; }

  static void fields(auto&& f, auto&... models) {
    f("weight", models.weight...);
    f("bias", models.bias...);
  }
};

}  // namespace RFPP_ABI
}  // namespace rfpp

#endif
