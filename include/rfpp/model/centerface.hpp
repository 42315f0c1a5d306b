#ifndef RFPP_MODEL_CENTERFACE_HPP
#define RFPP_MODEL_CENTERFACE_HPP

#include <tuple>
#include <utility>

#include "rfpp/core/fields.hpp"
#include "rfpp/expr/inverted_residual.hpp"
#include "rfpp/nn/conv2d.hpp"
#include "rfpp/nn/depthwise.hpp"

namespace rfpp {
inline namespace RFPP_ABI {

namespace detail {
// Compiled once, not again for every number of channels.
template <class T>
[[gnu::noinline]] Tensor<T> inverted_residual(auto& ex, Tensor<T> x, const BareConv2d<T>& expand,
                                              const BareDepthwiseConv2d<T>& depthwise,
                                              const BareConv2d<T>& project, bool adds_input) {
  if constexpr (requires(const InvertedResidualCore<T>& core) { ex.fuses(core); }) {
    const InvertedResidualCore<T> core{x,
                                       expand.geometry,
                                       expand.weight,
                                       expand.bias,
                                       depthwise.geometry.stride,
                                       depthwise.weight,
                                       depthwise.bias,
                                       project.weight};
    if (ex.fuses(core)) {
      const auto projected = anchor(core) + project.bias;
      return adds_input ? eval(ex, projected + x) : eval(ex, projected);
    }
  }
  auto h = eval(ex, relu(expand(x)));
  h = eval(ex, relu(depthwise(h)));
  if (!adds_input) return eval(ex, project(h));
  auto sum = project(h) + x;
  return eval_over(ex, std::move(x), sum);
}
}  // namespace detail

struct InvertedResidualSpec {
  int in, expanded, out, stride = 1;
  bool adds_input = in == out && stride == 1;
};

/// 1x1 convolution to more channels, depthwise 3x3, 1x1 to few, plus the input where the sizes allow it:
/// {n,h,w,in} to {n,ceil(h/stride),ceil(w/stride),out} (Sandler et al. 2018, with ReLU).
template <InvertedResidualSpec S, class T = float> struct InvertedResidual {
  Conv2d<conv1x1(S.in, S.expanded), T> expand;
  DepthwiseConv2d<DepthwiseSpec{S.expanded, S.stride}, T> depthwise;
  Conv2d<conv1x1(S.expanded, S.out), T> project;

  auto operator()(auto& ex, auto x) const {
    return tag<S.out>(detail::inverted_residual(ex, bare(std::move(x)), expand.bare(), depthwise.bare(),
                                                project.bare(), S.adds_input));
  }
  static void fields(auto&& f, auto&... models) {
    f("expand", models.expand...);
    f("depthwise", models.depthwise...);
    f("project", models.project...);
  }
};

/// The first block, whose depthwise convolution reads what the stem makes.
template <int In, int Out, class T = float> struct SeparableConv2d {
  DepthwiseConv2d<DepthwiseSpec{In}, T> depthwise;
  Conv2d<conv1x1(In, Out), T> project;

  static void fields(auto&& f, auto&... models) {
    f("depthwise", models.depthwise...);
    f("project", models.project...);
  }
};

/// What CenterFace says of every 4x4 pixels: a face's probability, the logarithm of its height and width in
/// units of 4 px, how far its center is from the cell's, its landmarks. Vertical comes before horizontal.
template <class T = float> struct CenterFaceMaps { Tensor<T> heatmap, scale, offset, landmarks; };

/// The face detector CenterFace (Xu et al. 2019, arXiv:1911.03599), batch norms folded: {n,h,w,3} RGB in [0,
/// 255], sides multiples of 32, to maps {n,h/4,w/4,.}.
template <class T = float> struct CenterFace {
  static constexpr const char* name = "centerface";
  static constexpr int neck = 24;
  template <int In, int Expanded, int Out, int Stride = 1>
  using Block = InvertedResidual<InvertedResidualSpec{In, Expanded, Out, Stride}, T>;
  template <int In> using Lateral = Conv2d<conv1x1(In, neck), T>;
  template <int Out> using Head = Conv2d<conv1x1(neck, Out), T>;

  Conv2d<ConvolutionSpec{3, 32, 3, 2, 1, 1}, T> stem;
  SeparableConv2d<32, 16, T> block0;
  std::tuple<Block<16, 96, 24, 2>, Block<24, 144, 24>> blocks4;
  std::tuple<Block<24, 144, 32, 2>, Block<32, 192, 32>, Block<32, 192, 32>> blocks8;
  std::tuple<Block<32, 192, 64, 2>, Block<64, 384, 64>, Block<64, 384, 64>, Block<64, 384, 64>,
             Block<64, 384, 96>, Block<96, 576, 96>, Block<96, 576, 96>>
      blocks16;
  std::tuple<Block<96, 576, 160, 2>, Block<160, 960, 160>, Block<160, 960, 160>, Block<160, 960, 320>>
      blocks32;
  Lateral<24> lateral4;
  Lateral<32> lateral8;
  Lateral<96> lateral16;
  Lateral<320> lateral32;
  TransposedConv2d<neck, neck, T> up8, up16, up32;  // from there to half the stride
  Conv2d<conv3x3(neck, neck), T> smooth;
  Head<1> heatmap;
  Head<2> scale, offset;
  Head<10> landmarks;

  template <Expression X> CenterFaceMaps<T> operator()(auto& ex, X image) const {
    check(image.extents());
    const auto x2 = tag<16>(detail::inverted_residual(ex, eval(ex, bare(image)), stem.bare(),
                                                      block0.depthwise.bare(), block0.project.bare(), false));
    const auto x4 = run(ex, x2, blocks4);
    const auto x8 = run(ex, x4, blocks8);
    const auto x16 = run(ex, x8, blocks16);
    auto t = eval(ex, relu(lateral32(run(ex, x16, blocks32))));
    t = eval(ex, relu(lateral16(x16)) + relu(up32(ex, t)));
    t = eval(ex, relu(lateral8(x8)) + relu(up16(ex, t)));
    t = eval(ex, relu(lateral4(x4)) + relu(up8(ex, t)));
    t = eval(ex, relu(smooth(t)));
    return {bare(eval(ex, sigmoid(heatmap(t)))), bare(eval(ex, scale(t))), bare(eval(ex, offset(t))),
            bare(eval(ex, landmarks(t)))};
  }

  /// What the backbone sees at 2 px (32 channels after the stem, 16 after the first block), 4 px (24), 8 px
  /// (32) and 16 px (96).
  template <Expression X> auto features(auto& ex, const X& image) const {
    check(image.extents());
    auto edges = eval(ex, relu(stem(image)));
    const auto filtered = eval(ex, relu(block0.depthwise(edges)));
    auto x2 = eval(ex, block0.project(filtered));
    auto x4 = run(ex, x2, blocks4);
    auto x8 = run(ex, x4, blocks8);
    auto x16 = run(ex, x8, blocks16);
    return std::tuple(std::move(edges), std::move(x2), std::move(x4), std::move(x8), std::move(x16));
  }

  static void fields(auto&& f, auto&... models) {
    f("stem", models.stem...);
    f("backbone.0", models.block0...);
    f(FieldName("backbone", 1), models.blocks4...);
    f(FieldName("backbone", 3), models.blocks8...);
    f(FieldName("backbone", 6), models.blocks16...);
    f(FieldName("backbone", 13), models.blocks32...);
    f("neck.lateral.4", models.lateral4...);
    f("neck.lateral.8", models.lateral8...);
    f("neck.lateral.16", models.lateral16...);
    f("neck.lateral.32", models.lateral32...);
    f("neck.up.8", models.up8...);
    f("neck.up.16", models.up16...);
    f("neck.up.32", models.up32...);
    f("neck.smooth", models.smooth...);
    f("head.heatmap", models.heatmap...);
    f("head.scale", models.scale...);
    f("head.offset", models.offset...);
    f("head.landmarks", models.landmarks...);
  }

 private:
  static void check(Extents e) {
    if (e.c != 3 || e.h < 1 || e.w < 1 || e.h % 32 != 0 || e.w % 32 != 0)
      throw Error("CenterFace: expected images [n,h,w,3] with sides that are multiples of 32, found " +
                  to_string(e));
  }
  /// One block after the other.
  template <std::size_t I = 0, class X, class Blocks> static auto run(auto& ex, X x, const Blocks& blocks) {
    if constexpr (I == std::tuple_size_v<Blocks>)
      return x;
    else
      return run<I + 1>(ex, std::get<I>(blocks)(ex, std::move(x)), blocks);
  }
};

}  // namespace RFPP_ABI
}  // namespace rfpp

#endif
