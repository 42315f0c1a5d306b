#ifndef RFPP_MODEL_GFPGAN_HPP
#define RFPP_MODEL_GFPGAN_HPP

#include <array>
#include <concepts>
#include <string>
#include <tuple>
#include <utility>

#include "rfpp/expr/concatenate.hpp"
#include "rfpp/expr/random.hpp"
#include "rfpp/model/network.hpp"
#include "rfpp/nn/bilinear.hpp"
#include "rfpp/nn/modulated_conv2d.hpp"
#include "rfpp/nn/sft.hpp"

// GFPGAN (Wang et al. 2021, arXiv 2101.04061) without custom operators, as versions 1.2 to 1.4 are: a U-Net
// reads the degraded face, a StyleGAN2 decoder draws one by its styles and, on half of the channels, by its
// scales and shifts.

namespace rfpp::inline v0 {

/// `widths` are the decoder's channels at sides 4, 8, ..., resolution; the U-Net has half of them.
struct GfpganSpec {
  int resolution = 512, style = 512, levels = 7;
  std::array<int, 9> widths = {512, 512, 512, 512, 512, 256, 128, 64};

  constexpr int decoder(int level) const { return widths[static_cast<std::size_t>(level)]; }
  constexpr int unet(int level) const { return decoder(level) / 2; }
  constexpr int styles() const { return 2 * levels + 2; }
  /// Of the decoder's layer i, in pixels.
  static constexpr int side(int layer) { return 1 << ((layer + 5) / 2); }
};

struct Gfpgan {
  static constexpr const char* name = "gfpgan";
  static constexpr GfpganSpec spec{};
};

/// The noise that a StyleGAN2 decoder adds to each of its layers, the same in all images of a batch: normal
/// noise, a function of the seed alone; what is stored with the weights; or none.
struct StyleNoise {
  enum class Kind { seeded, stored, none } kind = Kind::seeded;
  std::uint64_t seed = 0;
};

namespace gfpgan {

inline constexpr double slope = 0.2;
template <class E> auto activated(const E& e) { return leaky_relu(e, slope); }

/// Two 3x3 convolutions with a resize by 2 before the second, and a 1x1 convolution past them, whose resize
/// is where it costs less.
template <int In, int Out, class T> struct ResidualBlock {
  Conv2d<conv3x3(In, In), T> conv1;
  Conv2d<conv3x3(In, Out), T> conv2;
  UnbiasedConv2d<conv1x1(In, Out), T> skip;

  /// {n,h,w,In} to {n,h/2,w/2,Out}.
  Tensor<T> down(auto& ex, const Tensor<T>& x) const {
    const auto h = eval(ex, activated(conv1.bare()(x)));
    auto shortcut = bare(eval(ex, skip(mean2(x))));
    const auto sum = activated(conv2.bare()(mean2(h))) + shortcut;
    return eval_over(ex, std::move(shortcut), sum);
  }
  /// {n,h,w,In} to {n,2h,2w,Out}.
  Tensor<T> up(auto& ex, const auto& x) const {
    const auto h = eval(ex, activated(conv1.bare()(x)));
    const auto shortcut = bare(eval(ex, skip(x)));
    return eval(ex, activated(conv2.bare()(bilinear_upsample2(h))) + bilinear_upsample2(shortcut));
  }
  static void fields(auto&& f, auto&... models) {
    f("conv1", models.conv1...);
    f("conv2", models.conv2...);
    f("skip", models.skip...);
  }
};

/// A modulated convolution, noise, bias and leaky ReLU, lazily.
template <int Style, int In, int Out, class T> struct StyleConv {
  ModulatedConv2d<ModulatedSpec{.style = Style, .in = In, .out = Out, .gain_squared = 2}, T> modulated_conv;
  Tensor<T> strength = Tensor<T>::declared(vector_extents(1));
  Tensor<T> bias = Tensor<T>::declared(vector_extents(Out));

  auto operator()(auto& ex, const auto& x, const Tensor<T>& style, const Tensor<T>& noise) const {
    return activated(bare(modulated_conv(ex, x, style)) + noise * strength + bias);
  }
  static void fields(auto&& f, auto&... models) {
    f("modulated_conv", models.modulated_conv...);
    f("weight", models.strength...);
    f("bias", models.bias...);
  }
};

/// A modulated 1x1 convolution to an image, added to the enlarged one of the level below, lazily.
template <int Style, int In, class T> struct ToRgb {
  ModulatedConv2d<ModulatedSpec{.style = Style, .in = In, .out = 3, .kernel = 1}, T> modulated_conv;
  Tensor<T> bias = Tensor<T>::declared(vector_extents(3));

  auto operator()(auto& ex, const auto& x, const Tensor<T>& style) const {
    return bare(modulated_conv.modulated(ex, x, style)) + bias;
  }
  auto operator()(auto& ex, const auto& x, const Tensor<T>& style, const Tensor<T>& below) const {
    return (*this)(ex, x, style) + bilinear_upsample2(below);
  }
  static void fields(auto&& f, auto&... models) {
    f("modulated_conv", models.modulated_conv...);
    f("bias", models.bias...);
  }
};

template <GfpganSpec S, int I, class T>
struct Down : ResidualBlock<S.unet(S.levels - I), S.unet(S.levels - I - 1), T> {};
template <GfpganSpec S, int I, class T> struct Up : ResidualBlock<S.unet(I), S.unet(I + 1), T> {};
template <GfpganSpec S, int I, class T> struct Condition : ConvPair<S.unet(I + 1), T> {};
template <GfpganSpec S, int I, class T> struct AuxiliaryRgb : Conv2d<conv1x1(S.unet(I + 1), 3), T> {};
template <GfpganSpec S, int I, class T>
struct Style : StyleConv<S.style, S.decoder((I + 1) / 2), S.decoder(I / 2 + 1), T> {};
template <GfpganSpec S, int I, class T> struct Rgb : ToRgb<S.style, S.decoder(I + 1), T> {};

template <template <GfpganSpec, int, class> class Layer, GfpganSpec S, class T, class Index> struct LayersOf;
template <template <GfpganSpec, int, class> class Layer, GfpganSpec S, class T, int... I>
struct LayersOf<Layer, S, T, std::integer_sequence<int, I...>> {
  using type = std::tuple<Layer<S, I, T>...>;
};
template <template <GfpganSpec, int, class> class Layer, GfpganSpec S, class T, int Count = S.levels>
using Layers = typename LayersOf<Layer, S, T, std::make_integer_sequence<int, Count>>::type;

/// The mapping network of the StyleGAN2 that the decoder was trained as; restoring does without.
template <int Width, class T> struct Mapping {
  std::array<Linear<Width, Width, T>, 8> layers;
  static void fields(auto&& f, auto&... models) {
    constexpr const char* names[] = {"1", "3", "5", "7", "9", "11", "13", "15"};
    for (std::size_t i = 0; i < 8; ++i) f(names[i], models.layers[i]...);
  }
};
template <int Count, class T> struct Noises {
  std::array<Tensor<T>, Count> planes;

  Noises() {
    for (int i = 0; i < Count; ++i) {
      const int side = GfpganSpec::side(i);
      planes[static_cast<std::size_t>(i)] = Tensor<T>::declared({1, side, side, 1});
    }
  }
  static void fields(auto&& f, auto&... models) {
    constexpr const char* names[] = {"noise0",  "noise1",  "noise2",  "noise3",  "noise4",  "noise5",
                                     "noise6",  "noise7",  "noise8",  "noise9",  "noise10", "noise11",
                                     "noise12", "noise13", "noise14", "noise15", "noise16"};
    for (std::size_t i = 0; i < Count; ++i) f(names[i], models.planes[i]...);
  }
};

template <GfpganSpec S, class T> struct Decoder {
  Mapping<S.style, T> style_mlp;
  Tensor<T> constant_input = Tensor<T>::declared({1, 4, 4, S.decoder(0)});
  StyleConv<S.style, S.decoder(0), S.decoder(0), T> style_conv1;
  ToRgb<S.style, S.decoder(0), T> to_rgb1;
  Layers<Style, S, T, 2 * S.levels> style_convs;
  Layers<Rgb, S, T> to_rgbs;
  Noises<2 * S.levels + 1, T> noises;

  /// Of layer i: {1,side,side,1}.
  Tensor<T> noise(auto& ex, const StyleNoise& choice, int layer) const {
    const int side = S.side(layer);
    const Extents e{1, side, side, 1};
    if (choice.kind == StyleNoise::Kind::stored) return noises.planes[static_cast<std::size_t>(layer)];
    if (choice.kind == StyleNoise::Kind::none) return eval(ex, Constant<T>{T(0), e});
    return eval(ex, Normal<T>{{choice.seed, 0, static_cast<std::uint32_t>(layer)}, e});
  }
  static void fields(auto&& f, auto&... models) {
    f("style_mlp", models.style_mlp...);
    f("constant_input.weight", models.constant_input...);
    f("style_conv1", models.style_conv1...);
    f("to_rgb1", models.to_rgb1...);
    f("style_convs", models.style_convs...);
    f("to_rgbs", models.to_rgbs...);
    f("noises", models.noises...);
  }
};

}  // namespace gfpgan

/// GFPGAN: images {n,resolution,resolution,3} in [-1,1] to restored ones (not clamped), parameters named as
/// in the authors' checkpoints.
template <class N, class T>
requires std::same_as<std::remove_const_t<decltype(N::spec)>, GfpganSpec>
struct Network<N, T> {
  static constexpr GfpganSpec spec = N::spec;
  static constexpr int levels = spec.levels;

