#ifndef RFPP_TRAIN_LOSSES_HPP
#define RFPP_TRAIN_LOSSES_HPP

#include <array>
#include <cstddef>
#include <utility>
#include <vector>

#include "rfpp/core/gaussian.hpp"
#include "rfpp/expr/resize.hpp"
#include "rfpp/expr/separable_filter.hpp"
#include "rfpp/metrics/appearance.hpp"
#include "rfpp/model/arcface.hpp"
#include "rfpp/model/centerface.hpp"
#include "rfpp/model/lpips.hpp"
#include "rfpp/nn/gram.hpp"

// Losses, each one element {1,1,1,1}. Source: the released code of arXiv 2308.07228.

namespace rfpp::losses {
inline namespace RFPP_ABI {

/// The mean of all elements.
template <Expression X> auto mean(auto& ex, const X& x) {
  return bare(eval(ex, reduce<Sum>(x, Over::all) * (1 / static_cast<double>(x.extents().size()))));
}
template <class T> Tensor<T> l1(auto& ex, const Tensor<T>& a, const Tensor<T>& b) {
  return mean(ex, absolute(a - b));
}

namespace detail {
/// `line` about every pixel of an axis.
template <class T> FilterTaps<T> at_every_pixel(const Line& line, int extent) {
  Sampling every;
  for (int i = 0; i < extent; ++i) every.first.push_back(i);
  every.fraction.assign(every.first.size(), 0);
  return taps_of<T>(line, every);
}
template <class T> SeparableFilter<T> gaussian(Extents image, int sigma) {
  const Line line{-3 * sigma, gaussian_weights(3 * sigma, sigma)};
  return {{{at_every_pixel<T>(line, image.h), at_every_pixel<T>(line, image.w)}}};
}
/// The sum of the channels of an image {n,h,w,3}, so weighted: {n,h,w,1}.
template <class T> Tensor<T> weighted(auto& ex, const auto& image, const std::array<double, 3>& by) {
  const auto weights = Tensor<T>::uninitialized(vector_extents(3));
  for (std::size_t i = 0; i < 3; ++i) weights.data()[i] = static_cast<T>(by[i]);
  return bare(eval(ex, reduce<Sum>(image * ex.upload(weights), Over::channels)));
}
}  // namespace detail

/// The mean difference of the colors of two images {n,h,w,3} in [-1, 1]: of L, a and b of CIELAB, as they
/// change about a neutral gray, in units of 50, after a Gaussian blur of sigma 8 pixels and, since that sees
/// neither lips nor irises, after one of sigma 2; the sum of both. See metrics::color_error().
template <class T> Tensor<T> color(auto& ex, const Tensor<T>& a, const Tensor<T>& b) {
  // L = 116 Y' - 16, a = 500 (X' - Y'), b = 200 (Y' - Z').
  const auto &x = metrics::xyz_of_rgb[0], &y = metrics::xyz_of_rgb[1], &z = metrics::xyz_of_rgb[2];
  const auto after_blur = [&](int sigma) {
    const auto blurred = eval(ex, filtered(a - b, detail::gaussian<T>(a.extents(), sigma)));
    const auto change = [&](double scale, auto&& weight_of) {
      return mean(ex, absolute(detail::weighted<T>(
                          ex, blurred, {scale * weight_of(0), scale * weight_of(1), scale * weight_of(2)})));
    };
    const auto of_l = change(1, [&](int i) { return y[i]; });
    const auto of_a = change(500.0 / 116, [&](int i) { return x[i] - y[i]; });
    const auto of_b = change(200.0 / 116, [&](int i) { return y[i] - z[i]; });
    return bare(eval(ex, of_l + of_a + of_b));
  };
  const auto wide = after_blur(8), narrow = after_blur(2);
  return bare(eval(ex, wide + narrow));
}

/// How far the strength of fine detail is apart in two images {n,h,w,3} in [-1, 1]: the mean difference of
/// the absolute Laplacians (four neighbors) of their gray images after a Gaussian blur of sigma 32 pixels.
/// Patterns of one strength are equal here; what they show is for other terms. A narrower blur would compare
/// where each hair is, and be lowest for too few of them. See metrics::sharpness().
template <class T> Tensor<T> texture(auto& ex, const Tensor<T>& a, const Tensor<T>& b) {
  const Extents e = a.extents();
  const auto taps = [&](std::vector<double> weights, int extent) {
    return detail::at_every_pixel<T>({-static_cast<int>(weights.size() / 2), weights}, extent);
  };
  const SeparableFilter<T> laplacian{
      {{taps({1, -2, 1}, e.h), taps({1}, e.w)}, {taps({1}, e.h), taps({1, -2, 1}, e.w)}}};
  const auto strength = [&](const Tensor<T>& image) {
    const auto shade = detail::weighted<T>(ex, image, metrics::luma_of_rgb);
    return eval(ex, absolute(filtered(shade, laplacian)));
  };
  const auto of_a = strength(a), of_b = strength(b);
  return mean(ex, absolute(eval(ex, filtered(of_a - of_b, detail::gaussian<T>(e, 32)))));
}

/// What an image has to lose where a discriminator scores it low: -mean.
template <class T> Tensor<T> adversarial(auto& ex, const Tensor<T>& scores) {
  return mean(ex, scores * -1.0);
}
/// (mean relu(1 - real) + mean relu(1 + fake)) / 2, of a discriminator's scores (Lim & Ye 2017).
template <class T> Tensor<T> hinge(auto& ex, const Tensor<T>& real, const Tensor<T>& fake) {
  const Constant<T> one{T(1), {}};
  const auto of_real = mean(ex, relu(one - real)), of_fake = mean(ex, relu(one + fake));
  return eval(ex, (of_real + of_fake) * 0.5);
}

/// mean softplus(-scores): as `adversarial`, for a discriminator trained by `logistic` (Goodfellow et al.
/// 2014).
template <class T> Tensor<T> non_saturating(auto& ex, const Tensor<T>& scores) {
  return mean(ex, softplus(scores * -1.0));
}
/// mean softplus(-real) + mean softplus(fake).
template <class T> Tensor<T> logistic(auto& ex, const Tensor<T>& real, const Tensor<T>& fake) {
  const auto of_real = non_saturating(ex, real), of_fake = mean(ex, softplus(fake));
  return eval(ex, of_real + of_fake);
}

/// The mean distance of the Gram matrices of two feature maps {n,h,w,c}.
template <class T> Tensor<T> style(auto& ex, const Tensor<T>& a, const Tensor<T>& b) {
  return l1(ex, gram(ex, as_matrices(a)), gram(ex, as_matrices(b)));
}

/// The identity features {1,1,n,512} of faces {n,h,w,3}, of their gray images in [-1, 1].
template <class T>
Tensor<T> identity_features(auto& ex, const ArcFaceResnet18<T>& network, const Tensor<T>& faces) {
  constexpr int side = ArcFaceResnet18<T>::side;
  const auto gray = detail::weighted<T>(ex, faces, {0.2989, 0.5870, 0.1140});
  return bare(network(ex, eval(ex, resized(gray, side, side))));
}
template <class T>
Tensor<T> identity(auto& ex, const ArcFaceResnet18<T>& network, const Tensor<T>& a, const Tensor<T>& b) {
  return l1(ex, identity_features(ex, network, a), identity_features(ex, network, b));
}

/// How far what the detector's backbone sees in one face is from what it sees in another: images {n,h,w,3} in
/// [-1, 1], sides multiples of 32. Like LPIPS: at every depth features have unit length in each place, and
/// the mean of their squared distances is taken; the sum over the depths.
template <class T>
Tensor<T> detector(auto& ex, const CenterFace<T>& network, const Tensor<T>& a, const Tensor<T>& b) {
  const Constant<T> middle{T(127.5), {}};
  const auto seen = [&](const Tensor<T>& image) {
    return network.features(ex, eval(ex, image * 127.5 + middle));
  };
  Tensor<T> sum;
  const auto add = [&](const Tensor<T>& x, const Tensor<T>& y) {
    const auto inverse_norm = [&](const Tensor<T>& features) {
      return eval(ex, map(InverseNorm{}, eval(ex, reduce<Sum>(square(features), Over::channels))));
    };
    const auto of_x = inverse_norm(x), of_y = inverse_norm(y);
    const double places = static_cast<double>(of_x.extents().size());
    const auto found = bare(eval(ex, reduce<Sum>(square(x * of_x - y * of_y), Over::all) * (1 / places)));
    sum = sum.has_storage() ? bare(eval(ex, sum + found)) : found;
  };
  const auto of_a = seen(a), of_b = seen(b);
  [&]<std::size_t... I>(std::index_sequence<I...>) {
    (add(bare(std::get<I>(of_a)), bare(std::get<I>(of_b))), ...);
  }
  (std::make_index_sequence<std::tuple_size_v<decltype(of_a)>>{});
  return sum;
}

}  // namespace RFPP_ABI
}  // namespace rfpp::losses

#endif
