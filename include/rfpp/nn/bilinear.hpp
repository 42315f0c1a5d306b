#ifndef RFPP_NN_BILINEAR_HPP
#define RFPP_NN_BILINEAR_HPP

#include "rfpp/expr/functors.hpp"
#include "rfpp/nn/max_pool.hpp"

// Resampling by 2 with weights that are the same at every pixel. It is read through: a convolution of an
// enlarged image computes the pixels as it stages them, and there is no larger tensor.

namespace rfpp {
inline namespace RFPP_ABI {

/// What lies beyond an image's edges: its outermost pixels again, or zeros.
enum class Border { repeated, zero };

/// One of the two pixels of each axis that an image enlarged to twice its size lies between: the one that it
/// lies in, or the one beside that on the nearer side.
struct BilinearTap {
  static constexpr bool keeps_channels = true;
  bool beside_row, beside_column;
  Border border;
  int h, w;  // of the operand
  Extents extents(Extents e) const { return {e.n, 2 * e.h, 2 * e.w, e.c}; }
  RFPP_HD bool map(Pixel& q, int&) const {
    q.h = source(q.h, h, beside_row);
    q.w = source(q.w, w, beside_column);
    return q.h >= 0 && q.h < h && q.w >= 0 && q.w < w;
  }
  RFPP_HD int fan() const { return 4; }
  RFPP_HD bool preimage(int k, Pixel& q, int&) const {
    q.h = reader(q.h, h, beside_row, k / 2);
    q.w = reader(q.w, w, beside_column, k % 2);
    return q.h >= 0 && q.h < 2 * h && q.w >= 0 && q.w < 2 * w;
  }

 private:
  RFPP_HD int source(int i, int extent, bool beside) const {
    const int odd = i & 1, in = (i - odd) / 2 + (beside ? 2 * odd - 1 : 0);
    if (border == Border::zero) return in;
    return in < 0 ? 0 : in >= extent ? extent - 1 : in;
  }
  RFPP_HD int reader(int i, int extent, bool beside, int k) const {
    if (!beside) return 2 * i + k;
    const int first = 2 * i - 1, second = 2 * i + 2;
    if (border == Border::zero) return k == 0 ? first : second;
    return k == 0 ? (first < 0 ? 0 : first) : (second >= 2 * extent ? 2 * extent - 1 : second);
  }
};

/// The weighted sum of four.
struct WeightedSum {
  static constexpr const char* name = "weighted sum";
  static constexpr bool linear = true;
  template <int I> static constexpr bool passes = false;
  double a, b, c, d;
  template <class T> RFPP_HD T operator()(T w, T x, T y, T z) const {
    return weight<T>(a) * w + weight<T>(b) * x + weight<T>(c) * y + weight<T>(d) * z;
  }
  template <int I, class T> RFPP_HD T adjoint(T g, T, T, T, T) const {
    return weight<T>(I == 0 ? a : I == 1 ? b : I == 2 ? c : d) * g;
  }

 private:
  template <class T> RFPP_HD static T weight(double w) { return splat<T>(static_cast<element_t<T>>(w)); }
};

/// Bilinear enlargement to twice the size, half-pixel centers: {n,h,w,c} to {n,2h,2w,c}, lazily. The weights
/// are 3/4 and 1/4; with zeros beyond the edges it is what StyleGAN2's filter [1,3,3,1] makes of an image.
template <Expression X> auto bilinear_upsample2(const X& x, Border border = Border::repeated) {
  const Extents e = x.extents();
  const auto tap = [&](bool beside_row, bool beside_column) {
    return tag<channels_of<X>>(
        Remap<BilinearTap, operand_t<X>>{{beside_row, beside_column, border, e.h, e.w}, operand(x)});
  };
  return map(WeightedSum{9. / 16, 3. / 16, 3. / 16, 1. / 16}, tap(false, false), tap(false, true),
             tap(true, false), tap(true, true));
}

/// Bilinear reduction to half the size: the mean of each 2x2 pixels, {n,h,w,c} to {n,h/2,w/2,c}, lazily.
template <Expression X> auto mean2(const X& x) {
  const auto part = [&](int row, int column) {
    return tag<channels_of<X>>(Remap<EverySecond, operand_t<X>>{{row, column}, operand(x)});
  };
  return map(WeightedSum{.25, .25, .25, .25}, part(0, 0), part(0, 1), part(1, 0), part(1, 1));
}

}  // namespace RFPP_ABI
}  // namespace rfpp

#endif
