#ifndef RFPP_MODEL_LPIPS_HPP
#define RFPP_MODEL_LPIPS_HPP

#include <array>
#include <cmath>
#include <tuple>
#include <utility>

#include "rfpp/nn/conv2d.hpp"
#include "rfpp/nn/gram.hpp"
#include "rfpp/nn/max_pool.hpp"

namespace rfpp {
inline namespace RFPP_ABI {

/// Convolutions of 3x3 with ReLU, the first from In to Out channels. First is its number in torchvision's
/// list of VGG16's layers, where convolution and ReLU take turns.
template <int First, int In, int Out, int Count, class T> struct VggSlice {
  static_assert(Count == 2 || Count == 3, "VggSlice: two or three convolutions");
  Conv2d<conv3x3(In, Out), T> first;
  std::array<Conv2d<conv3x3(Out, Out), T>, Count - 1> rest;

  auto operator()(auto& ex, const auto& x) const {
    auto h = eval(ex, relu(first(x)));
    for (const auto& conv : rest) h = eval(ex, relu(conv(h)));
    return h;
  }
  static void fields(auto&& f, auto&... models) {
    constexpr const char* names[] = {"0",  "2",  "5",  "7",  "10", "12", "14",
                                     "17", "19", "21", "24", "26", "28"};
    constexpr int index = First == 0 ? 0 : First == 5 ? 2 : First == 10 ? 4 : First == 17 ? 7 : 10;
    f(names[index], models.first...);
    f(names[index + 1], std::get<0>(models.rest)...);
    if constexpr (Count == 3) f(names[index + 2], std::get<1>(models.rest)...);
  }
};

/// The features of VGG16 after relu1_2, relu2_2, relu3_3, relu4_3 and relu5_3 (Simonyan & Zisserman 2015).
template <class T = float> struct Vgg16 {
  VggSlice<0, 3, 64, 2, T> slice1;
  VggSlice<5, 64, 128, 2, T> slice2;
  VggSlice<10, 128, 256, 3, T> slice3;
  VggSlice<17, 256, 512, 3, T> slice4;
  VggSlice<24, 512, 512, 3, T> slice5;

  /// x {n,h,w,3} with sides of at least 16, normalized as ImageNet's images.
  auto operator()(auto& ex, const auto& x) const {
    auto f1 = slice1(ex, x);
    auto f2 = slice2(ex, eval(ex, max_pool2(f1)));
    auto f3 = slice3(ex, eval(ex, max_pool2(f2)));
    auto f4 = slice4(ex, eval(ex, max_pool2(f3)));
    auto f5 = slice5(ex, eval(ex, max_pool2(f4)));
    return std::tuple(std::move(f1), std::move(f2), std::move(f3), std::move(f4), std::move(f5));
  }
  static void fields(auto&& f, auto&... models) {
    f("slice1", models.slice1...);
    f("slice2", models.slice2...);
    f("slice3", models.slice3...);
    f("slice4", models.slice4...);
    f("slice5", models.slice5...);
  }
};

/// 1 / (sqrt(x) + 1e-10); its gradient at 0 is taken for 0.
struct InverseNorm {
  static constexpr const char* name = "inverse_norm";
  static constexpr bool linear = false;
  template <int I> static constexpr bool passes = false;
  template <class T> RFPP_HD T operator()(T squares) const {
    if constexpr (std::is_arithmetic_v<T>) {
      return T(1) / (std::sqrt(squares) + T(1e-10));
    } else {
      T v{};
      for (int i = 0; i < LaneTraits<T>::count; ++i) v[i] = (*this)(squares[i]);
      return v;
    }
  }
  template <int I, class T> RFPP_HD T adjoint(T g, T squares) const {
    if constexpr (std::is_arithmetic_v<T>) {
      const T inverse = (*this)(squares);
      return squares > T(0) ? g * T(-0.5) * inverse * inverse / std::sqrt(squares) : T(0);
    } else {
      for (int i = 0; i < LaneTraits<T>::count; ++i) g[i] = adjoint<I>(g[i], squares[i]);
      return g;
    }
  }
};

/// The weights of one layer's channels: lin<k>.model.1.weight.
template <int C, class T> struct LpipsChannels {
  Filter<T> weight{Extents{1, 1, 1, C}};
  static void fields(auto&& f, auto&... models) { f("model.1.weight", models.weight...); }
};

/// The learned perceptual image patch similarity over VGG16 (Zhang et al. 2018, version 0.1): images
/// {n,h,w,3}, RGB in [-1, 1], with sides of at least 16, to the distance of each pair {n,1,1,1}. The dropout
/// before the channel weights is off. Parameters are named as in the authors' package.
template <class T = float> struct Lpips {
  Vgg16<T> net;
  LpipsChannels<64, T> lin0;
  LpipsChannels<128, T> lin1;
  LpipsChannels<256, T> lin2;
  LpipsChannels<512, T> lin3, lin4;

  Tensor<T> operator()(auto& ex, const Tensor<T>& a, const Tensor<T>& b) const {
    return compare(ex, a, b, false).distance;
  }

  struct Comparison {
    Tensor<T> distance;  // {n,1,1,1}
    Tensor<T> style;     // one element: mean squared differences of Gram matrices, summed over the layers
  };
  /// Both, over the same features; the style only where it is asked for.
  Comparison compare(auto& ex, const Tensor<T>& a, const Tensor<T>& b, bool with_style) const;
  static void fields(auto&& f, auto&... models) {
    f("net", models.net...);
    f("lin0", models.lin0...);
    f("lin1", models.lin1...);
    f("lin2", models.lin2...);
    f("lin3", models.lin3...);
    f("lin4", models.lin4...);
  }

 private:
  /// From [-1, 1] to the statistics that VGG16 was trained with.
  static Tensor<T> normalized(auto& ex, const Tensor<T>& x) {
    constexpr double shift[] = {-0.030, -0.088, -0.188}, scale[] = {0.458, 0.448, 0.450};
    Tensor<T> factor(vector_extents(3)), offset(vector_extents(3));
    for (int c = 0; c < 3; ++c) {
      // The constants are rounded to float, as the published files hold them.
      const auto by = static_cast<double>(static_cast<float>(scale[c]));
      factor.data()[c] = static_cast<T>(1 / by);
      offset.data()[c] = static_cast<T>(-static_cast<double>(static_cast<float>(shift[c])) / by);
    }
    return eval(ex, map(Affine{}, x, ex.upload(factor), ex.upload(offset)));
  }
  template <int C>
  static void add_layer(auto& ex, const Channels<C, Tensor<T>>& tagged_x,
                        const Channels<C, Tensor<T>>& tagged_y, const LpipsChannels<C, T>& channels,
                        bool with_style, Comparison& sum) {
    const Tensor<T>&x = bare(tagged_x), &y = bare(tagged_y);
    const auto inverse_norm = [&](const Tensor<T>& features) {
      return eval(ex, map(InverseNorm{}, eval(ex, reduce<Sum>(square(features), Over::channels))));
    };
    const auto of_x = inverse_norm(x), of_y = inverse_norm(y);
    add(ex, sum.distance, distance(ex, x, of_x, y, of_y, channels.weight.raw()));
    if (!with_style) return;
    const auto gram_x = gram(ex, as_matrices(x) * as_matrices(of_x)),
               gram_y = gram(ex, as_matrices(y) * as_matrices(of_y));
    const double mean = 1 / static_cast<double>(gram_x.extents().size());
    add(ex, sum.style, eval(ex, reduce<Sum>(square(gram_x - gram_y), Over::all) * mean));
  }
  static void add(auto& ex, Tensor<T>& sum, const Tensor<T>& x) {
    sum = sum.has_storage() ? eval(ex, sum + x) : x;
  }
  static Tensor<T> distance(auto& ex, const Tensor<T>& x, const Tensor<T>& of_x, const Tensor<T>& y,
                            const Tensor<T>& of_y, const Tensor<T>& weight) {
    const auto per_pixel = eval(ex, reduce<Sum>(square(x * of_x - y * of_y) * weight, Over::channels));
    return eval(ex, group_row(eval(ex, moments(per_pixel, 1, 1e-6)), 0, 1));
  }
};

// Not inline, so that a program of many files can instantiate it once.
template <class T>
typename Lpips<T>::Comparison Lpips<T>::compare(auto& ex, const Tensor<T>& a, const Tensor<T>& b,
                                                bool with_style) const {
  const Extents e = a.extents();
  if (!(e == b.extents()) || e.c != 3 || e.h < 16 || e.w < 16)
    throw Error("Lpips: expected two images of 3 channels and of one size of at least 16x16, found " +
                to_string(e) + " and " + to_string(b.extents()));
  const auto x = net(ex, normalized(ex, a)), y = net(ex, normalized(ex, b));
  Comparison sum;
  add_layer(ex, std::get<0>(x), std::get<0>(y), lin0, with_style, sum);
  add_layer(ex, std::get<1>(x), std::get<1>(y), lin1, with_style, sum);
  add_layer(ex, std::get<2>(x), std::get<2>(y), lin2, with_style, sum);
  add_layer(ex, std::get<3>(x), std::get<3>(y), lin3, with_style, sum);
  add_layer(ex, std::get<4>(x), std::get<4>(y), lin4, with_style, sum);
  return sum;
}

}  // namespace RFPP_ABI
}  // namespace rfpp

#endif
