#ifndef RFPP_NN_RESNET_BLOCK_HPP
#define RFPP_NN_RESNET_BLOCK_HPP

#include "rfpp/nn/conv2d.hpp"
#include "rfpp/nn/group_norm.hpp"

namespace rfpp::inline v0 {

/// The identity, or a 1x1 convolution where the number of channels changes.
template <int In, int Out, class T> struct Shortcut : Conv2d<conv1x1(In, Out), T> {
  auto operator()(auto& ex, auto x) const { return eval(ex, Conv2d<conv1x1(In, Out), T>::operator()(x)); }
};
template <int C, class T> struct Shortcut<C, C, T> {
  auto operator()(auto&, auto x) const { return x; }
  static void fields(auto&&, auto&...) {}
};

struct BlockSpec {
  int in, out, groups = 32;
};

/// Group norm, SiLU, 3x3 convolution, twice, plus the input: {n,h,w,in} to {n,h,w,out}.
template <BlockSpec S, class T = float> struct ResnetBlock {
  GroupNorm<S.in, S.groups, T> norm1;
  Conv2d<conv3x3(S.in, S.out), T> conv1;
  GroupNorm<S.out, S.groups, T> norm2;
  Conv2d<conv3x3(S.out, S.out), T> conv2;
  Shortcut<S.in, S.out, T> nin_shortcut;

  auto operator()(auto& ex, auto x) const {
    auto h = eval(ex, conv1(silu(norm1(ex, x))));
    auto residual = nin_shortcut(ex, std::move(x));  // x may die here, before conv2's output is born
    auto sum = conv2(silu(norm2(ex, std::move(h)))) + residual;
    return eval_over(ex, std::move(residual), sum);
  }

  static void fields(auto&& f, auto&... models) {
    f("norm1", models.norm1...);
    f("conv1", models.conv1...);
    f("norm2", models.norm2...);
    f("conv2", models.conv2...);
    f("nin_shortcut", models.nin_shortcut...);
  }
};

}  // namespace rfpp::inline v0

#endif
