#ifndef RFPP_MODEL_COMPONENT_DISCRIMINATOR_HPP
#define RFPP_MODEL_COMPONENT_DISCRIMINATOR_HPP

#include <array>
#include <cmath>
#include <utility>

#include "rfpp/nn/equalized_conv2d.hpp"

namespace rfpp {
inline namespace RFPP_ABI {

/// Whether an eye or a mouth is real, in convolutions like StyleGAN2's: crops {n,h,w,3} to {n,h/4,w/4,1}
/// (arXiv 2201.06374, section 3.3). Parameters are named as in the released checkpoints.
template <class T = float> struct ComponentDiscriminator {
  static constexpr int smallest_side = 4;

  EqualizedConv2d<conv3x3(3, 64), T> conv1;
  EqualizedDownsample<64, 128, T> conv2;
  EqualizedConv2d<conv3x3(128, 128), T> conv3;
  EqualizedDownsample<128, 256, T> conv4;
  EqualizedConv2d<conv3x3(256, 256), T> conv5;
  EqualizedConv2d<conv3x3(256, 1), T> final_conv;

  struct Output {
    Tensor<T> score;
    std::array<Tensor<T>, 2> features;  // {n,h/2,w/2,128} and {n,h/4,w/4,256}, for the style loss
  };
  /// Throws Error for crops with sides below 4.
  Output operator()(auto& ex, const Tensor<T>& crop) const {
    const Extents e = crop.extents();
    if (e.c != 3 || e.h < smallest_side || e.w < smallest_side)
      throw Error("ComponentDiscriminator: expected a crop of 3 channels with sides of at least 4, found " +
                  to_string(e));
    const auto h1 = eval(ex, conv1(crop));
    const auto h2 = eval(ex, conv2(ex, activated(h1)));
    const auto h3 = eval(ex, activated(eval(ex, conv3(activated(h2)))));
    const auto h4 = eval(ex, conv4(ex, h3));
    const auto h5 = eval(ex, activated(eval(ex, conv5(activated(h4)))));
    return {bare(eval(ex, final_conv(h5))), {bare(h3), bare(h5)}};
  }

  static void fields(auto&& f, auto&... models) {
    f("conv1.0.weight", models.conv1.weight...);
    f("conv1.1.bias", models.conv1.bias...);
    f("conv2.1.weight", models.conv2.weight...);
    f("conv2.2.bias", models.conv2.bias...);
    f("conv3.0.weight", models.conv3.weight...);
    f("conv3.1.bias", models.conv3.bias...);
    f("conv4.1.weight", models.conv4.weight...);
    f("conv4.2.bias", models.conv4.bias...);
    f("conv5.0.weight", models.conv5.weight...);
    f("conv5.1.bias", models.conv5.bias...);
    f("final_conv.0", models.final_conv...);
  }

 private:
  static auto activated(const auto& x) { return leaky_relu(x, 0.2) * std::sqrt(2.0); }
};

}  // namespace RFPP_ABI
}  // namespace rfpp

#endif
