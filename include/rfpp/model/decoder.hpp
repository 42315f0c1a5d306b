#ifndef RFPP_MODEL_DECODER_HPP
#define RFPP_MODEL_DECODER_HPP

#include "rfpp/model/blocks.hpp"
#include "rfpp/nn/resample.hpp"

namespace rfpp {
inline namespace RFPP_ABI {

template <NetworkSpec S, int L, class T> struct DecoderLevel {
  static constexpr int in = S.width(L + 1 < S.levels ? L + 1 : L), out = S.width(L);
  static constexpr bool attends = S.decoder_attends(L);
  ResnetBlocks<in, out, S.groups, S.decoder_blocks, T> block;
  std::array<If<attends, FusionBlock<S, out, T>>, S.decoder_blocks> attn;
  If<(L > 0), Upsample<out, T>> upsample;

  /// Without the upsampling that follows.
  auto operator()(auto& ex, auto x, const Tensor<T>& feature) const {
    return block(ex, std::move(x), [&](int j, auto y) {
      if constexpr (attends)
        return fuse<S>(ex, attn[static_cast<std::size_t>(j)], std::move(y), feature);
      else
        return y;
    });
  }
  static void fields(auto&& f, auto&... models) {
    f("block", models.block...);
    f("attn", models.attn...);
    f("upsample", models.upsample...);
  }
};

/// Latent {n,h',w',latent} and the encoder's features to image {n,h,w,3}.
template <NetworkSpec S, class T = float> struct Decoder {
  static constexpr int C = S.width(S.levels - 1);
  Conv2d<conv3x3(S.latent, C), T> conv_in;
  MiddleBlocks<S, FusionBlock<S, C, T>, T> mid;
  Levels<DecoderLevel, S, T> up;
  GroupNorm<S.channels, S.groups, T> norm_out;
  Conv2d<conv3x3(S.channels, 3), T> conv_out;

  Tensor<T> operator()(auto& ex, const auto& latent, const Features<T, S.levels>& features) const {
    auto h = mid.block_1(ex, eval(ex, conv_in(latent)));
    h = mid.block_2(ex, fuse<S>(ex, mid.attn_1, std::move(h), features.middle));
    auto last = run_level<S.levels - 1>(ex, std::move(h), features);
    return bare(eval(ex, conv_out(silu(norm_out(ex, last)))));
  }
  static void fields(auto&& f, auto&... models) {
    f("conv_in", models.conv_in...);
    f("mid", models.mid...);
    f("up", models.up...);
    f("norm_out", models.norm_out...);
    f("conv_out", models.conv_out...);
  }

 private:
  template <int L> auto run_level(auto& ex, auto x, const Features<T, S.levels>& features) const {
    const auto& level = std::get<L>(up);
    if constexpr (L > 0) {
      // Named, so that what it is made of is gone while the other levels run.
      auto larger = eval(ex, level.upsample(recompute(ex, level, std::move(x), features.level[L])));
      return run_level<L - 1>(ex, std::move(larger), features);
    } else {
      return recompute(ex, level, std::move(x), features.level[L]);
    }
  }
};

}  // namespace RFPP_ABI
}  // namespace rfpp

#endif
