#ifndef RFPP_MODEL_CODEFORMER_HPP
#define RFPP_MODEL_CODEFORMER_HPP

#include <array>
#include <concepts>
#include <string>
#include <tuple>
#include <utility>

#include "rfpp/expr/concatenate.hpp"
#include "rfpp/model/network.hpp"
#include "rfpp/nn/transformer.hpp"

// CodeFormer (Zhou et al., NeurIPS 2022, arXiv 2206.11253): a transformer predicts the dictionary entries of
// a face from the degraded face's features, which may also be fused into the generator.

namespace rfpp::inline v0 {

/// Attention and fusion places are bit masks of the sides that feature maps have.
struct CodeFormerSpec {
  int resolution = 512;
  int channels = 64;
  int levels = 6;
  std::array<int, 8> multipliers = {1, 2, 2, 4, 4, 8};
  unsigned attention = 16, fusion = 32 | 64 | 128 | 256;
  int latent = 256, codebook_entries = 1024;
  int layers = 9, width = 512, heads = 8, hidden = 1024;  // of the transformer
  int groups = 32;

  constexpr int side(int level) const { return resolution >> level; }
  constexpr int channels_at(int level) const {
    return channels * multipliers[static_cast<std::size_t>(level < 0 ? 0 : level)];
  }
  constexpr bool fuses_at(int level) const { return (fusion & static_cast<unsigned>(side(level))) != 0; }
  constexpr int tokens() const { return side(levels - 1) * side(levels - 1); }
  constexpr TransformerSpec transformer() const { return {width, heads, hidden, tokens()}; }
};

struct CodeFormer {
  static constexpr const char* name = "codeformer";
  static constexpr CodeFormerSpec spec{};
};

namespace codeformer {

enum class Kind { convolution, residual, attention, down, up, norm };
/// A block of the encoder or the generator; `fused_level`: at whose output the encoder's features of that
/// level are kept, or fused into the generator's.
struct BlockPlan {
  Kind kind;
  int in, out, groups, fused_level = -1;
};
struct BlockList {
  std::array<BlockPlan, 64> blocks{};
  int count = 0;

