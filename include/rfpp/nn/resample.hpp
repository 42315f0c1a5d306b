#ifndef RFPP_NN_RESAMPLE_HPP
#define RFPP_NN_RESAMPLE_HPP

#include "rfpp/expr/remap.hpp"
#include "rfpp/nn/conv2d.hpp"

namespace rfpp::inline v0 {

/// Half the height and width: 3x3 convolution with stride 2, padded right and bottom.
template <int C, class T = float> struct Downsample {
  Conv2d<conv_downsample(C), T> conv;

  auto operator()(const auto& x) const { return conv(x); }
  static void fields(auto&& f, auto&... models) { f("conv", models.conv...); }
};

/// Twice the height and width: nearest neighbour, then 3x3 convolution.
template <int C, class T = float> struct Upsample {
  Conv2d<conv3x3(C, C), T> conv;

  auto operator()(const auto& x) const { return conv(upsample2(x)); }
  static void fields(auto&& f, auto&... models) { f("conv", models.conv...); }
};

}  // namespace rfpp::inline v0

#endif
