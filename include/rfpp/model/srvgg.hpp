#ifndef RFPP_MODEL_SRVGG_HPP
#define RFPP_MODEL_SRVGG_HPP

#include <array>
#include <tuple>
#include <utility>

#include "rfpp/core/fields.hpp"
#include "rfpp/expr/remap.hpp"
#include "rfpp/nn/conv2d.hpp"
#include "rfpp/nn/prelu.hpp"

namespace rfpp {
inline namespace RFPP_ABI {

/// Real-ESRGAN's small upscaler (SRVGGNetCompact; Wang et al. 2021, arXiv:2107.10833): {n,h,w,3} RGB in [0,
/// 1] to {n,4h,4w,3}, not clamped. N has a `name` and a number of `layers` between the first and the last.
template <class N, class T = float> struct SrvggNet {
  static constexpr const char* name = N::name;
  static constexpr int unit = 1, scale = 4, channels = 64;
  /// Pixels of a tile's side, and around a pixel, that do: the network sees no further.
  static constexpr int tile = 320, context = N::layers + 2;
  template <int In> using Layer = std::tuple<Conv2d<conv3x3(In, channels), T>, PreluSlopes<channels, T>>;

  Layer<3> first;
  std::array<Layer<channels>, N::layers> layers;
  std::tuple<Conv2d<conv3x3(channels, 3 * scale * scale), T>> last;

  template <Expression X> Tensor<T> operator()(auto& ex, const X& image) const {
    const auto run = [&ex](const auto& layer, const auto& x) {
      return bare(eval(ex, std::get<1>(layer)(std::get<0>(layer)(x))));
    };
    Tensor<T> h = run(first, image);
    for (const auto& layer : layers) h = run(layer, h);
    h = bare(eval(ex, std::get<0>(last)(h)));
    return bare(eval(ex, pixel_shuffle<scale>(h) + upsample2(upsample2(bare(image)))));
  }

  static void fields(auto&& f, auto&... models) {
    f("body", models.first...);
    for (int k = 0; k < N::layers; ++k)
      f(FieldName("body", 2 * k + 2), models.layers[static_cast<std::size_t>(k)]...);
    f(FieldName("body", 2 * N::layers + 2), models.last...);
  }
};

struct RealEsrGeneralX4V3 {
  static constexpr const char* name = "realesr-general-x4v3";
  static constexpr int layers = 32;
};
struct RealEsrAnimeVideoV3 {
  static constexpr const char* name = "realesr-animevideov3";
  static constexpr int layers = 16;
};

}  // namespace RFPP_ABI
}  // namespace rfpp

#endif
