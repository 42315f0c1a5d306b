#ifndef RFPP_MODEL_RESNET_HPP
#define RFPP_MODEL_RESNET_HPP

#include <array>
#include <cstddef>
#include <type_traits>
#include <utility>

#include "rfpp/core/fields.hpp"
#include "rfpp/nn/max_pool.hpp"
#include "rfpp/nn/normed_conv2d.hpp"

namespace rfpp {
inline namespace RFPP_ABI {

/// A convolution and its batch norm, as a sequence that may go on.
template <ConvolutionSpec S, class T = float> struct NumberedNormedConv2d : NormedConv2d<S, T> {
  static void fields(auto&& f, auto&... models) {
    f("0", models.conv...);
    f("1", models.norm...);
  }
};

/// A 1x1 convolution and a batch norm.
template <int In, int Out, int Stride, class T>
struct ProjectedShortcut : NumberedNormedConv2d<ConvolutionSpec{In, Out, 1, Stride, 0, 0}, T> {
  using Base = NumberedNormedConv2d<ConvolutionSpec{In, Out, 1, Stride, 0, 0}, T>;

  auto operator()(auto& ex, auto x) const { return eval(ex, Base::operator()(ex, x)); }
};
struct IdentityShortcut {
  auto operator()(auto&, auto x) const { return x; }
  static void fields(auto&&, auto&...) {}
};
template <int In, int Out, int Stride, class T>
using ResnetShortcut =
    std::conditional_t<In == Out && Stride == 1, IdentityShortcut, ProjectedShortcut<In, Out, Stride, T>>;

/// Two 3x3 convolutions plus the input: {n,h,w,In} to {n,ceil(h/Stride),ceil(w/Stride),Out} (He et al. 2015).
template <int In, int Out, int Stride, class T = float> struct BasicBlock {
  NormedConv2d<ConvolutionSpec{In, Out, 3, Stride, 1, 1}, T> first;
  NormedConv2d<conv3x3(Out, Out), T> second;
  ResnetShortcut<In, Out, Stride, T> shortcut;

  auto operator()(auto& ex, auto x) const {
    const auto h = eval(ex, relu(first(ex, x)));
    auto kept = shortcut(ex, std::move(x));
    const auto sum = relu(second(ex, h) + kept);
    return eval_over(ex, std::move(kept), sum);
  }
  static void fields(auto&& f, auto&... models) {
    f("conv1", models.first.conv...);
    f("bn1", models.first.norm...);
    f("conv2", models.second.conv...);
    f("bn2", models.second.norm...);
    f("downsample", models.shortcut...);
  }
};

/// 1x1 convolution to Width channels, 3x3, 1x1 to four times as many, plus the input: {n,h,w,In} to
/// {n,ceil(h/Stride),ceil(w/Stride),4 Width}.
template <int In, int Width, int Stride, class T = float> struct Bottleneck {
  NormedConv2d<conv1x1(In, Width), T> first;
  NormedConv2d<ConvolutionSpec{Width, Width, 3, Stride, 1, 1}, T> second;
  NormedConv2d<conv1x1(Width, 4 * Width), T> third;
  ResnetShortcut<In, 4 * Width, Stride, T> shortcut;

  auto operator()(auto& ex, auto x) const {
    const auto narrow = eval(ex, relu(first(ex, x)));
    const auto h = eval(ex, relu(second(ex, narrow)));
    auto kept = shortcut(ex, std::move(x));
    const auto sum = relu(third(ex, h) + kept);
    return eval_over(ex, std::move(kept), sum);
  }
  static void fields(auto&& f, auto&... models) {
    f("conv1", models.first.conv...);
    f("bn1", models.first.norm...);
    f("conv2", models.second.conv...);
    f("bn2", models.second.norm...);
    f("conv3", models.third.conv...);
    f("bn3", models.third.norm...);
    f("downsample", models.shortcut...);
  }
};

/// Blocks at one scale, of which the first comes down to it.
template <class First, class Next, std::size_t More> struct ResnetLayer {
  First first;
  std::array<Next, More> rest;

  auto operator()(auto& ex, const auto& x) const {
    auto h = first(ex, x);
    for (const Next& block : rest) h = block(ex, std::move(h));
    return h;
  }
  static void fields(auto&& f, auto&... models) {
    f("0", models.first...);
    f(FieldName("", 1), models.rest...);
  }
};

/// 7x7 convolution with stride 2, ReLU, max pooling: {n,h,w,3} to {n,ceil(h/4),ceil(w/4),64}.
template <class T = float> struct ResnetStem : NormedConv2d<ConvolutionSpec{3, 64, 7, 2, 3, 3}, T> {
  using Base = NormedConv2d<ConvolutionSpec{3, 64, 7, 2, 3, 3}, T>;

  auto operator()(auto& ex, const auto& x) const {
    return eval(ex, max_pool3(eval(ex, relu(Base::operator()(ex, x)))));
  }
};

}  // namespace RFPP_ABI
}  // namespace rfpp

#endif
