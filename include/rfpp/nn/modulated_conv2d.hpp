#ifndef RFPP_NN_MODULATED_CONV2D_HPP
#define RFPP_NN_MODULATED_CONV2D_HPP

#include <cmath>

#include "rfpp/expr/remap.hpp"
#include "rfpp/nn/conv2d.hpp"
#include "rfpp/nn/linear.hpp"

namespace rfpp {
inline namespace RFPP_ABI {

/// All channels, again and again: {n,h,w,channels} to {n,h,w,times*channels}.
struct RepeatChannels {
  static constexpr bool keeps_channels = false;
  int channels, times;
  Extents extents(Extents e) const { return {e.n, e.h, e.w, times * e.c}; }
  RFPP_HD bool map(Pixel&, int& c) const {
    c %= channels;
    return true;
  }
  RFPP_HD int fan() const { return times; }
  RFPP_HD bool preimage(int k, Pixel&, int& c) const {
    c += k * channels;
    return true;
  }
};

/// What brings a modulated channel of the given energy back to variance 1, and weights times `scale` are
/// weighted by: gain * scale / sqrt(scale^2 * energy + 1e-8).
struct Demodulation {
  static constexpr const char* name = "demodulation";
  static constexpr bool linear = false;
  template <int I> static constexpr bool passes = false;
  double scale, gain;
  template <class T> RFPP_HD T operator()(T energy) const {
    return constant<T>(gain * scale) / square_root(variance(energy));
  }
  template <int I, class T> RFPP_HD T adjoint(T g, T energy) const {
    const T v = variance(energy);
    return constant<T>(-0.5 * gain * scale * scale * scale) * g / (v * square_root(v));
  }

 private:
  template <class T> RFPP_HD static T constant(double x) { return splat<T>(static_cast<element_t<T>>(x)); }
  template <class T> RFPP_HD T variance(T energy) const {
    return constant<T>(scale * scale) * energy + constant<T>(1e-8);
  }
};

namespace detail {
// Compiled once, not again for every number of channels.

/// The factor of every input channel {n,1,1,in} for styles {1,1,n,style}.
template <class T>
[[gnu::noinline]] Tensor<T> modulation(auto& ex, const Tensor<T>& style, const Tensor<T>& weight,
                                       const Tensor<T>& bias, double scale) {
  const Extents e = weight.extents();
  const Tensor<T> factors =
      eval(ex, matmul(style, reshaped(weight, {1, 1, e.n, e.c}), false, true) * scale + bias);
  return reshaped(factors, {style.extents().w, 1, 1, e.n});
}
/// The factor of every output channel {n,1,1,out}.
template <class T>
[[gnu::noinline]] Tensor<T> demodulation(auto& ex, const Filter<T>& filter, const Tensor<T>& factors,
                                         const Demodulation& f) {
  const Extents e = filter.extents();
  const int images = factors.extents().n, taps = e.h * e.w;
  const Tensor<T> rows = reshaped(factors, {1, 1, images, e.c});
  const auto evaluated = [&](const auto& energies) {
    return reshaped(Tensor<T>(eval(ex, map(f, energies))), {images, 1, 1, e.n});
  };
  if (!filter.has_raw()) return evaluated(matmul(square(rows), filter.energies(), false, true));
  const auto squares = square(rows);
  return evaluated(matmul(Remap<RepeatChannels, std::remove_const_t<decltype(squares)>>{{e.c, taps}, squares},
                          square(reshaped(filter.raw(), {1, 1, e.n, taps * e.c})), false, true));
}
template <class X, class T>
[[gnu::noinline]] auto modulated(const ConvolutionGeometry& geometry, const X& x, const Tensor<T>& factors,
                                 const Filter<T>& weight) {
  const auto scaled = x * factors;
  return anchor(ConvolutionCore<std::remove_const_t<decltype(scaled)>>{geometry, scaled, weight});
}
template <class X, class T>
[[gnu::noinline]] auto modulated_transposed(const X& x, const Tensor<T>& factors, const Filter<T>& weight) {
  const auto scaled = bare(zero_inserted2(x * factors));
  return anchor(ConvolutionCore<std::remove_const_t<decltype(scaled)>>{{3, 1, 2, 2}, scaled, weight});
}
}  // namespace detail

/// `equalized`: weights of variance 1 are scaled by 1 / sqrt(fan-in) where they are used (Karras et al.
/// 2018). The result of what demodulates is multiplied by gain(). `use` modulated_transposed: with 3x3 taps, a
/// transposed convolution with stride 2, to {n,2h+1,2w+1,out}.
struct ModulatedSpec {
  int style, in, out, kernel = 3;
  bool equalized = false;
  int gain_squared = 1;  // no double: Clang 14 misreads those of template arguments
  FilterUse use = FilterUse::modulated;

  double gain() const { return std::sqrt(1. * gain_squared); }
  double weight_scale() const { return equalized ? 1 / std::sqrt(1. * in * kernel * kernel) : 1; }
  double modulation_scale() const { return equalized ? 1 / std::sqrt(1. * style) : 1; }
};

/// Convolution whose weight every image's style scales, by a factor for each input channel, and whose output
/// channels are then brought back to variance 1 (Karras et al., StyleGAN2, 2020, section 2.2): {n,h,w,in} and
/// styles {1,1,n,style} to {n,h',w',out}. The factors scale the input and the output, so that the weight is
/// the same for all images. They are evaluated, the rest is lazy.
template <ModulatedSpec S, class T = float> struct ModulatedConv2d {
  Filter<T> weight{Extents{S.out, S.kernel, S.kernel, S.in}, S.use};
  Linear<S.style, S.in, T> linear;

  template <Expression X> auto operator()(auto& ex, const X& x, const Tensor<T>& style) const {
    const auto factors = modulation(ex, style);
    const auto demodulation =
        detail::demodulation(ex, weight, factors, Demodulation{S.weight_scale(), S.gain()});
    return convolved(x, factors) * demodulation;
  }
  /// Without demodulation, nor gain.
  template <Expression X> auto modulated(auto& ex, const X& x, const Tensor<T>& style) const {
    return convolved(x, modulation(ex, style)) * S.weight_scale();
  }

  static void fields(auto&& f, auto&... models) {
    f("weight", models.weight...);
    f("modulation", models.linear...);
  }

 private:
  Tensor<T> modulation(auto& ex, const Tensor<T>& style) const {
    return detail::modulation(ex, style, linear.weight, linear.bias, S.modulation_scale());
  }
  template <Expression X> auto convolved(const X& x, const Tensor<T>& factors) const {
    constexpr bool channels_agree = channels_of<X> == 0 || channels_of<X> == S.in;
    static_assert(channels_agree, "ModulatedConv2d: the operand's channel count is not the layer's `in`");
    if constexpr (S.use == FilterUse::modulated_transposed)
      return tag<S.out>(detail::modulated_transposed(operand(x), factors, weight));
    else
      return tag<S.out>(
          detail::modulated({S.kernel, 1, S.kernel / 2, S.kernel / 2}, operand(x), factors, weight));
  }
};

}  // namespace RFPP_ABI
}  // namespace rfpp

#endif