  Conv2d<conv1x1(3, spec.unet(levels)), T> conv_body_first;
  gfpgan::Layers<gfpgan::Down, spec, T> conv_body_down;
  Conv2d<conv3x3(spec.unet(0), spec.unet(0)), T> final_conv;
  Linear<16 * spec.unet(0), spec.styles() * spec.style, T> final_linear;
  gfpgan::Layers<gfpgan::Up, spec, T> conv_body_up;
  gfpgan::Layers<gfpgan::Condition, spec, T> condition_scale, condition_shift;
  gfpgan::Layers<gfpgan::AuxiliaryRgb, spec, T> to_rgb;  ///< the training's auxiliary images
  gfpgan::Decoder<spec, T> stylegan_decoder;

  struct Output {
    Tensor<T> image;
  };

  /// Throws Error over images of another size.
  Output operator()(auto& ex, const Tensor<T>& image, const StyleNoise& noise = {}) const {
    const Extents e = image.extents();
    if (!(e == Extents{e.n, spec.resolution, spec.resolution, 3}) || e.n < 1)
      throw Error(std::string(N::name) + ": expected images [n," + std::to_string(spec.resolution) + "," +
                  std::to_string(spec.resolution) + ",3], found " + to_string(e));
    State s{e.n, {}, {}, {}, {}, {}};
    reduce(ex, s, bare(eval(ex, gfpgan::activated(conv_body_first(image)))));
    s.features = eval(ex, gfpgan::activated(bare(final_conv(s.reduced.back()))));
    const auto flat = eval(ex, flatten_channels_first(s.features));
    s.styles = reshaped(Tensor<T>(eval(ex, final_linear(flat))), {e.n, spec.styles(), 1, spec.style});

    const auto& d = stylegan_decoder;
    s.x = eval(ex, d.constant_input * Constant<T>{T(1), {e.n, 1, 1, 1}});
    s.x = eval(ex, d.style_conv1(ex, s.x, s.style(ex, 0), d.noise(ex, noise, 0)));
    s.image = eval(ex, d.to_rgb1(ex, s.x, s.style(ex, 1)));
    draw(ex, s, noise);
    return {std::move(s.image)};
  }

