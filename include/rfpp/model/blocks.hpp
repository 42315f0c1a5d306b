#ifndef RFPP_MODEL_BLOCKS_HPP
#define RFPP_MODEL_BLOCKS_HPP

#include <array>
#include <tuple>
#include <type_traits>
#include <utility>

#include "rfpp/core/fields.hpp"
#include "rfpp/model/spec.hpp"
#include "rfpp/nn/attention.hpp"
#include "rfpp/nn/resnet_block.hpp"
#include "rfpp/nn/sft.hpp"

// What the encoder's and the decoder's levels are made of.

namespace rfpp {
inline namespace RFPP_ABI {

struct Nothing {
  static void fields(auto&&, auto&...) {}
};
template <bool Present, class Layer> using If = std::conditional_t<Present, Layer, Nothing>;

/// `Count` residual blocks, of which the first changes the number of channels. Numbered from 0 in
/// checkpoints.
template <int In, int Out, int Groups, int Count, class T> struct ResnetBlocks {
  static_assert(Count > 0, "a level has at least one residual block");
  ResnetBlock<BlockSpec{In, Out, Groups}, T> first;
  std::array<ResnetBlock<BlockSpec{Out, Out, Groups}, T>, Count - 1> rest;

  /// Runs the blocks in turn, each followed by after(its index, its output).
  auto operator()(auto& ex, auto x, auto&& after) const {
    auto h = after(0, first(ex, std::move(x)));
    for (int j = 1; j < Count; ++j) h = after(j, rest[static_cast<std::size_t>(j - 1)](ex, std::move(h)));
    return h;
  }
  static void fields(auto&& f, auto&... models) {
    f("0", models.first...);
    f(FieldName("", 1), models.rest...);
  }
};

/// The decoder's attention or whatever stands in its place.
template <NetworkSpec S, int C, class T>
using FusionBlock = std::conditional_t<
    S.fusion == Fusion::none, Nothing,
    std::conditional_t<
        S.fusion == Fusion::spatial_feature_transform, SftBlock<C, T>,
        MultiHeadAttnBlock<AttentionSpec{C, S.heads, S.groups,
                                         S.fusion == Fusion::cross_attention_degraded ? Residual::degraded
                                                                                      : Residual::prior},
                           T>>>;

/// Applies a FusionBlock to the decoded stream x and the encoder's feature of the same place.
template <NetworkSpec S> auto fuse(auto& ex, const auto& block, auto x, const auto& feature) {
  if constexpr (S.fusion == Fusion::none)
    return x;
  else if constexpr (S.fusion == Fusion::self_attention)
    return block(ex, std::move(x));
  else
    return block(ex, std::move(x), feature);
}

/// Residual block, attention (or its stand-in), residual block, at the lowest resolution.
template <NetworkSpec S, class Attention, class T> struct MiddleBlocks {
  static constexpr int C = S.width(S.levels - 1);
  ResnetBlock<BlockSpec{C, C, S.groups}, T> block_1;
  Attention attn_1;
  ResnetBlock<BlockSpec{C, C, S.groups}, T> block_2;

  static void fields(auto&& f, auto&... models) {
    f("block_1", models.block_1...);
    f("attn_1", models.attn_1...);
    f("block_2", models.block_2...);
  }
};

namespace detail {
template <template <NetworkSpec, int, class> class Level, NetworkSpec S, class T, class Index>
struct LevelsOf;
template <template <NetworkSpec, int, class> class Level, NetworkSpec S, class T, int... I>
struct LevelsOf<Level, S, T, std::integer_sequence<int, I...>> {
  using type = std::tuple<Level<S, I, T>...>;
};
}  // namespace detail
template <template <NetworkSpec, int, class> class Level, NetworkSpec S, class T>
using Levels = typename detail::LevelsOf<Level, S, T, std::make_integer_sequence<int, S.levels>>::type;

/// The encoder's feature maps. level[i] is the output of level i before its downsampling, and for the lowest
/// level that of mid.block_1; `middle` is the output of mid.block_2. `in` and `out` are those of the first
/// and last convolution.
template <class T, int L> struct Features {
  std::array<Tensor<T>, L> level;
  Tensor<T> middle, in, out;
};
/// Which features an encoder keeps.
enum class Keep { decoder_needs, all };

}  // namespace RFPP_ABI
}  // namespace rfpp

#endif
