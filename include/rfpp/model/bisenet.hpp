#ifndef RFPP_MODEL_BISENET_HPP
#define RFPP_MODEL_BISENET_HPP

#include <array>
#include <utility>

#include "rfpp/core/fields.hpp"
#include "rfpp/expr/concatenate.hpp"
#include "rfpp/expr/resize.hpp"
#include "rfpp/model/resnet.hpp"
#include "rfpp/nn/resample.hpp"

namespace rfpp {
inline namespace RFPP_ABI {

/// A convolution, its batch norm, ReLU, lazily.
template <ConvolutionSpec S, class T = float> struct BiSeNetConv2d : NormedConv2d<S, T> {
  auto operator()(auto& ex, const auto& x) const { return relu(NormedConv2d<S, T>::operator()(ex, x)); }
  static void fields(auto&& f, auto&... models) {
    f("conv", models.conv...);
    f("bn", models.norm...);
  }
};

namespace detail {
/// The mean of every channel over all pixels: {n,1,1,c}.
template <class T> Tensor<T> mean_of_pixels(auto& ex, const Tensor<T>& x) {
  const auto statistics = eval(ex, moments(x, x.extents().c, 0));
  return eval(ex, group_row(statistics, 0, 1));
}
}  // namespace detail

/// Features weighed channel by channel: {n,h,w,In} to {n,h,w,128}.
template <int In, class T = float> struct AttentionRefinement {
  static constexpr int width = 128;
  BiSeNetConv2d<conv3x3(In, width), T> conv;
  NormedConv2d<conv1x1(width, width), T> attention;

  auto operator()(auto& ex, const auto& x) const {
    auto f = eval(ex, conv(ex, x));
    const auto weights = eval(ex, sigmoid(attention(ex, detail::mean_of_pixels(ex, bare(f)))));
    const auto product = f * weights;
    return eval_over(ex, std::move(f), product);
  }
  static void fields(auto&& f, auto&... models) {
    f("conv", models.conv...);
    f("conv_atten", models.attention.conv...);
    f("bn_atten", models.attention.norm...);
  }
};

/// The fine and the coarse features in one, with the channels that matter raised: {n,h,w,256}.
template <class T = float> struct FeatureFusion {
  static constexpr int width = 256;
  BiSeNetConv2d<conv1x1(width, width), T> conv;
  UnbiasedConv2d<conv1x1(width, width / 4), T> squeeze;
  UnbiasedConv2d<conv1x1(width / 4, width), T> expand;

  auto operator()(auto& ex, const auto& fine, const auto& coarse) const {
    auto f = eval(ex, conv(ex, concatenate(fine, coarse)));
    const auto squeezed = eval(ex, relu(squeeze(detail::mean_of_pixels(ex, bare(f)))));
    const auto weights = eval(ex, sigmoid(expand(squeezed)));
    const auto sum = f * weights + f;
    return eval_over(ex, std::move(f), sum);
  }
  static void fields(auto&& f, auto&... models) {
    f("convblk", models.conv...);
    f("conv1", models.squeeze...);
    f("conv2", models.expand...);
  }
};

/// The face parser BiSeNet (Yu et al. 2018, as facexlib has it): aligned RGB faces {n,h,w,3}, normalized, of
/// any size, to 19 logits a pixel {n,h,w,19}. Parameters are named as in parsing_bisenet.pth.
template <class T = float> struct BiSeNet {
  static constexpr const char* name = "bisenet";
  static constexpr int classes = 19, side = 512;
  /// The colors of a pixel c in [0, 255] become (c / 255 - mean) / deviation.
  static constexpr std::array<double, 3> mean{0.485, 0.456, 0.406}, deviation{0.229, 0.224, 0.225};
  /// Whether a class belongs to the face and is pasted: not background, neck, necklace, cloth and hat.
  static constexpr bool is_face(int label) { return label != 0 && (label < 14 || label == 17); }
  /// Neck and necklace, which some networks paste, too.
  static constexpr bool is_neck(int label) { return label == 14 || label == 15; }

  static constexpr int width = 128;
  template <int In, int Out, int Stride>
  using Layer = ResnetLayer<BasicBlock<In, Out, Stride, T>, BasicBlock<Out, Out, 1, T>, 1>;
  using Smooth = BiSeNetConv2d<conv3x3(width, width), T>;
  struct Context {
    ResnetStem<T> stem;
    Layer<64, 64, 1> layer1;
    Layer<64, 128, 2> layer2;
    Layer<128, 256, 2> layer3;
    Layer<256, 512, 2> layer4;
    AttentionRefinement<256, T> refine16;
    AttentionRefinement<512, T> refine32;
    BiSeNetConv2d<conv1x1(512, width), T> average;
    Smooth smooth32, smooth16;

    static void fields(auto&& f, auto&... models) {
      f("resnet.conv1", models.stem.conv...);
      f("resnet.bn1", models.stem.norm...);
      f("resnet.layer1", models.layer1...);
      f("resnet.layer2", models.layer2...);
      f("resnet.layer3", models.layer3...);
      f("resnet.layer4", models.layer4...);
      f("arm16", models.refine16...);
      f("arm32", models.refine32...);
      f("conv_avg", models.average...);
      f("conv_head32", models.smooth32...);
      f("conv_head16", models.smooth16...);
    }
  };
  template <int In, int Middle> struct Output {
    BiSeNetConv2d<conv3x3(In, Middle), T> conv;
    UnbiasedConv2d<conv1x1(Middle, classes), T> logits;

    auto operator()(auto& ex, const auto& x, Extents image) const {
      const auto coarse = eval(ex, logits(eval(ex, conv(ex, x))));
      return eval(ex, resized_corner_to_corner(coarse, image.h, image.w));
    }
    static void fields(auto&& f, auto&... models) {
      f("conv", models.conv...);
      f("conv_out", models.logits...);
    }
  };

  Context context;
  FeatureFusion<T> fuse;
  Output<256, 256> out;
  Output<width, 64> out16, out32;  // for training only

  template <Expression X> auto operator()(auto& ex, const X& image) const {
    const auto f = features(ex, image);
    return out(ex, fuse(ex, f.x8, f.u16), image.extents());
  }

  struct Features {
    Tensor<T> x8, u16, u32;
  };
  /// What the outputs are made of: 128 channels at 1/8, 1/8 and 1/16 of the image's size.
  template <Expression X> Features features(auto& ex, const X& image) const {
    const Extents e = image.extents();
    if (e.c != 3 || e.h < 1 || e.w < 1)
      throw Error("BiSeNet: expected faces [n,h,w,3], found " + to_string(e));
    const Context& c = context;
    const auto x8 = c.layer2(ex, c.layer1(ex, c.stem(ex, image)));
    const auto x16 = c.layer3(ex, x8);
    const auto x32 = c.layer4(ex, x16);
    const auto whole = eval(ex, c.average(ex, detail::mean_of_pixels(ex, bare(x32))));
    const auto finer = [&ex](const auto& smooth, const auto& x, Extents to) {
      return eval(ex, smooth(ex, resized_nearest(x, to.h, to.w)));
    };
    const auto u32 = finer(c.smooth32, eval(ex, c.refine32(ex, x32) + whole), x16.extents());
    const auto u16 = finer(c.smooth16, eval(ex, c.refine16(ex, x16) + u32), x8.extents());
    return {bare(x8), bare(u16), bare(u32)};
  }

  static void fields(auto&& f, auto&... models) {
    f("cp", models.context...);
    f("ffm", models.fuse...);
    f("conv_out", models.out...);
    f("conv_out16", models.out16...);
    f("conv_out32", models.out32...);
  }
};

}  // namespace RFPP_ABI
}  // namespace rfpp

#endif