  static void fields(auto&& f, auto&... models) {
    f("conv_body_first", models.conv_body_first...);
    f("conv_body_down", models.conv_body_down...);
    f("final_conv", models.final_conv...);
    f("final_linear", models.final_linear...);
    f("conv_body_up", models.conv_body_up...);
    f("condition_scale", models.condition_scale...);
    f("condition_shift", models.condition_shift...);
    f("toRGB", models.to_rgb...);
    f("stylegan_decoder", models.stylegan_decoder...);
  }

 private:
  struct State {
    int images;
    std::array<Tensor<T>, levels> reduced;  // by the U-Net, of half the resolution down to 4
    Tensor<T> features, styles;             // {n,h,w,c} on the way up; {n,rows,1,style}
    Tensor<T> x, image;                     // the decoder's

    Tensor<T> style(auto& ex, int row) const {
      return reshaped(Tensor<T>(eval(ex, group_row(styles, row, 1))), {1, 1, images, spec.style});
    }
  };

  template <int I = 0> void reduce(auto& ex, State& s, Tensor<T> x) const {
    if constexpr (I < levels) {
      s.reduced[I] = std::get<I>(conv_body_down).down(ex, x);
      reduce<I + 1>(ex, s, s.reduced[I]);
    }
  }
  /// Level I of the U-Net's way up and of the decoder.
  template <int I = 0> void draw(auto& ex, State& s, const StyleNoise& noise) const {
    if constexpr (I < levels) {
      const auto& d = stylegan_decoder;
      s.features = std::get<I>(conv_body_up).up(ex, s.features + s.reduced[levels - 1 - I]);
      s.reduced[levels - 1 - I] = {};
      auto scale = bare(eval(ex, std::get<I>(condition_scale)(ex, s.features)));
      auto shift = bare(eval(ex, std::get<I>(condition_shift)(ex, s.features)));
      const auto untouched = [half = scale.extents()](T v) { return Constant<T>{v, half}; };
      s.x = eval(ex, map(Affine{},
                         std::get<2 * I>(d.style_convs)(ex, bilinear_upsample2(s.x), s.style(ex, 2 * I + 1),
                                                        d.noise(ex, noise, 2 * I + 1)),
                         concatenate(untouched(T(1)), scale), concatenate(untouched(T(0)), shift)));
      scale = shift = {};
      s.x = eval(ex, std::get<2 * I + 1>(d.style_convs)(ex, s.x, s.style(ex, 2 * I + 2),
                                                        d.noise(ex, noise, 2 * I + 2)));
      s.image = eval(ex, std::get<I>(d.to_rgbs)(ex, s.x, s.style(ex, 2 * I + 3), s.image));
      draw<I + 1>(ex, s, noise);
    }
  }
};

}  // namespace rfpp::inline v0

#endif
