#ifndef RFPP_NN_RESNET_BLOCK_HPP
#define RFPP_NN_RESNET_BLOCK_HPP

#include <utility>

#include "rfpp/nn/conv2d.hpp"
#include "rfpp/nn/group_norm.hpp"

namespace rfpp {
inline namespace RFPP_ABI {

/// The identity, or a 1x1 convolution where the number of channels changes.
template <int In, int Out, class T> struct Shortcut : Conv2d<conv1x1(In, Out), T> {};
template <int C, class T> struct Shortcut<C, C, T> {
  static void fields(auto&&, auto&...) {}
};

namespace detail {
// Compiled once per bare operand, not again for every number of channels.
template <class T>
[[gnu::noinline]] Tensor<T> resnet_block(auto& ex, Tensor<T> x, const BareGroupNorm<T>& norm1,
                                         const BareConv2d<T>& conv1, const BareGroupNorm<T>& norm2,
                                         const BareConv2d<T>& conv2, const BareConv2d<T>* shortcut) {
  auto h = eval(ex, conv1(silu(norm1(ex, x))));
  if (shortcut != nullptr) x = eval(ex, (*shortcut)(x));  // the input may die before conv2's output is born
  auto sum = conv2(silu(norm2(ex, std::move(h)))) + x;
  return eval_over(ex, std::move(x), sum);
}
}  // namespace detail

/// What checkpoints call the convolution of a shortcut.
enum class ShortcutName { nin_shortcut, conv_out, residual_func };

struct BlockSpec {
  int in, out, groups = 32;
  ShortcutName shortcut = ShortcutName::nin_shortcut;
};

/// Group norm, SiLU, 3x3 convolution, twice, plus the input: {n,h,w,in} to {n,h,w,out}.
template <BlockSpec S, class T = float> struct ResnetBlock {
  GroupNorm<S.in, S.groups, T> norm1;
  Conv2d<conv3x3(S.in, S.out), T> conv1;
  GroupNorm<S.out, S.groups, T> norm2;
  Conv2d<conv3x3(S.out, S.out), T> conv2;
  Shortcut<S.in, S.out, T> shortcut;

  template <Expression X> auto operator()(auto& ex, X x) const {
    constexpr bool channels_agree = channels_of<X> == 0 || channels_of<X> == S.in;
    static_assert(channels_agree, "ResnetBlock: the operand's channel count is not the block's `in`");
    const auto run = [&](const BareConv2d<T>* convolution) {
      return tag<S.out>(detail::resnet_block(ex, bare(std::move(x)), norm1.bare(), conv1.bare(), norm2.bare(),
                                             conv2.bare(), convolution));
    };
    if constexpr (S.in == S.out) {
      return run(nullptr);
    } else {
      const auto convolution = shortcut.bare();
      return run(&convolution);
    }
  }

  static void fields(auto&& f, auto&... models) {
    f("norm1", models.norm1...);
    f("conv1", models.conv1...);
    f("norm2", models.norm2...);
    f("conv2", models.conv2...);
    constexpr const char* names[] = {"nin_shortcut", "conv_out", "residual_func"};
    f(names[static_cast<int>(S.shortcut)], models.shortcut...);
  }
};

}  // namespace RFPP_ABI
}  // namespace rfpp

#endif
