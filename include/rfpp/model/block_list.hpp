#ifndef RFPP_MODEL_BLOCK_LIST_HPP
#define RFPP_MODEL_BLOCK_LIST_HPP

#include <array>
#include <tuple>
#include <utility>

#include "rfpp/nn/attention.hpp"
#include "rfpp/nn/resample.hpp"
#include "rfpp/nn/resnet_block.hpp"

// VQGAN's blocks, one after the other, as CodeFormer's and VQFR's checkpoints number them.

namespace rfpp {
inline namespace RFPP_ABI {

enum class BlockKind { convolution, residual, attention, down, up, norm };
/// `tapped_level`: the level, if any, at whose output the network does something else before the next block
/// reads it.
struct BlockPlan {
  BlockKind kind;
  int in, out, tapped_level = -1;
};
/// What is the same for all of a network's blocks.
struct BlockStyle {
  int groups;
  ShortcutName shortcut;
};
struct BlockList {
  BlockStyle style{};
  std::array<BlockPlan, 64> blocks{};
  int count = 0;

  constexpr void add(BlockKind kind, int in, int out, int tapped_level = -1) {
    blocks[static_cast<std::size_t>(count++)] = {kind, in, out, tapped_level};
  }
  /// Residual block, attention, residual block.
  constexpr void add_middle(int channels) {
    add(BlockKind::residual, channels, channels);
    add(BlockKind::attention, channels, channels);
    add(BlockKind::residual, channels, channels);
  }
  /// Two residual blocks, each followed by attention where that is wanted; one of them may be tapped.
  constexpr void add_level(int in, int out, bool attends, int tapped_block = -1, int tapped_level = -1) {
    for (int j = 0; j < 2; ++j) {
      add(BlockKind::residual, j == 0 ? in : out, out, j == tapped_block ? tapped_level : -1);
      if (attends) add(BlockKind::attention, out, out);
    }
  }
};

namespace detail {
template <BlockPlan P, BlockStyle S, class T> auto declared_block() {
  if constexpr (P.kind == BlockKind::convolution)
    return Conv2d<conv3x3(P.in, P.out), T>();
  else if constexpr (P.kind == BlockKind::residual)
    return ResnetBlock<BlockSpec{P.in, P.out, S.groups, S.shortcut}, T>();
  else if constexpr (P.kind == BlockKind::attention)
    return SelfAttnBlock<P.out, S.groups, T>();
  else if constexpr (P.kind == BlockKind::down)
    return Downsample<P.out, T>();
  else if constexpr (P.kind == BlockKind::up)
    return Upsample<P.out, T>();
  else
    return GroupNorm<P.out, S.groups, T>();
}
template <const BlockList& List, class T, int... I>
auto declared_blocks(std::integer_sequence<int, I...>)
    -> std::tuple<decltype(declared_block<List.blocks[static_cast<std::size_t>(I)], List.style, T>())...>;
}  // namespace detail

/// Blocks that are run in turn: {n,h,w,in} to {n,h',w',out}. A norm is the prologue of the convolution after
/// it. Numbered from 0 in checkpoints.
template <const BlockList& List, class T> struct Blocks {
  static constexpr int count = List.count;
  decltype(detail::declared_blocks<List, T>(std::make_integer_sequence<int, count>())) blocks;

  /// tap(level, output) is called for the output of every tapped block, and returns what the next one reads.
  Tensor<T> operator()(auto& ex, Tensor<T> x, auto&& tap) const {
    return run(ex, std::move(x), tap, std::make_integer_sequence<int, count>());
  }
  Tensor<T> operator()(auto& ex, Tensor<T> x) const {
    return (*this)(ex, std::move(x), [](auto, Tensor<T> y) { return y; });
  }
  /// Block I.
  template <int I> const auto& get() const { return std::get<I>(blocks); }
  static void fields(auto&& f, auto&... models) { f("", models.blocks...); }

 private:
  static constexpr BlockPlan plan(int i) { return List.blocks[static_cast<std::size_t>(i)]; }
  template <int... I>
  Tensor<T> run(auto& ex, Tensor<T> h, auto& tap, std::integer_sequence<int, I...>) const {
    ((h = run_block<I>(ex, std::move(h), tap)), ...);
    return h;
  }
  template <int I> Tensor<T> run_block(auto& ex, Tensor<T> h, auto& tap) const {
    Tensor<T> y;
    if constexpr (plan(I).kind == BlockKind::norm)
      return h;
    else if constexpr (plan(I).kind == BlockKind::residual || plan(I).kind == BlockKind::attention)
      y = bare(get<I>()(ex, std::move(h)));
    else if constexpr (I > 0 && plan(I > 0 ? I - 1 : 0).kind == BlockKind::norm)
      y = bare(eval(ex, get<I>()(get<I - 1>()(ex, h))));
    else
      y = bare(eval(ex, get<I>()(h)));
    h = {};  // dies before what is made of y is born
    if constexpr (plan(I).tapped_level >= 0)
      return tap(std::integral_constant<int, plan(I).tapped_level>(), std::move(y));
    else
      return y;
  }
};

/// Norm, SiLU, convolution: numbered as a sequence in checkpoints.
template <int In, int Out, int Groups, class T> struct LastConvolution {
  GroupNorm<In, Groups, T> norm;
  Conv2d<conv3x3(In, Out), T> convolution;

  auto operator()(auto& ex, const Tensor<T>& x) const {
    return bare(eval(ex, convolution(silu(norm(ex, x)))));
  }
  static void fields(auto&& f, auto&... models) {
    f("0", models.norm...);
    f("2", models.convolution...);
  }
};

}  // namespace RFPP_ABI
}  // namespace rfpp

#endif
