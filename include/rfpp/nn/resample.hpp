#ifndef RFPP_NN_RESAMPLE_HPP
#define RFPP_NN_RESAMPLE_HPP

#include "rfpp/expr/remap.hpp"
#include "rfpp/nn/conv2d.hpp"

namespace rfpp {
inline namespace RFPP_ABI {

/// Nearest-neighbor resizing of h x w to out_h x out_w pixels: pixel i is that at floor(i h / out_h).
struct NearestResize {
  static constexpr bool keeps_channels = true;
  int h, w, out_h, out_w;
  Extents extents(Extents e) const { return {e.n, out_h, out_w, e.c}; }
  RFPP_HD bool map(Pixel& q, int&) const {
    q.h = q.h * h / out_h;
    q.w = q.w * w / out_w;
    return true;
  }
  RFPP_HD int fan() const { return most(h, out_h) * most(w, out_w); }
  RFPP_HD bool preimage(int k, Pixel& q, int&) const {
    return reader(k / most(w, out_w), q.h, h, out_h) && reader(k % most(w, out_w), q.w, w, out_w);
  }

 private:
  /// Readers of one place of an axis, at most.
  RFPP_HD static int most(int in, int out) { return (out + in - 1) / in; }
  RFPP_HD static bool reader(int k, int& i, int in, int out) {
    const int place = i;
    i = (place * out + in - 1) / in + k;
    return i < out && i * in / out == place;
  }
};

/// {n,h,w,c} to {n,height,width,c}, lazily.
template <Expression X> auto resized_nearest(const X& x, int height, int width) {
  const Extents e = x.extents();
  return tag<channels_of<X>>(Remap<NearestResize, operand_t<X>>{{e.h, e.w, height, width}, operand(x)});
}

/// Half the height and width: 3x3 convolution with stride 2, padded right and bottom.
template <int C, class T = float> struct Downsample {
  Conv2d<conv_downsample(C), T> conv;

  auto operator()(const auto& x) const { return conv(x); }
  static void fields(auto&& f, auto&... models) { f("conv", models.conv...); }
};

/// Twice the height and width: nearest neighbor, then 3x3 convolution.
template <int C, class T = float> struct Upsample {
  Conv2d<conv3x3(C, C), T> conv;

  auto operator()(const auto& x) const { return conv(upsample2(x)); }
  static void fields(auto&& f, auto&... models) { f("conv", models.conv...); }
};

}  // namespace RFPP_ABI
}  // namespace rfpp

#endif
