#ifndef RFPP_MODEL_PARSENET_HPP
#define RFPP_MODEL_PARSENET_HPP

#include <array>
#include <tuple>
#include <type_traits>
#include <utility>

#include "rfpp/core/fields.hpp"
#include "rfpp/expr/remap.hpp"
#include "rfpp/nn/normed_conv2d.hpp"
#include "rfpp/nn/pad.hpp"

namespace rfpp {
inline namespace RFPP_ABI {

enum class Resampling { none, down, up };

namespace detail {
constexpr ConvolutionSpec unpadded3x3(int in, int out, bool halves = false) {
  return {in, out, 3, halves ? 2 : 1, 0, 0};
}
/// What a convolution that resamples reads.
template <Resampling R> auto resampled(const auto& x) {
  if constexpr (R == Resampling::up)
    return upsample2(x);
  else
    return x;
}
}  // namespace detail

/// 3x3 convolution with bias of the image mirrored at its edges: the same size.
template <int In, int Out, Resampling R = Resampling::none, class T = float> struct MirroredConv2d {
  Conv2d<detail::unpadded3x3(In, Out, R == Resampling::down), T> conv;

  auto operator()(const auto& x) const { return conv(reflect_padded(detail::resampled<R>(x))); }
  static void fields(auto&& f, auto&... models) { f("conv2d", models.conv...); }
};

/// The same with a batch norm for the bias.
template <int In, int Out, Resampling R, class T>
struct MirroredNormedConv2d : NormedConv2d<detail::unpadded3x3(In, Out, R == Resampling::down), T> {
  using Base = NormedConv2d<detail::unpadded3x3(In, Out, R == Resampling::down), T>;

  auto operator()(auto& ex, const auto& x) const {
    return Base::operator()(ex, reflect_padded(detail::resampled<R>(x)));
  }
  static void fields(auto&& f, auto&... models) {
    f("conv2d", models.conv...);
    f("norm.norm", models.norm...);
  }
};

/// Two convolutions plus the input, or a convolution of it where the size or the channels change: {n,h,w,In}
/// to {n,h',w',Out}, h' being h, h / 2 or 2 h.
template <int In, int Out, Resampling R = Resampling::none, class T = float> struct ParseNetBlock {
  static constexpr bool identity = R == Resampling::none;
  static constexpr Resampling first = R == Resampling::up ? R : Resampling::none,
                              second = R == Resampling::down ? R : Resampling::none;
  struct NoShortcut {
    static void fields(auto&&, auto&...) {}
  };

  std::conditional_t<identity, NoShortcut, MirroredConv2d<In, Out, R, T>> shortcut;
  MirroredNormedConv2d<In, Out, first, T> conv1;
  MirroredNormedConv2d<Out, Out, second, T> conv2;

  template <Expression X> auto operator()(auto& ex, X x) const {
    const auto h = eval(ex, leaky_relu(conv1(ex, x), 0.2));
    auto kept = [&] {
      if constexpr (identity)
        return std::move(x);
      else
        return eval(ex, shortcut(x));
    }();
    const auto sum = conv2(ex, h) + kept;
    return eval_over(ex, std::move(kept), sum);
  }
  static void fields(auto&& f, auto&... models) {
    f("shortcut_func", models.shortcut...);
    f("conv1", models.conv1...);
    f("conv2", models.conv2...);
  }
};

/// The face parser ParseNet (as facexlib has it): aligned RGB faces {n,h,w,3} in [-1, 1] with sides that are
/// multiples of 16, at least 32, to 19 logits a pixel {n,h,w,19}. Parameters are named as in
/// parsing_parsenet.pth.
template <class T = float> struct ParseNet {
  static constexpr const char* name = "parsenet";
  static constexpr int classes = 19, side = 512;
  /// The colors of a pixel c in [0, 255] become (c / 255 - mean) / deviation.
  static constexpr std::array<double, 3> mean{0.5, 0.5, 0.5}, deviation{0.5, 0.5, 0.5};
  /// Whether a class belongs to the face and is pasted: not background, hat, necklace, neck and cloth.
  static constexpr bool is_face(int label) { return label != 0 && (label < 14 || label == 15); }
  /// Neck and necklace, which some networks paste, too.
  static constexpr bool is_neck(int label) { return label == 16 || label == 17; }

  using Same = ParseNetBlock<256, 256, Resampling::none, T>;
  template <int In, int Out> using Down = ParseNetBlock<In, Out, Resampling::down, T>;
  template <int In, int Out> using Up = ParseNetBlock<In, Out, Resampling::up, T>;

  std::tuple<MirroredConv2d<3, 64, Resampling::none, T>, Down<64, 128>, Down<128, 256>, Down<256, 256>,
             Down<256, 256>>
      encoder;
  std::array<Same, 10> body;
  std::tuple<Up<256, 256>, Up<256, 256>, Up<256, 128>, Up<128, 64>> decoder;
  MirroredConv2d<64, classes, Resampling::none, T> mask;
  MirroredConv2d<64, 3, Resampling::none, T> image;

  template <Expression X> auto operator()(auto& ex, X x) const { return eval(ex, mask(features(ex, x))); }

  /// {n,h,w,64}: what the classes are made of, and the image that the network was trained to give beside
  /// them.
  template <Expression X> auto features(auto& ex, X x) const {
    const Extents e = x.extents();
    if (e.c != 3 || e.h < 32 || e.w < 32 || e.h % 16 != 0 || e.w % 16 != 0)
      throw Error(
          "ParseNet: expected faces [n,h,w,3] with sides that are multiples of 16 from 32 on, found " +
          to_string(e));
    auto encoded = run<1>(ex, eval(ex, std::get<0>(encoder)(x)), encoder);
    auto deep = body[0](ex, encoded);
    for (std::size_t i = 1; i < body.size(); ++i) deep = body[i](ex, std::move(deep));
    auto sum = deep + encoded;
    return run<0>(ex, eval_over(ex, std::move(deep), sum), decoder);
  }

  static void fields(auto&& f, auto&... models) {
    f("encoder", models.encoder...);
    f("body", models.body...);
    f("decoder", models.decoder...);
    f("out_mask_conv", models.mask...);
    f("out_img_conv", models.image...);
  }

 private:
  /// One block after the other, from block I on.
  template <std::size_t I, class X, class Blocks> static auto run(auto& ex, X x, const Blocks& blocks) {
    if constexpr (I == std::tuple_size_v<Blocks>)
      return x;
    else
      return run<I + 1>(ex, std::get<I>(blocks)(ex, std::move(x)), blocks);
  }
};

}  // namespace RFPP_ABI
}  // namespace rfpp

#endif
