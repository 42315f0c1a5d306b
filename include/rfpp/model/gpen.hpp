#ifndef RFPP_MODEL_GPEN_HPP
#define RFPP_MODEL_GPEN_HPP

#include <array>
#include <concepts>
#include <tuple>
#include <utility>

#include "rfpp/expr/concatenate.hpp"
#include "rfpp/model/hashed.hpp"
#include "rfpp/model/network.hpp"
#include "rfpp/nn/equalized_conv2d.hpp"
#include "rfpp/nn/stylegan.hpp"

// GPEN (Yang et al. 2021, arXiv 2105.06070): a StyleGAN2 with the feature maps of an encoder, concatenated,
// in the place of its noise. All weights are scaled where they are used.

namespace rfpp {
inline namespace RFPP_ABI {

struct GpenSpec : StyleGanSpec {};

struct Gpen {
  static constexpr const char* name = "gpen-bfr-512";
  static constexpr GpenSpec spec{};
};

namespace gpen {

/// StyleGAN2's activation, of variance 1 for an operand of variance 1.
template <class E> auto activated(const E& e) { return leaky_relu(e, 0.2) * 1.41421356237309504880; }

/// A linear layer with weights of variance 1, and its activation: {1,1,n,In} to {1,1,n,Out}. `rate` scales
/// weight and bias.
template <int In, int Out, class T> struct EqualizedLinear : Linear<In, Out, T> {
  Tensor<T> operator()(auto& ex, const Tensor<T>& x, double rate = 1) const {
    const auto product = matmul(x, reshaped(this->weight, {1, 1, Out, In}), false, true);
    return eval(ex, activated(product * (rate / std::sqrt(1. * In)) + this->bias * rate));
  }
};

/// The filter [1,3,3,1], which files hold beside each layer that uses it.
template <class T> struct Kernel { Tensor<T> kernel = Tensor<T>::declared(matrix_extents(4, 4)); };

/// The encoder's first layer, and the others, which halve the size.
template <int Out, class T> struct FirstLayer {
  EqualizedConv2d<conv1x1(3, Out), T> conv;

  Tensor<T> operator()(auto& ex, const Tensor<T>& x) const { return bare(eval(ex, activated(conv(x)))); }
  static void fields(auto&& f, auto&... models) {
    f("0.0.weight", models.conv.weight...);
    f("0.1.bias", models.conv.bias...);
  }
};
template <int In, int Out, class T> struct DownLayer : Kernel<T> {
  EqualizedDownsample<In, Out, T> conv;

  Tensor<T> operator()(auto& ex, const Tensor<T>& x) const { return bare(eval(ex, activated(conv(ex, x)))); }
  static void fields(auto&& f, auto&... models) {
    f("0.0.kernel", models.kernel...);
    f("0.1.weight", models.conv.weight...);
    f("0.2.bias", models.conv.bias...);
  }
};

/// What a style layer makes: half of the channels of the convolution, half of the encoder's map, which are
/// computed where they are read.
template <class T> struct Features {
  Tensor<T> drawn, map, strength, bias;

  auto operator()() const { return concatenate(drawn, activated(map * strength + bias)); }
};

/// A modulated convolution, joined by the encoder's map of its size. An upsampling one is transposed, and what
/// it makes is blurred.
template <int Style, int In, int Out, bool Upsamples, class T> struct StyleLayer : Kernel<T> {
  static constexpr ModulatedSpec modulated{
      .style = Style,
      .in = In,
      .out = Out,
      .equalized = true,
      .use = Upsamples ? FilterUse::modulated_transposed : FilterUse::modulated};
  ModulatedConv2d<modulated, T> conv;
  Tensor<T> strength = Tensor<T>::declared(vector_extents(1));
  Tensor<T> bias = Tensor<T>::declared(vector_extents(2 * Out));

  Features<T> operator()(auto& ex, const auto& x, const Tensor<T>& style, const Tensor<T>& map) const {
    const auto half = [&](int first) { return Tensor<T>(eval(ex, channel_slice(bias, first, Out))); };
    const auto activate = [&](const auto& drawn) {
      return Tensor<T>(eval(ex, activated(bare(drawn) + half(0))));
    };
    if constexpr (Upsamples)
      return {activate(blurred(eval(ex, conv(ex, x, style)), 1, 2)), map, strength, half(Out)};
    else
      return {activate(conv(ex, x, style)), map, strength, half(Out)};
  }
  static void fields(auto&& f, auto&... models) {
    f("conv", models.conv...);
    if constexpr (Upsamples) f("conv.blur.kernel", models.kernel...);
    f("noise.weight", models.strength...);
    f("activate.bias", models.bias...);
  }
};

template <int Style, int In, bool Adds, class T>
struct RgbLayer : ToRgb<ToRgbSpec{Style, In, true, Border::zero}, T>, Kernel<T> {
  static void fields(auto&& f, auto&... models) {
    f("conv", models.modulated_conv...);
    f("bias", models.bias...);
    if constexpr (Adds) f("upsample.kernel", models.kernel...);
  }
};

template <GpenSpec S, class T, class Index> struct LayersOf;
template <GpenSpec S, class T, int... I> struct LayersOf<S, T, std::integer_sequence<int, I...>> {
  using Down = std::tuple<DownLayer<S.width(S.levels - I), S.width(S.levels - I - 1), T>...>;
  template <int J>
  using Half = StyleLayer<S.style, 2 * S.width((J + 1) / 2), S.width(J / 2 + 1), J % 2 == 0, T>;
  using Up = std::tuple<std::pair<Half<2 * I>, Half<2 * I + 1>>...>;
  using Rgb = std::tuple<RgbLayer<S.style, 2 * S.width(I + 1), true, T>...>;
};

}  // namespace gpen

/// GPEN: images {n,resolution,resolution,3} in [-1,1] to restored ones (not clamped), parameters named as in
/// the authors' checkpoints.
template <class N, class T>
requires std::same_as<std::remove_const_t<decltype(N::spec)>, GpenSpec>
struct Network<N, T> {
  static constexpr GpenSpec spec = N::spec;
  static constexpr int levels = spec.levels, style = spec.style;
  using Layers = gpen::LayersOf<spec, T, std::make_integer_sequence<int, levels>>;

  gpen::FirstLayer<spec.width(levels), T> first;
  typename Layers::Down down;
  gpen::EqualizedLinear<16 * spec.width(0), style, T> final_linear;
  std::array<gpen::EqualizedLinear<style, style, T>, 8> mapping;
  Tensor<T> constant_input = Tensor<T>::declared({1, 4, 4, spec.width(0)});
  gpen::StyleLayer<style, spec.width(0), spec.width(0), false, T> conv1;
  gpen::RgbLayer<style, 2 * spec.width(0), false, T> to_rgb1;
  typename Layers::Up up;
  typename Layers::Rgb to_rgbs;

  struct Output {
    Tensor<T> image;
  };

  /// Throws Error over images of another size.
  Output operator()(auto& ex, const Tensor<T>& image) const {
    check_square_image<N>(image.extents());
    Maps maps;
    maps[levels] = first(ex, image);
    encode(ex, maps);
    const Tensor<T> w = style_of(ex, maps[0]);
    const auto x = repeated(ex, constant_input, image.extents().n);
    auto features = conv1(ex, x, w, maps[0]);
    Tensor<T> rgb = eval(ex, to_rgb1(ex, features(), w));
    return {draw(ex, maps, w, std::move(features), std::move(rgb))};
  }
  /// The style {1,1,n,style} that serves every layer, of the encoder's smallest map.
  Tensor<T> style_of(auto& ex, const Tensor<T>& map) const {
    const auto flat = eval(ex, flatten_channels_first(map));
    const Tensor<T> z = final_linear(ex, flat);
    // 1 / sqrt(mean of squares + 1e-8)
    const Demodulation norm{1 / std::sqrt(1. * style), std::sqrt(1. * style)};
    Tensor<T> w = eval(ex, z * Tensor<T>(eval(ex, rfpp::map(norm, reduce<Sum>(square(z), Over::channels)))));
    for (const auto& layer : mapping) w = layer(ex, w, 0.01);
    return w;
  }

  static void fields(auto&& f, auto&... models) {
    f("ecd0", models.first...);
    fields_of_levels<0>(f, models...);
    f("final_linear.0", models.final_linear...);
    f(FieldName("generator.style", 1), models.mapping...);
    f("generator.input.input", models.constant_input...);
    f("generator.conv1", models.conv1...);
    f("generator.to_rgb1", models.to_rgb1...);
    f("generator.to_rgbs", models.to_rgbs...);
  }

 private:
  using Maps = std::array<Tensor<T>, levels + 1>;  // by level, 0 the smallest

  template <int I> static void fields_of_levels(auto&& f, auto&... models) {
    if constexpr (I < levels) {
      f(FieldName::numbered("ecd", I + 1), std::get<I>(models.down)...);
      f(FieldName("generator.convs", 2 * I), std::get<I>(models.up)...);
      fields_of_levels<I + 1>(f, models...);
    }
  }

  template <int I = 0> void encode(auto& ex, Maps& maps) const {
    if constexpr (I < levels) {
      maps[levels - I - 1] = std::get<I>(down)(ex, maps[levels - I]);
      encode<I + 1>(ex, maps);
    }
  }
  /// Levels I + 1 and up, given what level I made.
  template <int I = 0>
  Tensor<T> draw(auto& ex, Maps& maps, const Tensor<T>& w, gpen::Features<T> x, Tensor<T> rgb) const {
    if constexpr (I < levels) {
      const auto& [upsampling, plain] = std::get<I>(up);
      maps[I] = {};
      x = upsampling(ex, x(), w, maps[I + 1]);
      x = plain(ex, x(), w, maps[I + 1]);
      rgb = eval(ex, std::get<I>(to_rgbs)(ex, x(), w, rgb));
      return draw<I + 1>(ex, maps, w, std::move(x), std::move(rgb));
    } else {
      return rgb;
    }
  }
};

template <class N, class T>
requires std::same_as<std::remove_const_t<decltype(N::spec)>, GpenSpec>
void fill_hashed(Network<N, T>& model) { fill_hashed_equalized(model); }

}  // namespace RFPP_ABI
}  // namespace rfpp

#endif
