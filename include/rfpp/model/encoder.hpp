#ifndef RFPP_MODEL_ENCODER_HPP
#define RFPP_MODEL_ENCODER_HPP

#include "rfpp/model/blocks.hpp"
#include "rfpp/nn/resample.hpp"

namespace rfpp {
inline namespace RFPP_ABI {

template <NetworkSpec S, int L, class T> struct EncoderLevel {
  static constexpr int in = S.width(L - 1), out = S.width(L);
  static constexpr bool attends = S.encoder_attends(L);
  ResnetBlocks<in, out, S.groups, S.encoder_blocks, T> block;
  std::array<If<attends, MultiHeadAttnBlock<AttentionSpec{out, S.heads, S.groups}, T>>, S.encoder_blocks>
      attn;
  If<(L + 1 < S.levels), Downsample<out, T>> downsample;

  auto operator()(auto& ex, auto x) const {
    return block(ex, std::move(x), [&](int j, auto h) {
      if constexpr (attends)
        return attn[static_cast<std::size_t>(j)](ex, std::move(h));
      else
        return h;
    });
  }
  static void fields(auto&& f, auto&... models) {
    f("block", models.block...);
    f("attn", models.attn...);
    f("downsample", models.downsample...);
  }
};

/// Image {n,h,w,3} to latent {n,h',w',latent} (features.out), keeping feature maps for the decoder.
template <NetworkSpec S, class T = float> struct Encoder {
  static constexpr int C = S.width(S.levels - 1);
  Conv2d<conv3x3(3, S.channels), T> conv_in;
  Levels<EncoderLevel, S, T> down;
  MiddleBlocks<S, MultiHeadAttnBlock<AttentionSpec{C, S.heads, S.groups}, T>, T> mid;
  GroupNorm<C, S.groups, T> norm_out;
  Conv2d<conv3x3(C, S.latent), T> conv_out;

  Features<T, S.levels> operator()(auto& ex, const Tensor<T>& image, Keep keep = Keep::decoder_needs) const {
    Features<T, S.levels> features;
    auto first = eval(ex, conv_in(image));
    if (keep == Keep::all) features.in = bare(first);
    auto h = run_level<0>(ex, std::move(first), features, keep);
    h = mid.block_1(ex, std::move(h));
    if (keep == Keep::all || (S.fuses_features() && S.decoder_attends(S.levels - 1)))
      features.level[S.levels - 1] = bare(h);
    h = mid.block_2(ex, mid.attn_1(ex, std::move(h)));
    if (keep == Keep::all || S.fuses_features()) features.middle = bare(h);
    features.out = bare(eval(ex, conv_out(silu(norm_out(ex, h)))));
    return features;
  }
  static void fields(auto&& f, auto&... models) {
    f("conv_in", models.conv_in...);
    f("down", models.down...);
    f("mid", models.mid...);
    f("norm_out", models.norm_out...);
    f("conv_out", models.conv_out...);
  }

 private:
  template <int L> auto run_level(auto& ex, auto x, Features<T, S.levels>& features, Keep keep) const {
    const auto& level = std::get<L>(down);
    auto h = recompute(ex, level, std::move(x));
    if constexpr (L + 1 < S.levels) {
      if (keep == Keep::all || (S.fuses_features() && S.decoder_attends(L))) features.level[L] = bare(h);
      auto smaller = eval(ex, level.downsample(h));
      h = {};  // dies before the next level's tensors are born
      return run_level<L + 1>(ex, std::move(smaller), features, keep);
    } else {
      return h;
    }
  }
};

}  // namespace RFPP_ABI
}  // namespace rfpp

#endif