  constexpr void add(Kind kind, int in, int out, int groups, int fused_level = -1) {
    blocks[static_cast<std::size_t>(count++)] = {kind, in, out, groups, fused_level};
  }
};

constexpr void add_level(BlockList& list, const CodeFormerSpec& s, int in, int level, int fused_block) {
  const int out = s.channels_at(level);
  for (int j = 0; j < 2; ++j) {
    list.add(Kind::residual, j == 0 ? in : out, out, s.groups,
             j == fused_block && s.fuses_at(level) ? level : -1);
    if ((s.attention & static_cast<unsigned>(s.side(level))) != 0)
      list.add(Kind::attention, out, out, s.groups);
  }
}
constexpr void add_middle(BlockList& list, const CodeFormerSpec& s) {
  const int c = s.channels_at(s.levels - 1);
  list.add(Kind::residual, c, c, s.groups);
  list.add(Kind::attention, c, c, s.groups);
  list.add(Kind::residual, c, c, s.groups);
}
constexpr BlockList encoder_blocks(const CodeFormerSpec& s) {
  BlockList list;
  const int lowest = s.channels_at(s.levels - 1);
  list.add(Kind::convolution, 3, s.channels, s.groups);
  for (int level = 0; level < s.levels; ++level) {
    add_level(list, s, level == 0 ? s.channels : s.channels_at(level - 1), level, 1);
    const int out = s.channels_at(level);
    if (level + 1 < s.levels) list.add(Kind::down, out, out, s.groups);
  }
  add_middle(list, s);
  list.add(Kind::norm, lowest, lowest, s.groups);
  list.add(Kind::convolution, lowest, s.latent, s.groups);
  return list;
}
constexpr BlockList generator_blocks(const CodeFormerSpec& s) {
  BlockList list;
  list.add(Kind::convolution, s.latent, s.channels_at(s.levels - 1), s.groups);
  add_middle(list, s);
  for (int level = s.levels - 1; level >= 0; --level) {
    add_level(list, s, s.channels_at(level + 1 < s.levels ? level + 1 : level), level, 0);
    const int out = s.channels_at(level);
    if (level > 0) list.add(Kind::up, out, out, s.groups);
  }
  const int out = s.channels_at(0);
  list.add(Kind::norm, out, out, s.groups);
  list.add(Kind::convolution, out, 3, s.groups);
  return list;
}

template <BlockPlan P, class T> auto declared_block() {
  if constexpr (P.kind == Kind::convolution)
    return Conv2d<conv3x3(P.in, P.out), T>();
  else if constexpr (P.kind == Kind::residual)
    return ResnetBlock<BlockSpec{P.in, P.out, P.groups, ShortcutName::conv_out}, T>();
  else if constexpr (P.kind == Kind::attention)
    return SelfAttnBlock<P.out, P.groups, T>();
  else if constexpr (P.kind == Kind::down)
    return Downsample<P.out, T>();
  else if constexpr (P.kind == Kind::up)
    return Upsample<P.out, T>();
  else
    return GroupNorm<P.out, P.groups, T>();
}
template <const BlockList& List, class T, int... I>
auto declared_blocks(std::integer_sequence<int, I...>)
    -> std::tuple<decltype(declared_block<List.blocks[static_cast<std::size_t>(I)], T>())...>;

/// Blocks that are run in turn, numbered from 0 in checkpoints. The last two are a norm and a convolution.
template <const BlockList& List, class T> struct Blocks {
  static constexpr int count = List.count;
  decltype(declared_blocks<List, T>(std::make_integer_sequence<int, count>())) blocks;

  /// after(level, output) is called for the output of every block at which features are kept or fused, and
  /// returns what the next block reads.
  Tensor<T> operator()(auto& ex, Tensor<T> x, auto&& after) const {
    return run(ex, std::move(x), after, std::make_integer_sequence<int, count - 2>());
  }
  static void fields(auto&& f, auto&... models) { f("blocks", models.blocks...); }

 private:
  template <int... I>
  Tensor<T> run(auto& ex, Tensor<T> h, auto& after, std::integer_sequence<int, I...>) const {
    ((h = run_block<I>(ex, std::move(h), after)), ...);
    const auto& norm = std::get<count - 2>(blocks);
    const auto& convolution = std::get<count - 1>(blocks);
    return bare(eval(ex, convolution(norm(ex, h))));
  }
  template <int I> Tensor<T> run_block(auto& ex, Tensor<T> h, auto& after) const {
    constexpr BlockPlan plan = List.blocks[static_cast<std::size_t>(I)];
    const auto& block = std::get<I>(blocks);
    Tensor<T> y;
    if constexpr (plan.kind == Kind::residual || plan.kind == Kind::attention)
      y = bare(block(ex, std::move(h)));
    else
      y = bare(eval(ex, block(h)));
    h = {};  // dies before what is made of y is born
    if constexpr (plan.fused_level >= 0)
      return after(std::integral_constant<int, plan.fused_level>(), std::move(y));
    else
      return y;
  }
};

/// Controllable feature transformation (section 3.3): d + w (d * scale + shift), d the generator's features,
/// scale and shift made of those and the encoder's. All {n,h,w,C}.
template <int C, int Groups, class T> struct FeatureFusion {
  ResnetBlock<BlockSpec{2 * C, C, Groups, ShortcutName::conv_out}, T> encode_enc;
  ConvPair<C, T> scale, shift;

  Tensor<T> operator()(auto& ex, Tensor<T> d, const Tensor<T>& encoded, double w) const {
    const auto g = encode_enc(ex, eval(ex, concatenate(encoded, d)));
    const Tensor<T> factor = bare(eval(ex, scale(ex, g)));
    const auto sum = (shift(ex, g) + d * factor) * w + d;
    return bare(eval_over(ex, std::move(d), sum));
  }
  static void fields(auto&& f, auto&... models) {
    f("encode_enc", models.encode_enc...);
    f("scale", models.scale...);
    f("shift", models.shift...);
  }
};

/// The fusions of all levels that have one, by the side of the level's feature maps.
template <CodeFormerSpec S, class T, int... L>
auto declared_fusions(std::integer_sequence<int, L...>)
    -> std::tuple<std::array<FeatureFusion<S.channels_at(L), S.groups, T>, S.fuses_at(L) ? 1 : 0>...>;
template <CodeFormerSpec S, class T> struct Fusions {
  decltype(declared_fusions<S, T>(std::make_integer_sequence<int, S.levels>())) levels;

  static void fields(auto&& f, auto&... models) { level<0>(f, models...); }

 private:
  template <int L> static void level(auto&& f, auto&... models) {
    f(FieldName("", S.side(L)), std::get<L>(models.levels)...);
    if constexpr (L + 1 < S.levels) level<L + 1>(f, models...);
  }
};

template <class N>
concept IsCodeFormer = std::same_as<std::remove_cvref_t<decltype(N::spec)>, CodeFormerSpec>;

}  // namespace codeformer

/// x {n,h,w,c} with the mean and the standard deviation of every channel of `style`, image by image (Huang &
/// Belongie 2017, epsilon 1e-5).
template <class T> Tensor<T> adaptive_instance_norm(auto& ex, const Tensor<T>& x, const Tensor<T>& style) {
  const Extents e = x.extents();
  const double n = static_cast<double>(e.h) * e.w, epsilon = 1e-5 * (n - 1) / n;  // variances are over n - 1
  const Tensor<T> own = eval(ex, moments(x, e.c, epsilon)), other = eval(ex, moments(style, e.c, epsilon));
  const Tensor<T> scale = eval(ex, group_row(own, 1, 1) / group_row(other, 1, 1));
  return eval(ex, (x - group_row(own, 0, 1)) * scale + group_row(other, 0, 1));
}

/// A CodeFormer described by a type with a `static constexpr CodeFormerSpec spec`: Network<CodeFormer> model;
template <class N, class T>
requires codeformer::IsCodeFormer<N>
struct Network<N, T> {
  static constexpr CodeFormerSpec spec = N::spec;
  static constexpr codeformer::BlockList encoder_list = codeformer::encoder_blocks(spec),
                                         generator_list = codeformer::generator_blocks(spec);

