#ifndef RFPP_NN_SFT_HPP
#define RFPP_NN_SFT_HPP

#include "rfpp/nn/conv2d.hpp"

namespace rfpp {
inline namespace RFPP_ABI {

/// Two 3x3 convolutions with a leaky ReLU (slope 0.2) between them, evaluated after the first.
template <int C, class T = float> struct ConvPair {
  Conv2d<conv3x3(C, C), T> first, second;

  auto operator()(auto& ex, const auto& x) const { return second(leaky_relu(eval(ex, first(x)), 0.2)); }
  static void fields(auto&& f, auto&... models) {
    f("0", models.first...);
    f("2", models.second...);
  }
};

/// Spatial feature transform (Wang et al. 2018): prior * (1 + scale) + shift, both predicted from the
/// degraded features, all {n,h,w,C}.
template <int C, class T = float> struct SftBlock {
  ConvPair<C, T> scale, shift;

  auto operator()(auto& ex, auto prior, const auto& degraded) const {
    auto factor = eval(ex, scale(ex, degraded));
    return eval(ex, shift(ex, degraded) + prior + prior * factor);
  }
  static void fields(auto&& f, auto&... models) {
    f("scale", models.scale...);
    f("shift", models.shift...);
  }
};

}  // namespace RFPP_ABI
}  // namespace rfpp

#endif
