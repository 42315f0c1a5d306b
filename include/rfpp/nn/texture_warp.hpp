#ifndef RFPP_NN_TEXTURE_WARP_HPP
#define RFPP_NN_TEXTURE_WARP_HPP

#include <utility>

#include "rfpp/expr/concatenate.hpp"
#include "rfpp/nn/deformable_conv2d.hpp"
#include "rfpp/nn/depthwise.hpp"
#include "rfpp/nn/group_norm.hpp"

namespace rfpp {
inline namespace RFPP_ABI {

/// Channels of the textures, the input's features, and the offset features of the level below (0: none).
struct TextureWarpSpec {
  int channels, input, former, offset_groups = 4, groups = 32;
};

/// A map of textures that was warped, and the features that said where to.
template <class T> struct Warped { Tensor<T> textures, offset; };
/// Warps a map of textures {n,h,w,C} towards the input's features {n,h,w,S.input}, given the offset
/// features {n,h,w,S.former} of the level below, enlarged, where there is one. Makes textures and offset
/// features {n,h,w,C} (Gu et al. 2022, arXiv 2205.06803, section 3.3).
template <TextureWarpSpec S, class T = float> struct TextureWarp {
  static constexpr int C = S.channels;
  Conv2d<conv1x1(S.input + C, C), T> mix;
  GroupNorm<C, S.groups, T> mix_norm, spread_norm, join_norm;
  DepthwiseConv2d<DepthwiseSpec{C, 1, 7, 3}, T> spread;
  Conv2d<conv1x1(C, C), T> project;
  Conv2d<conv3x3(C + S.former, C), T> join;
  DeformableConv2d<C, S.offset_groups, T> dcn;

  Warped<T> operator()(auto& ex, const Tensor<T>& input, const Tensor<T>& textures, Tensor<T> former) const {
    Tensor<T> h = bare(eval(ex, mix(concatenate(input, textures))));
    h = bare(eval(ex, spread(silu(mix_norm(ex, h)))));
    h = bare(eval(ex, project(silu(spread_norm(ex, h)))));
    if constexpr (S.former > 0)
      h = bare(eval(ex, join(concatenate(h, former))));
    else
      h = bare(eval(ex, join(h)));
    former = {};
    Tensor<T> offset = bare(eval_over(ex, h, silu(join_norm(ex, h))));
    h = {};
    return {bare(eval(ex, dcn(ex, textures, offset))), std::move(offset)};
  }
  static void fields(auto&& f, auto&... models) {
    f("offset_conv1.0", models.mix...);
    f("offset_conv1.1", models.mix_norm...);
    f("offset_conv1.3", models.spread...);
    f("offset_conv1.4", models.spread_norm...);
    f("offset_conv1.6", models.project...);
    f("offset_conv2.0", models.join...);
    f("offset_conv2.1", models.join_norm...);
    f("dcn", models.dcn...);
  }
};

}  // namespace RFPP_ABI
}  // namespace rfpp

#endif
