#ifndef RFPP_MODEL_RRDBNET_HPP
#define RFPP_MODEL_RRDBNET_HPP

#include <array>
#include <utility>

#include "rfpp/core/fields.hpp"
#include "rfpp/expr/concatenate.hpp"
#include "rfpp/nn/conv2d.hpp"

namespace rfpp {
inline namespace RFPP_ABI {

/// Five convolutions, each of which reads the input and what all before it wrote; a fifth of the last one's
/// result is added to the input: {n,h,w,64} to the same (Wang et al., ESRGAN, 2018).
template <class T = float> struct ResidualDenseBlock {
  static constexpr int channels = 64, growth = 32;
  template <int Before, int Out> using Conv = Conv2d<conv3x3(channels + Before * growth, Out), T>;

  Conv<0, growth> conv1;
  Conv<1, growth> conv2;
  Conv<2, growth> conv3;
  Conv<3, growth> conv4;
  Conv<4, channels> conv5;

  Tensor<T> operator()(auto& ex, const Tensor<T>& x) const {
    const auto [x1, x2, x3, x4] = grown(ex, x);
    return bare(eval(ex, conv5(concatenate(x, x1, x2, x3, x4)) * 0.2 + x));
  }
  /// The same, a fifth of which is added to `outer`.
  Tensor<T> operator()(auto& ex, const Tensor<T>& x, const Tensor<T>& outer) const {
    const auto [x1, x2, x3, x4] = grown(ex, x);
    return bare(eval(ex, (conv5(concatenate(x, x1, x2, x3, x4)) * 0.2 + x) * 0.2 + outer));
  }

  static void fields(auto&& f, auto&... models) {
    f("conv1", models.conv1...);
    f("conv2", models.conv2...);
    f("conv3", models.conv3...);
    f("conv4", models.conv4...);
    f("conv5", models.conv5...);
  }

 private:
  std::array<Tensor<T>, 4> grown(auto& ex, const Tensor<T>& x) const {
    const auto activated = [&ex](const auto& convolution) {
      return bare(eval(ex, leaky_relu(convolution, 0.2)));
    };
    const Tensor<T> x1 = activated(conv1(x)), x2 = activated(conv2(concatenate(x, x1))),
                    x3 = activated(conv3(concatenate(x, x1, x2))),
                    x4 = activated(conv4(concatenate(x, x1, x2, x3)));
    return {x1, x2, x3, x4};
  }
};

/// Three of them, and a fifth of their result added to the input.
template <class T = float> struct ResidualInResidualDenseBlock {
  ResidualDenseBlock<T> rdb1, rdb2, rdb3;

  Tensor<T> operator()(auto& ex, const Tensor<T>& x) const { return rdb3(ex, rdb2(ex, rdb1(ex, x)), x); }
  static void fields(auto&& f, auto&... models) {
    f("rdb1", models.rdb1...);
    f("rdb2", models.rdb2...);
    f("rdb3", models.rdb3...);
  }
};

/// Real-ESRGAN's large upscaler (Wang et al. 2021, arXiv:2107.10833): {n,h,w,3} RGB in [0, 1] to {n,scale
/// h,scale w,3}, not clamped. The sides are multiples of `unit`: N's `unshuffle`, by which the image is made
/// smaller first. N has a `name`, `unshuffle` and a number of `blocks`.
template <class N, class T = float> struct RrdbNet {
  static constexpr const char* name = N::name;
  static constexpr int unit = N::unshuffle, scale = 4 / unit, channels = ResidualDenseBlock<T>::channels;
  /// Pixels of a tile's side, and around a pixel, that do: the network sees further, but hardly looks there.
  static constexpr int tile = 192 * unit, context = 10 * unit;
  using Conv = Conv2d<conv3x3(channels, channels), T>;

  Conv2d<conv3x3(3 * unit * unit, channels), T> conv_first;
  std::array<ResidualInResidualDenseBlock<T>, N::blocks> body;
  Conv conv_body, conv_up1, conv_up2, conv_hr;
  Conv2d<conv3x3(channels, 3), T> conv_last;

  template <Expression X> Tensor<T> operator()(auto& ex, const X& image) const {
    const auto start = bare(eval(ex, conv_first(pixel_unshuffle<unit>(image))));
    Tensor<T> h = start;
    for (const auto& block : body) h = block(ex, h);
    h = bare(eval(ex, conv_body(h) + start));
    for (const Conv* up : {&conv_up1, &conv_up2}) h = bare(eval(ex, leaky_relu((*up)(upsample2(h)), 0.2)));
    h = bare(eval(ex, leaky_relu(conv_hr(h), 0.2)));
    return bare(eval(ex, conv_last(h)));
  }

  static void fields(auto&& f, auto&... models) {
    f("conv_first", models.conv_first...);
    f("body", models.body...);
    f("conv_body", models.conv_body...);
    f("conv_up1", models.conv_up1...);
    f("conv_up2", models.conv_up2...);
    f("conv_hr", models.conv_hr...);
    f("conv_last", models.conv_last...);
  }
};

struct RealEsrganX2Plus {
  static constexpr const char* name = "RealESRGAN_x2plus";
  static constexpr int unshuffle = 2, blocks = 23;
};
struct RealEsrganX4Plus {
  static constexpr const char* name = "RealESRGAN_x4plus";
  static constexpr int unshuffle = 1, blocks = 23;
};
struct RealEsrganX4PlusAnime {
  static constexpr const char* name = "RealESRGAN_x4plus_anime_6B";
  static constexpr int unshuffle = 1, blocks = 6;
};

}  // namespace RFPP_ABI
}  // namespace rfpp

#endif
