#ifndef RFPP_MODEL_VQFR_HPP
#define RFPP_MODEL_VQFR_HPP

#include <array>
#include <concepts>
#include <tuple>
#include <utility>

#include "rfpp/expr/concatenate.hpp"
#include "rfpp/expr/resize.hpp"
#include "rfpp/model/block_list.hpp"
#include "rfpp/model/network.hpp"
#include "rfpp/nn/layer_norm.hpp"
#include "rfpp/nn/linear.hpp"
#include "rfpp/nn/texture_warp.hpp"

// VQFR, version 2 (Gu et al., ECCV 2022, arXiv 2205.06803): a decoder of textures from dictionary entries,
// and a second one that warps its feature maps towards the degraded face.

namespace rfpp {
inline namespace RFPP_ABI {

struct VqfrSpec {
  int channels = 64;
  int levels = 6;
  std::array<int, 8> multipliers = {1, 2, 2, 4, 4, 8};  // attention at the lowest level
  int latent = 256, codebook_entries = 1024;
  int input_features = 32, offset_groups = 4;
  int groups = 32;

  constexpr int channels_at(int level) const {
    return channels * multipliers[static_cast<std::size_t>(level)];
  }
  constexpr int lowest() const { return levels - 1; }
  /// The sides of an input are multiples of this.
  constexpr int side_multiple() const { return 1 << lowest(); }
  constexpr BlockStyle style() const { return {groups, ShortcutName::residual_func}; }
};

struct Vqfr {
  static constexpr const char* name = "vqfr";
  static constexpr VqfrSpec spec{};
};

namespace vqfr {

constexpr BlockList middle_blocks(const VqfrSpec& s) {
  BlockList list{.style = s.style()};
  list.add_middle(s.channels_at(s.lowest()));
  return list;
}
constexpr BlockList encoder_blocks(const VqfrSpec& s, int level) {
  BlockList list{.style = s.style()};
  const int in = s.channels_at(level > 0 ? level - 1 : 0);
  if (level > 0) list.add(BlockKind::down, in, in);
  list.add_level(in, s.channels_at(level), level == s.lowest());
  return list;
}
constexpr BlockList decoder_blocks(const VqfrSpec& s, int level) {
  BlockList list{.style = s.style()};
  const int in = s.channels_at(level < s.lowest() ? level + 1 : level);
  if (level < s.lowest()) list.add(BlockKind::up, in, in);
  list.add_level(in, s.channels_at(level), level == s.lowest());
  return list;
}
template <VqfrSpec S> inline constexpr BlockList middle_list = middle_blocks(S);
template <VqfrSpec S, int Level> inline constexpr BlockList encoder_list = encoder_blocks(S, Level);
template <VqfrSpec S, int Level> inline constexpr BlockList decoder_list = decoder_blocks(S, Level);

template <VqfrSpec S, class T, class Levels> struct EncoderOf;
template <VqfrSpec S, class T, int... L> struct EncoderOf<S, T, std::integer_sequence<int, L...>> {
  static constexpr int C = S.channels_at(S.lowest());
  Conv2d<conv3x3(3, S.channels), T> conv_in;
  std::tuple<Blocks<encoder_list<S, L>, T>...> blocks;
  Blocks<middle_list<S>, T> mid_blocks;
  LastConvolution<C, S.latent, S.groups, T> conv_out;

  Tensor<T> operator()(auto& ex, const Tensor<T>& image) const {
    Tensor<T> h = bare(eval(ex, conv_in(image)));
    ((h = std::get<L>(blocks)(ex, std::move(h))), ...);
    return conv_out(ex, mid_blocks(ex, std::move(h)));
  }
  static void fields(auto&& f, auto&... models) {
    f("conv_in", models.conv_in...);
    f("blocks", models.blocks...);
    f("mid_blocks", models.mid_blocks...);
    f("conv_out", models.conv_out...);
  }
};

/// The decoder of textures. Its blocks are numbered from the lowest level on.
template <VqfrSpec S, class T, class Levels> struct DecoderOf;
template <VqfrSpec S, class T, int... J> struct DecoderOf<S, T, std::integer_sequence<int, J...>> {
  Conv2d<conv3x3(S.latent, S.channels_at(S.lowest())), T> conv_in;
  Blocks<middle_list<S>, T> mid_blocks;
  std::tuple<Blocks<decoder_list<S, S.lowest() - J>, T>...> blocks;
  LastConvolution<S.channels_at(0), 3, S.groups, T> conv_out;

  /// keep(level, output) is told of the output of every level. Returns that of level 0.
  Tensor<T> operator()(auto& ex, const auto& entries, auto&& keep) const {
    Tensor<T> h = mid_blocks(ex, bare(eval(ex, conv_in(entries))));
    ((h = std::get<J>(blocks)(ex, std::move(h)), keep(S.lowest() - J, h)), ...);
    return h;
  }
  static void fields(auto&& f, auto&... models) {
    f("conv_in", models.conv_in...);
    f("mid_blocks", models.mid_blocks...);
    f("blocks", models.blocks...);
    f("conv_out", models.conv_out...);
  }
};

/// One level of the main branch: what the branch has come to is enlarged and joined with the warped textures.
/// At the lowest level the branch is these textures. Named by how many times smaller than the image its maps are.
template <VqfrSpec S, int Level, class T> struct MainLevel {
  static constexpr int reduction = 1 << Level;
  static constexpr bool lowest = Level == S.lowest();
  static constexpr int C = S.channels_at(Level), former = lowest ? 0 : S.channels_at(Level + 1);
  TextureWarp<TextureWarpSpec{C, S.input_features, former, S.offset_groups, S.groups}, T> warp;
  If<!lowest, Conv2d<conv3x3(lowest ? C : former, C), T>> pre_upsample;
  If<!lowest, ResnetBlock<BlockSpec{2 * C, C, S.groups, ShortcutName::residual_func}, T>> decoder;

  /// From the level below, or nothing.
  Warped<T> operator()(auto& ex, const Tensor<T>& input, Tensor<T> textures, Warped<T> below) const {
    const Extents e = textures.extents();
    const Tensor<T> shrunk = Level == 0 ? input : eval(ex, resized(input, e.h, e.w));
    if constexpr (lowest) {
      return warp(ex, shrunk, textures, {});
    } else {
      Tensor<T> map = bare(eval(ex, pre_upsample(upsample2(std::exchange(below.textures, {})))));
      Tensor<T> offset =
          eval(ex, resized(std::exchange(below.offset, {}), e.h, e.w) * 2.0);  // in pixels here
      auto warped = warp(ex, shrunk, std::exchange(textures, {}), std::move(offset));
      auto both = eval(ex, concatenate(map, std::exchange(warped.textures, {})));
      map = {};
      return {bare(decoder(ex, std::move(both))), std::move(warped.offset)};
    }
  }
  static void fields(auto&& f, auto&... models) {
    f(FieldName::numbered("align_func_dict.Level_", reduction), models.warp...);
    f(FieldName::numbered("pre_upsample_dict.Level_", reduction, ".1"), models.pre_upsample...);
    f(FieldName::numbered("decoder_dict.Level_", reduction), models.decoder...);
  }
};

template <VqfrSpec S, class T, class Levels> struct MainBranchOf;
template <VqfrSpec S, class T, int... J> struct MainBranchOf<S, T, std::integer_sequence<int, J...>> {
  std::tuple<MainLevel<S, S.lowest() - J, T>...> levels;

  /// From the input's features {n,h,w,S.input_features} and the textures of all levels, which go as they are
  /// used: a map {n,h,w,S.channels}.
  Tensor<T> operator()(auto& ex, const Tensor<T>& input, std::array<Tensor<T>, S.levels> textures) const {
    Warped<T> h;
    ((h = std::get<J>(levels)(ex, input, std::exchange(textures[S.lowest() - J], {}), std::move(h))), ...);
    return h.textures;
  }
  static void fields(auto&& f, auto&... models) { (field<J>(f, models...), ...); }

 private:
  template <int I> static void field(auto&& f, auto&... models) { f("", std::get<I>(models.levels)...); }
};

template <class N>
concept IsVqfr = std::same_as<std::remove_cvref_t<decltype(N::spec)>, VqfrSpec>;

}  // namespace vqfr

/// A VQFR described by a type with a `static constexpr VqfrSpec spec`: Network<Vqfr> model;
template <class N, class T>
requires vqfr::IsVqfr<N>
struct Network<N, T> {
  static constexpr VqfrSpec spec = N::spec;
  using Levels = std::make_integer_sequence<int, spec.levels>;

  vqfr::EncoderOf<spec, T, Levels> encoder;
  vqfr::DecoderOf<spec, T, Levels> decoder;
  vqfr::MainBranchOf<spec, T, Levels> main_branch;
  Conv2d<conv3x3(3, spec.input_features), T> inpfeat_extraction;
  LayerNorm<spec.latent, T> prediction_norm;
  Linear<spec.latent, spec.codebook_entries, T> prediction;
  Codebook<spec.codebook_entries, spec.latent, T> quantizer;

  struct Encoded {
    Tensor<T> latent;     // {n, h / side_multiple, w / side_multiple, latent}
    Tensor<T> logits;     // {1, 1, cells of all images, entries}
    Tensor<int> indices;  // {n, h / side_multiple, w / side_multiple, 1}
  };
  struct Output {
    Tensor<T> image;
    Encoded encoded;
  };

  /// Image {n,h,w,3} in [-1,1], sides multiples of spec.side_multiple(), to the restored image of the same
  /// extents (not clamped). `fidelity` in [0, 1]: how faithful to the degraded face, 0 best-looking; the
  /// main branch is not run then. Throws Error over other sizes and over NaN in the logits.
  Output operator()(auto& ex, const Tensor<T>& image, double fidelity = 0) const {
    Encoded encoded = encode(ex, image);
    Tensor<T> restored = decode(ex, image, encoded, fidelity);
    return {std::move(restored), std::move(encoded)};
  }

  Encoded encode(auto& ex, const Tensor<T>& image) const {
    check_image<N>(image.extents());
    Encoded encoded;
    encoded.latent = encoder(ex, image);
    const Extents e = encoded.latent.extents();
    const auto rows = reshaped(encoded.latent, {1, 1, e.n * e.h * e.w, e.c});
    encoded.logits = eval(ex, prediction(prediction_norm(ex, rows)));
    encoded.indices = reshaped(eval(ex, argmax(encoded.logits)), {e.n, e.h, e.w, 1});
    return encoded;
  }

  Tensor<T> decode(auto& ex, const Tensor<T>& image, const Encoded& encoded, double fidelity = 0) const {
    std::array<Tensor<T>, spec.levels> textures;
    Tensor<T> h = decoder(ex, quantizer.lookup(encoded.indices), [&](int level, const Tensor<T>& y) {
      if (fidelity != 0) textures[static_cast<std::size_t>(level)] = y;
    });
    if (fidelity != 0) {
      const Tensor<T> input = bare(eval(ex, inpfeat_extraction(image)));
      const auto sum = main_branch(ex, input, std::move(textures)) * fidelity + h;
      h = eval_over(ex, std::move(h), sum);
    }
    return decoder.conv_out(ex, h);
  }

  static void fields(auto&& f, auto&... models) {
    f("encoder", models.encoder...);
    f("decoder", models.decoder...);
    f("main_branch", models.main_branch...);
    f("inpfeat_extraction", models.inpfeat_extraction...);
    f("feat2index.0", models.prediction_norm...);
    f("feat2index.1", models.prediction...);
    f("quantizer", models.quantizer...);
  }
};

}  // namespace RFPP_ABI
}  // namespace rfpp

#endif
