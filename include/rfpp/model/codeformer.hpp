#ifndef RFPP_MODEL_CODEFORMER_HPP
#define RFPP_MODEL_CODEFORMER_HPP

#include <array>
#include <concepts>
#include <string>
#include <tuple>
#include <utility>

#include "rfpp/expr/concatenate.hpp"
#include "rfpp/model/block_list.hpp"
#include "rfpp/model/network.hpp"
#include "rfpp/nn/adaptive_instance_norm.hpp"
#include "rfpp/nn/sft.hpp"
#include "rfpp/nn/transformer.hpp"

// CodeFormer (Zhou et al., NeurIPS 2022, arXiv 2206.11253): a transformer predicts the dictionary entries of
// a face from the degraded face's features, which may also be fused into the generator.

namespace rfpp {
inline namespace RFPP_ABI {

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

/// How a CodeFormer is run.
struct CodeFormerOptions {
  /// How strongly the degraded face's features are fused into the generator: in [0, 1], 0 best-looking, 1
  /// most faithful.
  double fidelity = 0.5;
  /// Whether the entries take on the mean and deviation of the degraded face's latent.
  bool adapts_entries = true;
};

struct CodeFormer {
  static constexpr const char* name = "codeformer";
  static constexpr CodeFormerSpec spec{};
};

namespace codeformer {

constexpr bool attends(const CodeFormerSpec& s, int level) {
  return (s.attention & static_cast<unsigned>(s.side(level))) != 0;
}
constexpr int tapped(const CodeFormerSpec& s, int level) { return s.fuses_at(level) ? level : -1; }
/// The last residual block of every level is tapped, for what is fused.
constexpr BlockList encoder_blocks(const CodeFormerSpec& s) {
  BlockList list{.style = {s.groups, ShortcutName::conv_out}};
  const int lowest = s.channels_at(s.levels - 1);
  list.add(BlockKind::convolution, 3, s.channels);
  for (int level = 0; level < s.levels; ++level) {
    const int out = s.channels_at(level);
    list.add_level(level == 0 ? s.channels : s.channels_at(level - 1), out, attends(s, level), 1,
                   tapped(s, level));
    if (level + 1 < s.levels) list.add(BlockKind::down, out, out);
  }
  list.add_middle(lowest);
  list.add(BlockKind::norm, lowest, lowest);
  list.add(BlockKind::convolution, lowest, s.latent);
  return list;
}
/// The first residual block of every level is tapped, to fuse what the encoder has.
constexpr BlockList generator_blocks(const CodeFormerSpec& s) {
  BlockList list{.style = {s.groups, ShortcutName::conv_out}};
  const int highest = s.channels_at(0);
  list.add(BlockKind::convolution, s.latent, s.channels_at(s.levels - 1));
  list.add_middle(s.channels_at(s.levels - 1));
  for (int level = s.levels - 1; level >= 0; --level) {
    const int out = s.channels_at(level);
    list.add_level(s.channels_at(level + 1 < s.levels ? level + 1 : level), out, attends(s, level), 0,
                   tapped(s, level));
    if (level > 0) list.add(BlockKind::up, out, out);
  }
  list.add(BlockKind::norm, highest, highest);
  list.add(BlockKind::convolution, highest, 3);
  return list;
}

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

/// A CodeFormer described by a type with a `static constexpr CodeFormerSpec spec`: Network<CodeFormer> model;
template <class N, class T>
requires codeformer::IsCodeFormer<N>
struct Network<N, T> {
  static constexpr CodeFormerSpec spec = N::spec;
  static constexpr BlockList encoder_list = codeformer::encoder_blocks(spec),
                             generator_list = codeformer::generator_blocks(spec);

  Tensor<T> position_emb = Tensor<T>::declared(matrix_extents(spec.tokens(), spec.width));
  Linear<spec.latent, spec.width, T> feat_emb;
  std::array<TransformerLayer<spec.transformer(), T>, spec.layers> ft_layers;
  LayerNorm<spec.width, T> prediction_norm;
  UnbiasedLinear<spec.width, spec.codebook_entries, T> prediction;
  Blocks<encoder_list, T> encoder;
  Blocks<generator_list, T> generator;
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
  Output operator()(auto& ex, const Tensor<T>& image, const CodeFormerOptions& options = {}) const {
    Encoded encoded = encode(ex, image, options);
    Tensor<T> restored = decode(ex, encoded, options);
    encoded.features = {};
    return {std::move(restored), std::move(encoded)};
  }

  Encoded encode(auto& ex, const Tensor<T>& image, const CodeFormerOptions& options = {}) const {
    check_square_image<N>(image.extents(), "for its tokens have learned places");
    Encoded encoded;
    encoded.latent = encoder(ex, image, [&](auto level, Tensor<T> y) {
      if (options.fidelity != 0) encoded.features[level()] = y;
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

  /// Takes the features out of `encoded` as it goes.
  Tensor<T> decode(auto& ex, Encoded& encoded, const CodeFormerOptions& options = {}) const {
    Tensor<T> entries = eval(ex, quantize.lookup(encoded.indices));
    if (options.adapts_entries) entries = adaptive_instance_norm(ex, entries, encoded.latent);
    return generator(ex, std::move(entries), [&](auto level, Tensor<T> y) {
      if (options.fidelity == 0) return y;
      const auto& fusion = std::get<level()>(fuse_convs_dict.levels)[0];
      return fusion(ex, std::move(y), std::exchange(encoded.features[level()], {}), options.fidelity);
    });
  }

  static void fields(auto&& f, auto&... models) {
    f("position_emb", models.position_emb...);
    f("feat_emb", models.feat_emb...);
    f("ft_layers", models.ft_layers...);
    f("idx_pred_layer.0", models.prediction_norm...);
    f("idx_pred_layer.1", models.prediction...);
    f("encoder.blocks", models.encoder...);
    f("generator.blocks", models.generator...);
    f("quantize", models.quantize...);
    f("fuse_convs_dict", models.fuse_convs_dict...);
  }
};

}  // namespace RFPP_ABI
}  // namespace rfpp

#endif
