#ifndef RFPP_NN_STYLEGAN_HPP
#define RFPP_NN_STYLEGAN_HPP

#include <array>
#include <cstdint>

#include "rfpp/core/fields.hpp"
#include "rfpp/expr/random.hpp"
#include "rfpp/nn/bilinear.hpp"
#include "rfpp/nn/modulated_conv2d.hpp"

// What the generators have in common that restorers made of StyleGAN2 (Karras et al. 2020, arXiv 1912.04958).

namespace rfpp {
inline namespace RFPP_ABI {

/// `widths` are the generator's channels at sides 4, 8, ..., resolution.
struct StyleGanSpec {
  int resolution = 512, style = 512, levels = 7;
  std::array<int, 9> widths = {512, 512, 512, 512, 512, 256, 128, 64};

  constexpr int width(int level) const { return widths[static_cast<std::size_t>(level)]; }
};

/// The noise that a generator adds to each of its layers, the same in all images of a batch: normal noise, a
/// function of the seed alone; what is stored with the weights; or none.
struct StyleNoise {
  enum class Kind { seeded, stored, none } kind = Kind::seeded;
  std::uint64_t seed = 0;
};

/// The stored noise of all layers, two of each side after the one of side 4.
template <int Layers, class T = float> struct StyleNoises {
  std::array<Tensor<T>, Layers> planes;

  StyleNoises() {
    for (int i = 0; i < Layers; ++i) {
      const int side = 1 << ((i + 5) / 2);
      planes[static_cast<std::size_t>(i)] = Tensor<T>::declared({1, side, side, 1});
    }
  }
  /// That of one layer, as chosen: {1,side,side,1}.
  Tensor<T> operator()(auto& ex, const StyleNoise& choice, int layer) const {
    const Tensor<T>& stored = planes[static_cast<std::size_t>(layer)];
    if (choice.kind == StyleNoise::Kind::stored) return stored;
    if (choice.kind == StyleNoise::Kind::none) return eval(ex, Constant<T>{T(0), stored.extents()});
    return eval(ex, Normal<T>{{choice.seed, 0, static_cast<std::uint32_t>(layer)}, stored.extents()});
  }
  static void fields(auto&& f, auto&... models) {
    for (std::size_t i = 0; i < Layers; ++i)
      f(FieldName::numbered("noise", static_cast<int>(i)), models.planes[i]...);
  }
};

/// `border` is what the enlarged image of the level below sees beyond its edges.
struct ToRgbSpec {
  int style, in;
  bool equalized = false;
  Border border = Border::repeated;
};

/// A modulated 1x1 convolution to an image, added to the enlarged one of the level below: {n,h,w,in}, styles
/// {1,1,n,style} and an image {n,h/2,w/2,3} to {n,h,w,3}, lazily.
template <ToRgbSpec S, class T = float> struct ToRgb {
  static constexpr ModulatedSpec modulated{
      .style = S.style, .in = S.in, .out = 3, .kernel = 1, .equalized = S.equalized};
  ModulatedConv2d<modulated, T> modulated_conv;
  Tensor<T> bias = Tensor<T>::declared(vector_extents(3));

  auto operator()(auto& ex, const auto& x, const Tensor<T>& style) const {
    return bare(modulated_conv.modulated(ex, x, style)) + bias;
  }
  auto operator()(auto& ex, const auto& x, const Tensor<T>& style, const Tensor<T>& below) const {
    return (*this)(ex, x, style) + bilinear_upsample2(below, S.border);
  }
  static void fields(auto&& f, auto&... models) {
    f("modulated_conv", models.modulated_conv...);
    f("bias", models.bias...);
  }
};

/// A learned input {1,h,w,c}, once for each of the images.
template <class T> Tensor<T> repeated(auto& ex, const Tensor<T>& input, int images) {
  return eval(ex, input * Constant<T>{T(1), {images, 1, 1, 1}});
}

}  // namespace RFPP_ABI
}  // namespace rfpp

#endif
