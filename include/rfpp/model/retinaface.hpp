#ifndef RFPP_MODEL_RETINAFACE_HPP
#define RFPP_MODEL_RETINAFACE_HPP

#include <array>
#include <tuple>
#include <utility>

#include "rfpp/core/fields.hpp"
#include "rfpp/expr/concatenate.hpp"
#include "rfpp/model/resnet.hpp"
#include "rfpp/nn/depthwise.hpp"
#include "rfpp/nn/resample.hpp"

namespace rfpp {
inline namespace RFPP_ABI {

/// ResNet-50 without its classifier: the maps at strides 8, 16 and 32.
template <class T = float> struct Resnet50 {
  static constexpr std::array<int, 3> channels{512, 1024, 2048};
  static constexpr int neck = 256;
  static constexpr double slope = 0;
  template <int In, int Width, int Stride, std::size_t More>
  using Layer = ResnetLayer<Bottleneck<In, Width, Stride, T>, Bottleneck<4 * Width, Width, 1, T>, More>;

  ResnetStem<T> stem;
  Layer<64, 64, 1, 2> layer1;
  Layer<256, 128, 2, 3> layer2;
  Layer<512, 256, 2, 5> layer3;
  Layer<1024, 512, 2, 2> layer4;

  auto operator()(auto& ex, const auto& x) const {
    const auto x8 = layer2(ex, layer1(ex, stem(ex, x)));
    const auto x16 = layer3(ex, x8);
    return std::tuple(x8, x16, layer4(ex, x16));
  }
  static void fields(auto&& f, auto&... models) {
    f("conv1", models.stem.conv...);
    f("bn1", models.stem.norm...);
    f("layer1", models.layer1...);
    f("layer2", models.layer2...);
    f("layer3", models.layer3...);
    f("layer4", models.layer4...);
  }
};

/// Depthwise 3x3, 1x1, each with batch norm and leaky ReLU (Howard et al. 2017).
template <int In, int Out, int Stride, class T = float> struct MobileBlock {
  UnbiasedDepthwiseConv2d<DepthwiseSpec{In, Stride}, T> depthwise;
  BatchNorm<In, T> depthwise_norm;
  NormedConv2d<conv1x1(In, Out), T> project;

  auto operator()(auto& ex, const auto& x) const {
    const auto h = eval(ex, leaky_relu(depthwise_norm(ex, depthwise(x)), 0.1));
    return eval(ex, leaky_relu(project(ex, h), 0.1));
  }
  static void fields(auto&& f, auto&... models) {
    f("0", models.depthwise...);
    f("1", models.depthwise_norm...);
    f("3", models.project.conv...);
    f("4", models.project.norm...);
  }
};

/// MobileNet with a quarter of the channels: the maps at strides 8, 16 and 32.
template <class T = float> struct MobileNetQuarter {
  static constexpr std::array<int, 3> channels{64, 128, 256};
  static constexpr int neck = 64;
  static constexpr double slope = 0.1;
  template <int In, int Out, int Stride = 1> using Block = MobileBlock<In, Out, Stride, T>;

  NumberedNormedConv2d<ConvolutionSpec{3, 8, 3, 2, 1, 1}, T> stem;
  std::tuple<Block<8, 16>, Block<16, 32, 2>, Block<32, 32>, Block<32, 64, 2>, Block<64, 64>> stage1;
  std::tuple<Block<64, 128, 2>, Block<128, 128>, Block<128, 128>, Block<128, 128>, Block<128, 128>,
             Block<128, 128>>
      stage2;
  std::tuple<Block<128, 256, 2>, Block<256, 256>> stage3;

  auto operator()(auto& ex, const auto& x) const {
    const auto x8 = run(ex, eval(ex, leaky_relu(stem(ex, x), slope)), stage1);
    const auto x16 = run(ex, x8, stage2);
    return std::tuple(x8, x16, run(ex, x16, stage3));
  }
  static void fields(auto&& f, auto&... models) {
    f("stage1.0", models.stem...);
    f(FieldName("stage1", 1), models.stage1...);
    f("stage2", models.stage2...);
    f("stage3", models.stage3...);
  }

 private:
  template <std::size_t I = 0, class X, class Blocks> static auto run(auto& ex, X x, const Blocks& blocks) {
    if constexpr (I == std::tuple_size_v<Blocks>)
      return x;
    else
      return run<I + 1>(ex, std::get<I>(blocks)(ex, std::move(x)), blocks);
  }
};

/// Features of three sizes of surroundings side by side: {n,h,w,C} to the same (Najibi et al. 2017).
template <int C, class T = float> struct ContextModule {
  template <int In, int Out> using Conv = NumberedNormedConv2d<conv3x3(In, Out), T>;
  Conv<C, C / 2> conv3;
  Conv<C, C / 4> conv5_1;
  Conv<C / 4, C / 4> conv5_2, conv7_2, conv7_3;

  auto operator()(auto& ex, const auto& x, double slope) const {
    const auto near = eval(ex, conv3(ex, x));
    const auto middle = eval(ex, leaky_relu(conv5_1(ex, x), slope));
    const auto far = eval(ex, leaky_relu(conv7_2(ex, middle), slope));
    const auto wider = eval(ex, conv5_2(ex, middle)), widest = eval(ex, conv7_3(ex, far));
    return eval(ex, relu(concatenate(near, wider, widest)));
  }
  static void fields(auto&& f, auto&... models) {
    f("conv3X3", models.conv3...);
    f("conv5X5_1", models.conv5_1...);
    f("conv5X5_2", models.conv5_2...);
    f("conv7X7_2", models.conv7_2...);
    f("conv7x7_3", models.conv7_3...);
  }
};

/// What RetinaFace says of each pixel of its maps at strides 8, 16 and 32, for two anchors one after the
/// other: how far the box {n,h,w,2*4} and the landmarks {n,h,w,2*10} are from the anchor, and the logits of
/// "no face" and "face" {n,h,w,2*2}.
template <class T = float> struct RetinaFaceMaps { std::array<Tensor<T>, 3> boxes, logits, landmarks; };

/// The face detector RetinaFace (Deng et al. 2019) as facexlib has it: {n,h,w,3} of any size, blue, green and
/// red in [0, 255] less (104, 117, 123). Parameters are named as in detection_Resnet50_Final.pth and
/// detection_mobilenet0.25_Final.pth.
template <template <class> class Backbone, class T = float> struct RetinaFace {
  using Body = Backbone<T>;
  static constexpr int neck = Body::neck;
  static constexpr double slope = Body::slope;
  template <std::size_t Level> using Lateral = NumberedNormedConv2d<conv1x1(Body::channels[Level], neck), T>;
  template <int Out> struct Head {
    Conv2d<conv1x1(neck, Out), T> conv;
    static void fields(auto&& f, auto&... models) { f("conv1x1", models.conv...); }
  };

  Body body;
  Lateral<0> lateral8;
  Lateral<1> lateral16;
  Lateral<2> lateral32;
  NumberedNormedConv2d<conv3x3(neck, neck), T> merge8, merge16;
  std::array<ContextModule<neck, T>, 3> context;
  std::array<Head<8>, 3> boxes;
  std::array<Head<4>, 3> logits;
  std::array<Head<20>, 3> landmarks;

  template <Expression X> RetinaFaceMaps<T> operator()(auto& ex, const X& image) const {
    const Extents e = image.extents();
    if (e.c != 3 || e.h < 1 || e.w < 1)
      throw Error("RetinaFace: expected images [n,h,w,3], found " + to_string(e));
    const auto [x8, x16, x32] = body(ex, image);
    const auto y32 = eval(ex, leaky_relu(lateral32(ex, x32), slope));
    const auto y16 = merged(ex, merge16, lateral16(ex, x16), y32, x16.extents());
    const auto y8 = merged(ex, merge8, lateral8(ex, x8), y16, x8.extents());
    RetinaFaceMaps<T> maps;
    const std::array levels{bare(y8), bare(y16), bare(y32)};
    for (std::size_t i = 0; i < levels.size(); ++i) {
      const auto h = context[i](ex, levels[i], slope);
      maps.boxes[i] = bare(eval(ex, boxes[i].conv(h)));
      maps.logits[i] = bare(eval(ex, logits[i].conv(h)));
      maps.landmarks[i] = bare(eval(ex, landmarks[i].conv(h)));
    }
    return maps;
  }
  static void fields(auto&& f, auto&... models) {
    f("body", models.body...);
    f("fpn.output1", models.lateral8...);
    f("fpn.output2", models.lateral16...);
    f("fpn.output3", models.lateral32...);
    f("fpn.merge1", models.merge8...);
    f("fpn.merge2", models.merge16...);
    f("ssh1", std::get<0>(models.context)...);
    f("ssh2", std::get<1>(models.context)...);
    f("ssh3", std::get<2>(models.context)...);
    f("BboxHead", models.boxes...);
    f("ClassHead", models.logits...);
    f("LandmarkHead", models.landmarks...);
  }

 private:
  /// A finer map with what a coarser one knows.
  static auto merged(auto& ex, const auto& merge, const auto& lateral, const auto& coarse, Extents e) {
    const auto sum = eval(ex, leaky_relu(lateral, slope) + resized_nearest(coarse, e.h, e.w));
    return eval(ex, leaky_relu(merge(ex, sum), slope));
  }
};
template <class T = float> struct RetinaFaceResnet50 : RetinaFace<Resnet50, T> {
  static constexpr const char* name = "retinaface-resnet50";
};
template <class T = float> struct RetinaFaceMobileNet : RetinaFace<MobileNetQuarter, T> {
  static constexpr const char* name = "retinaface-mobilenet0.25";
};

}  // namespace RFPP_ABI
}  // namespace rfpp

#endif