  /// How strongly the degraded face's features are fused into the generator: in [0, 1], 0 best-looking, 1
  /// most faithful.
  double fidelity = 0.5;
  /// Whether the entries take on the mean and deviation of the degraded face's latent.
  bool adapts_entries = true;

  Tensor<T> position_emb = Tensor<T>::declared(matrix_extents(spec.tokens(), spec.width));
  Linear<spec.latent, spec.width, T> feat_emb;
  std::array<TransformerLayer<spec.transformer(), T>, spec.layers> ft_layers;
  LayerNorm<spec.width, T> prediction_norm;
  UnbiasedLinear<spec.width, spec.codebook_entries, T> prediction;
  codeformer::Blocks<encoder_list, T> encoder;
  codeformer::Blocks<generator_list, T> generator;
  Codebook<spec.codebook_entries, spec.latent, T> quantize;
  codeformer::Fusions<spec, T> fuse_convs_dict;

  using Features = std::array<Tensor<T>, spec.levels>;
  struct Encoded {
    Features features;    // of the levels that are fused, where fidelity is not 0
    Tensor<T> latent;     // {n, side, side, latent}
    Tensor<T> logits;     // {1, 1, n * tokens, entries}
    Tensor<int> indices;  // {n, side, side, 1}
  };
  struct Output {
    Tensor<T> image;
    Encoded encoded;  // without the features
  };

  /// Image {n,h,w,3} in [-1,1], sides spec.resolution, to the restored image of the same extents (not
  /// clamped). Throws Error over other sizes and over NaN in the logits.
  Output operator()(auto& ex, const Tensor<T>& image) const {
    Encoded encoded = encode(ex, image);
    Tensor<T> restored = decode(ex, encoded);
    encoded.features = {};
    return {std::move(restored), std::move(encoded)};
  }

  Encoded encode(auto& ex, const Tensor<T>& image) const {
    check_extents(image.extents());
    Encoded encoded;
    encoded.latent = encoder(ex, image, [&](auto level, Tensor<T> y) {
      if (fidelity != 0) encoded.features[level()] = y;
      return y;
    });
    const Extents e = encoded.latent.extents();
    const Extents rows{1, 1, e.n * spec.tokens(), spec.latent};
    Tensor<T> h = eval(ex, feat_emb(reshaped(encoded.latent, rows)));
    for (const auto& layer : ft_layers) h = layer(ex, std::move(h), position_emb);
    encoded.logits = eval(ex, prediction(prediction_norm(ex, h)));
    encoded.indices = reshaped(eval(ex, argmax(encoded.logits)), {e.n, e.h, e.w, 1});
    return encoded;
  }

  Tensor<T> decode(auto& ex, Encoded& encoded) const {
    Tensor<T> entries = eval(ex, quantize.lookup(encoded.indices));
    if (adapts_entries) entries = adaptive_instance_norm(ex, entries, encoded.latent);
    return generator(ex, std::move(entries), [&](auto level, Tensor<T> y) {
      if (fidelity == 0) return y;
      const auto& fusion = std::get<level()>(fuse_convs_dict.levels)[0];
      return fusion(ex, std::move(y), std::exchange(encoded.features[level()], {}), fidelity);
    });
  }

  static void fields(auto&& f, auto&... models) {
    f("position_emb", models.position_emb...);
    f("feat_emb", models.feat_emb...);
    f("ft_layers", models.ft_layers...);
    f("idx_pred_layer.0", models.prediction_norm...);
    f("idx_pred_layer.1", models.prediction...);
    f("encoder", models.encoder...);
    f("generator", models.generator...);
    f("quantize", models.quantize...);
    f("fuse_convs_dict", models.fuse_convs_dict...);
  }

 private:
  static void check_extents(Extents e) {
    if (e.c != 3 || e.h != spec.resolution || e.w != spec.resolution)
      throw Error(std::string(N::name) + ": expected an image [n," + std::to_string(spec.resolution) + "," +
                  std::to_string(spec.resolution) + ",3], for its tokens have learned places; found " +
                  to_string(e));
  }
};

}  // namespace rfpp::inline v0

#endif
