#ifndef RFPP_MODEL_GFPGAN_HPP
#define RFPP_MODEL_GFPGAN_HPP

#include <array>
#include <concepts>
#include <tuple>
#include <utility>

#include "rfpp/expr/concatenate.hpp"
#include "rfpp/model/network.hpp"
#include "rfpp/nn/sft.hpp"
#include "rfpp/nn/stylegan.hpp"

// GFPGAN (Wang et al. 2021, arXiv 2101.04061) without custom operators, as versions 1.2 to 1.4 are: a U-Net
// reads the degraded face, a StyleGAN2 decoder draws one by its styles and, on half of the channels, by its
// scales and shifts.

namespace rfpp {
inline namespace RFPP_ABI {

/// The widths are the decoder's; the U-Net has half of them.
struct GfpganSpec : StyleGanSpec {
  constexpr int unet(int level) const { return width(level) / 2; }
  constexpr int styles() const { return 2 * levels + 2; }
};

struct Gfpgan {
  static constexpr const char* name = "gfpgan";
  static constexpr GfpganSpec spec{};
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

/// The layers of all levels, from the smallest maps on, but for those of the way down.
template <GfpganSpec S, class T, class Levels> struct LayersOf;
template <GfpganSpec S, class T, int... I> struct LayersOf<S, T, std::integer_sequence<int, I...>> {
  using Down = std::tuple<ResidualBlock<S.unet(S.levels - I), S.unet(S.levels - I - 1), T>...>;
  using Up = std::tuple<ResidualBlock<S.unet(I), S.unet(I + 1), T>...>;
  using Condition = std::tuple<ConvPair<S.unet(I + 1), T>...>;
  using AuxiliaryRgb = std::tuple<Conv2d<conv1x1(S.unet(I + 1), 3), T>...>;
  template <int In, int Out> using Style = StyleConv<S.style, S.width(In), S.width(Out), T>;
  using Styles = decltype(std::tuple_cat(std::tuple<Style<I, I + 1>, Style<I + 1, I + 1>>()...));
  using Rgbs = std::tuple<ToRgb<ToRgbSpec{S.style, S.width(I + 1)}, T>...>;
};
template <GfpganSpec S, class T> using Layers = LayersOf<S, T, std::make_integer_sequence<int, S.levels>>;

/// The mapping network of the StyleGAN2 that the decoder was trained as; restoring does without.
template <int Width, class T> struct Mapping {
  std::array<Linear<Width, Width, T>, 8> layers;
  static void fields(auto&& f, auto&... models) {
    for (std::size_t i = 0; i < 8; ++i)
      f(FieldName::numbered("", 2 * static_cast<int>(i) + 1), models.layers[i]...);
  }
};

template <GfpganSpec S, class T> struct Decoder {
  Mapping<S.style, T> style_mlp;
  Tensor<T> constant_input = Tensor<T>::declared({1, 4, 4, S.width(0)});
  StyleConv<S.style, S.width(0), S.width(0), T> style_conv1;
  ToRgb<ToRgbSpec{S.style, S.width(0)}, T> to_rgb1;
  typename Layers<S, T>::Styles style_convs;
  typename Layers<S, T>::Rgbs to_rgbs;
  StyleNoises<2 * S.levels + 1, T> noises;

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
  using Layers = gfpgan::Layers<spec, T>;

  Conv2d<conv1x1(3, spec.unet(levels)), T> conv_body_first;
  typename Layers::Down conv_body_down;
  Conv2d<conv3x3(spec.unet(0), spec.unet(0)), T> final_conv;
  Linear<16 * spec.unet(0), spec.styles() * spec.style, T> final_linear;
  typename Layers::Up conv_body_up;
  typename Layers::Condition condition_scale, condition_shift;
  typename Layers::AuxiliaryRgb to_rgb;  ///< the training's auxiliary images
  gfpgan::Decoder<spec, T> stylegan_decoder;

  struct Output {
    Tensor<T> image;
  };

  /// Throws Error over images of another size.
  Output operator()(auto& ex, const Tensor<T>& image, const StyleNoise& noise = {}) const {
    check_square_image<N>(image.extents());
    State s{image.extents().n, {}, {}, {}, {}, {}};
    reduce(ex, s, bare(eval(ex, gfpgan::activated(conv_body_first(image)))));
    s.features = eval(ex, gfpgan::activated(bare(final_conv(s.reduced.back()))));
    const auto flat = eval(ex, flatten_channels_first(s.features));
    s.styles = reshaped(Tensor<T>(eval(ex, final_linear(flat))), {s.images, spec.styles(), 1, spec.style});

    const auto& d = stylegan_decoder;
    s.x = repeated(ex, d.constant_input, s.images);
    s.x = eval(ex, d.style_conv1(ex, s.x, s.style(ex, 0), d.noises(ex, noise, 0)));
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
                                                        d.noises(ex, noise, 2 * I + 1)),
                         concatenate(untouched(T(1)), scale), concatenate(untouched(T(0)), shift)));
      scale = shift = {};
      s.x = eval(ex, std::get<2 * I + 1>(d.style_convs)(ex, s.x, s.style(ex, 2 * I + 2),
                                                        d.noises(ex, noise, 2 * I + 2)));
      s.image = eval(ex, std::get<I>(d.to_rgbs)(ex, s.x, s.style(ex, 2 * I + 3), s.image));
      draw<I + 1>(ex, s, noise);
    }
  }
};

}  // namespace RFPP_ABI
}  // namespace rfpp

#endif
