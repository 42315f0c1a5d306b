#ifndef RFPP_MODEL_PATCH_DISCRIMINATOR_HPP
#define RFPP_MODEL_PATCH_DISCRIMINATOR_HPP

#include "rfpp/nn/batch_norm.hpp"
#include "rfpp/nn/conv2d.hpp"

namespace rfpp {
inline namespace RFPP_ABI {

constexpr ConvolutionSpec conv4x4(int in, int out, int stride) { return {in, out, 4, stride, 1, 1}; }

/// Whether patches of an image are real (PatchGAN; Isola et al., "Image-to-image translation with conditional
/// adversarial networks", 2017): {n,h,w,3} to one number for each patch of 70x70, {n,h/8-2,w/8-2,1}. Five
/// convolutions of Width, 2, 4, 8 times Width and one channels. Parameters are named as in the released
/// checkpoints.
template <int Width = 64, class T = float> struct PatchDiscriminator {
  static constexpr double slope = 0.2;
  static constexpr int smallest_side = 24;

  Conv2d<conv4x4(3, Width, 2), T> conv1;
  UnbiasedConv2d<conv4x4(Width, 2 * Width, 2), T> conv2;
  BatchNorm<2 * Width, T> norm2;
  UnbiasedConv2d<conv4x4(2 * Width, 4 * Width, 2), T> conv3;
  BatchNorm<4 * Width, T> norm3;
  UnbiasedConv2d<conv4x4(4 * Width, 8 * Width, 1), T> conv4;
  BatchNorm<8 * Width, T> norm4;
  Conv2d<conv4x4(8 * Width, 1, 1), T> conv5;

  /// Throws Error for images with sides below 24.
  Tensor<T> operator()(auto& ex, const Tensor<T>& image) const {
    const Extents e = image.extents();
    if (e.c != 3 || e.h < smallest_side || e.w < smallest_side)
      throw Error("PatchDiscriminator: expected an image of 3 channels with sides of at least 24, found " +
                  to_string(e));
    const auto h1 = eval(ex, conv1(image));
    const auto h2 = eval(ex, conv2(leaky_relu(h1, slope)));
    const auto h3 = eval(ex, conv3(leaky_relu(norm2(ex, h2), slope)));
    const auto h4 = eval(ex, conv4(leaky_relu(norm3(ex, h3), slope)));
    return bare(eval(ex, conv5(leaky_relu(norm4(ex, h4), slope))));
  }

  static void fields(auto&& f, auto&... models) {
    f("main.0", models.conv1...);
    f("main.2", models.conv2...);
    f("main.3", models.norm2...);
    f("main.5", models.conv3...);
    f("main.6", models.norm3...);
    f("main.8", models.conv4...);
    f("main.9", models.norm4...);
    f("main.11", models.conv5...);
  }
};

}  // namespace RFPP_ABI
}  // namespace rfpp

#endif
