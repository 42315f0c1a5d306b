#ifndef RFPP_EXPR_DEFORMABLE_HPP
#define RFPP_EXPR_DEFORMABLE_HPP

#include <cmath>
#include <string>

#include "rfpp/expr/leaves.hpp"

// Deformable sampling (Dai et al. 2017; Zhu et al. 2019): every tap of a 3x3 kernel reads its pixel not at
// its own place but at an offset from it that another tensor holds, between pixels bilinearly, times a mask.

namespace rfpp {
inline namespace RFPP_ABI {

/// A bilinear sample: the pixel above and to the left of a place, and how far the place is from it.
template <class T> struct BilinearPlace {
  int y, x;
  T below, right;
};

/// How the offsets' channels {n,h,w,27 * groups} lie: for every group of channels and tap the offset down and
/// the offset to the right, in pixels; then for every group and tap the mask before its sigmoid.
struct DeformableTaps {
  static constexpr int kernel = 3, taps = kernel * kernel;
  int groups, h, w, channels;  // of what is sampled

  RFPP_HD int per_group() const { return channels / groups; }
  RFPP_HD int offset(int group, int tap) const { return 2 * (taps * group + tap); }
  RFPP_HD int mask(int group, int tap) const { return 2 * taps * groups + taps * group + tap; }
  /// Whole pixels apart from fractions: their sum would round.
  template <class T, class Offsets>
  RFPP_HD BilinearPlace<T> place(const Offsets& offsets, Pixel q, int group, int tap) const {
    const T down = offsets[offset(group, tap)], right = offsets[offset(group, tap) + 1];
    const T limit = static_cast<T>(h + w);  // farther is outside, and NaN too
    if (!(down > -limit && down < limit && right > -limit && right < limit)) return {-2, -2, T(0), T(0)};
    const T y = std::floor(down), x = std::floor(right);
    return {q.h - 1 + tap / kernel + static_cast<int>(y), q.w - 1 + tap % kernel + static_cast<int>(x),
            down - y, right - x};
  }
  RFPP_HD bool inside(int y, int x) const { return y >= 0 && y < h && x >= 0 && x < w; }
};

/// f(pixel, weight, weight's derivative down, and to the right) for the corners of a place that lie inside.
template <class T, class F>
RFPP_HD void for_each_corner(const DeformableTaps& s, int n, const BilinearPlace<T>& p, F&& f) {
  for (int i = 0; i < 4; ++i) {
    const int dy = i / 2, dx = i % 2;
    if (!s.inside(p.y + dy, p.x + dx)) continue;
    const T down = dy == 0 ? T(1) - p.below : p.below, across = dx == 0 ? T(1) - p.right : p.right;
    f(Pixel{n, p.y + dy, p.x + dx}, down * across, dy == 0 ? -across : across, dx == 0 ? -down : down);
  }
}

template <class P, class Offsets> struct DeformedCursor {
  const P* x;
  Offsets offsets;
  DeformableTaps s;
  Pixel q;

  RFPP_HD auto operator[](int k) const {
    using T = std::remove_cvref_t<decltype(x->at(q)[k])>;
    return sum<T>(k, [](const auto& cursor, int c) { return cursor[c]; });
  }
  template <class V> V load(int k) const {
    if (s.per_group() % LaneTraits<V>::count == 0 && k % LaneTraits<V>::count == 0)
      return sum<V>(k, [](const auto& cursor, int c) { return cursor.template load<V>(c); });
    V v{};  // of several groups
    for (int i = 0; i < LaneTraits<V>::count; ++i) v[i] = (*this)[k + i];
    return v;
  }

 private:
  template <class V, class Read> RFPP_HD V sum(int k, Read read) const {
    using T = element_t<V>;
    const int tap = k / s.channels, c = k - tap * s.channels, group = c / s.per_group();
    V v{};
    for_each_corner(s, q.n, s.place<T>(offsets, q, group, tap),
                    [&](Pixel corner, T weight, T, T) { v += read(x->at(corner), c) * splat<V>(weight); });
    return v * splat<V>(T(1) / sigmoid_denominator(static_cast<T>(offsets[s.mask(group, tap)])));
  }
};
template <class P, class O> struct DeformedPlan {
  P x;
  O offsets;
  DeformableTaps s;

  RFPP_HD auto at(Pixel q) const {
    return DeformedCursor<P, decltype(offsets.at(q))>{&x, offsets.at(q), s, q};
  }
};

/// What the taps of a deformable convolution read of x {n,h,w,c} at the places that `offsets`
/// {n,h,w,27 * groups} say, masked: {n,h,w,9 * c}, tap by tap. Outside the image x is 0.
template <class T> struct Deformed {
  using node_tag = void;
  using value = T;
  Tensor<T> x, offsets;
  int groups;

  Extents extents() const {
    const Extents e = x.extents();
    return {e.n, e.h, e.w, DeformableTaps::taps * e.c};
  }
  DeformableTaps taps() const { return {groups, x.extents().h, x.extents().w, x.extents().c}; }
  auto plan() const {
    return DeformedPlan<plan_t<Tensor<T>>, plan_t<Tensor<T>>>{plan_of(x), plan_of(offsets), taps()};
  }
};
template <class T, class F> void leaves(const Deformed<T>& d, F&& f, bool = true) {
  f(d.x, false);
  f(d.offsets, false);
}
/// Throws Error where the offsets are not those of x's pixels, or the groups do not divide its channels.
template <class T> Deformed<T> deformed(const Tensor<T>& x, const Tensor<T>& offsets, int groups) {
  const Extents e = x.extents(), o = offsets.extents();
  if (groups < 1 || e.c % groups != 0)
    throw Error("deformed: " + std::to_string(groups) + " groups do not divide the channels of " +
                to_string(e));
  const Extents expected{e.n, e.h, e.w, 3 * DeformableTaps::taps * groups};
  if (!(o == expected))
    throw Error("deformed: offsets " + to_string(o) + " for " + to_string(e) + ", expected " +
                to_string(expected));
  return {x, offsets, groups};
}

/// The gradient of the offsets {n,h,w,27 * groups} of `d` from that of its result.
template <class T, class P, class G> struct OffsetGradientCursor {
  const P* x;
  ViewCursor<T> offsets;
  G gradient;
  DeformableTaps s;
  Pixel q;

  RFPP_HD T operator[](int k) const {
    const int masks = s.mask(0, 0), which = k < masks ? k / 2 : k - masks;
    const int group = which / s.taps, tap = which % s.taps, first = group * s.per_group();
    const T mask = T(1) / sigmoid_denominator(offsets[s.mask(group, tap)]);
    T sum = 0;
    for_each_corner(s, q.n, s.place<T>(offsets, q, group, tap), [&](Pixel corner, T weight, T down, T right) {
      const auto cursor = x->at(corner);
      T product = 0;
      for (int c = first; c < first + s.per_group(); ++c)
        product += gradient[tap * s.channels + c] * cursor[c];
      sum += product * (k >= masks ? weight : k % 2 == 0 ? down : right);
    });
    return sum * (k >= masks ? mask * (T(1) - mask) : mask);
  }
  template <class V> V load(int k) const {
    V v{};
    for (int i = 0; i < LaneTraits<V>::count; ++i) v[i] = (*this)[k + i];
    return v;
  }
};
template <class T, class G> struct OffsetGradientPlan {
  ViewPlan<T> x, offsets;
  G gradient;
  DeformableTaps s;

  RFPP_HD auto at(Pixel q) const {
    return OffsetGradientCursor<T, ViewPlan<T>, decltype(gradient.at(q))>{&x, offsets.at(q), gradient.at(q),
                                                                          s, q};
  }
};
template <class T, class G> struct OffsetGradient {
  using node_tag = void;
  using value = T;
  Deformed<T> d;
  G gradient;

  Extents extents() const { return d.offsets.extents(); }
  auto plan() const {
    return OffsetGradientPlan<T, plan_t<G>>{plan_of(d.x), plan_of(d.offsets), plan_of(gradient), d.taps()};
  }
};

/// Adds to channel i % channels of image i / channels what the samples of a deformable convolution pass on to
/// the pixels that they read: the gradient of what is sampled. One after the other, so that the sums have the
/// same bits always.
template <class T, class G> struct ScatterSamples {
  ViewPlan<T> offsets;
  G gradient;
  DeformableTaps s;
  T* target;

  RFPP_HD void operator()(std::size_t i) const {
    const auto channels = static_cast<std::size_t>(s.channels);
    const int n = static_cast<int>(i / channels), c = static_cast<int>(i % channels);
    for (int h = 0; h < s.h; ++h)
      for (int w = 0; w < s.w; ++w)
        for (int tap = 0; tap < s.taps; ++tap) add({n, h, w}, tap, c);
  }

 private:
  RFPP_HD void add(Pixel q, int tap, int c) const {
    const int group = c / s.per_group();
    const auto cursor = offsets.at(q);
    const T g = gradient.at(q)[tap * s.channels + c] / sigmoid_denominator(cursor[s.mask(group, tap)]);
    for_each_corner(s, q.n, s.place<T>(cursor, q, group, tap), [&](Pixel corner, T weight, T, T) {
      const std::ptrdiff_t row = static_cast<std::ptrdiff_t>(corner.n) * s.h + corner.h;
      target[(row * s.w + corner.w) * s.channels + c] += g * weight;
    });
  }
};

}  // namespace RFPP_ABI
}  // namespace rfpp

#endif
