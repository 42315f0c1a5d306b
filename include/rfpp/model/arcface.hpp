#ifndef RFPP_MODEL_ARCFACE_HPP
#define RFPP_MODEL_ARCFACE_HPP

#include "rfpp/expr/resize.hpp"
#include "rfpp/model/resnet.hpp"
#include "rfpp/nn/batch_norm.hpp"
#include "rfpp/nn/conv2d.hpp"
#include "rfpp/nn/linear.hpp"
#include "rfpp/nn/max_pool.hpp"
#include "rfpp/nn/prelu.hpp"

namespace rfpp {
inline namespace RFPP_ABI {

/// An improved residual block without squeeze-and-excitation: {n,h,w,In} to {n,h/Stride,w/Stride,Out}.
/// Source: Deng et al., ArcFace, 2019, section 3.2.
template <int In, int Out, int Stride, class T = float> struct ImprovedResidualBlock {
  BatchNorm<In, T> bn0;
  UnbiasedConv2d<conv3x3(In, In), T> conv1;
  BatchNorm<In, T> bn1;
  PreluSlopes<1, T> prelu;
  UnbiasedConv2d<ConvolutionSpec{In, Out, 3, Stride, 1, 1}, T> conv2;
  BatchNorm<Out, T> bn2;
  ResnetShortcut<In, Out, Stride, T> downsample;

  auto operator()(auto& ex, const auto& x) const {
    const auto h = eval(ex, prelu(bn1(ex, conv1(bn0(ex, x)))));
    return eval(ex, prelu(bn2(ex, conv2(h)) + downsample(ex, x)));
  }
  static void fields(auto&& f, auto&... models) {
    f("bn0", models.bn0...);
    f("conv1", models.conv1...);
    f("bn1", models.bn1...);
    f("prelu", models.prelu...);
    f("conv2", models.conv2...);
    f("bn2", models.bn2...);
    f("downsample", models.downsample...);
  }
};
template <int In, int Out, int Stride, class T> struct ResidualPair {
  ImprovedResidualBlock<In, Out, Stride, T> first;
  ImprovedResidualBlock<Out, Out, 1, T> second;

  auto operator()(auto& ex, const auto& x) const { return second(ex, first(ex, x)); }
  static void fields(auto&& f, auto&... models) {
    f("0", models.first...);
    f("1", models.second...);
  }
};

/// The ResNet-18 of face recognition that identity losses and metrics use: gray faces {n,128,128,1} to
/// vectors {1,1,n,512}, as in evaluation. Parameters are named as in arcface_resnet18.pth.
template <class T = float> struct ArcFaceResnet18 {
  static constexpr int side = 128, features = 512;

  UnbiasedConv2d<conv3x3(1, 64), T> conv1;
  BatchNorm<64, T> bn1;
  PreluSlopes<1, T> prelu;
  ResidualPair<64, 64, 1, T> layer1;
  ResidualPair<64, 128, 2, T> layer2;
  ResidualPair<128, 256, 2, T> layer3;
  ResidualPair<256, 512, 2, T> layer4;
  BatchNorm<512, T> bn4;
  Linear<512 * 8 * 8, features, T> fc5;
  BatchNorm<features, T> bn5;

  auto operator()(auto& ex, const auto& x) const {
    const Extents e = x.extents();
    if (e.h != side || e.w != side || e.c != 1)
      throw Error("ArcFaceResnet18: expected gray faces of 128x128, found " + to_string(e));
    const auto start = eval(ex, prelu(bn1(ex, conv1(x))));
    const auto deep = layer4(ex, layer3(ex, layer2(ex, layer1(ex, eval(ex, max_pool2(start))))));
    const auto flat = eval(ex, flatten_channels_first(bn4(ex, deep)));
    return eval(ex, bn5(ex, fc5(flat)));
  }
  static void fields(auto&& f, auto&... models) {
    f("conv1", models.conv1...);
    f("bn1", models.bn1...);
    f("prelu", models.prelu...);
    f("layer1", models.layer1...);
    f("layer2", models.layer2...);
    f("layer3", models.layer3...);
    f("layer4", models.layer4...);
    f("bn4", models.bn4...);
    f("fc5", models.fc5...);
    f("bn5", models.bn5...);
  }
};

}  // namespace RFPP_ABI
}  // namespace rfpp

#endif
