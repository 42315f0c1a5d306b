#ifndef RFPP_DEGRADE_POINTWISE_HPP
#define RFPP_DEGRADE_POINTWISE_HPP

#include <cstdint>

#include "rfpp/expr/eval.hpp"
#include "rfpp/expr/functors.hpp"
#include "rfpp/expr/random.hpp"
#include "rfpp/expr/remap.hpp"

// The parts of degradations that work pixel by pixel, as expressions. Images are {n,h,w,3}, RGB in [0, 1].

namespace rfpp::degrade {
inline namespace RFPP_ABI {

/// x brought into [0, 1].
struct ClampToUnit {
  static constexpr const char* name = "clamp_to_unit";
  static constexpr bool linear = false;
  template <int I> static constexpr bool passes = false;
  template <class T> RFPP_HD T operator()(T x) const {
    const T zero = splat<T>(0), one = splat<T>(1);
    x = x < zero ? zero : x;
    return x > one ? one : x;
  }
  template <int I, class T> RFPP_HD T adjoint(T g, T x) const {
    const T zero = splat<T>(0);
    return x < zero ? zero : x > splat<T>(1) ? zero : g;
  }
};
template <Expression A> auto clamp_to_unit(const A& a) { return map(ClampToUnit{}, a); }

/// x in [0, 1] rounded to a multiple of 1/255, half to even.
struct RoundToByte {
  static constexpr const char* name = "round_to_byte";
  template <class T> RFPP_HD T operator()(T x) const {
    // Adding it leaves no fraction.
    constexpr element_t<T> magic = sizeof(element_t<T>) == 4 ? 0x1.8p23 : 0x1.8p52;
    x = ClampToUnit{}(x);
    // 255 x, rounded before it is rounded to an integer: the compiler may fuse a product with the addition.
    const T scaled = x * splat<T>(256) - x;
    return ((scaled + splat<T>(magic)) - splat<T>(magic)) / splat<T>(255);
  }
};
template <Expression A> auto round_to_byte(const A& a) { return map(RoundToByte{}, a); }

/// Light scattered into the camera: the image keeps the part `clean`, in [0, 1], and the rest is white.
struct Haze {
  static constexpr const char* name = "haze";
  static constexpr bool linear = true;
  template <int I> static constexpr bool passes = false;

  double clean = 1;

  template <class T> RFPP_HD T operator()(T x) const {
    return splat<T>(static_cast<element_t<T>>(clean)) * x + splat<T>(static_cast<element_t<T>>(1 - clean));
  }
  template <int I, class T> RFPP_HD T adjoint(T g, T) const {
    return splat<T>(static_cast<element_t<T>>(clean)) * g;
  }
  friend bool operator==(const Haze&, const Haze&) = default;
};

/// The first operand where the mask is not 0, else the second.
struct Select {
  static constexpr const char* name = "select";
  template <class T> RFPP_HD T operator()(T mask, T a, T b) const { return mask != splat<T>(0) ? a : b; }
};

/// A leaf made of the place it is read at: f(pixel, channel). Lanes are filled one by one.
template <class F> struct Generated {
  using node_tag = void;
  using value = float;
  struct Cursor {
    F f;
    Pixel q;
    RFPP_HD float operator[](int c) const { return f(q, c); }
    template <class V> V load(int c) const {
      V v{};
      for (int i = 0; i < LaneTraits<V>::count; ++i) v[i] = f(q, c + i);
      return v;
    }
  };
  struct Plan {
    F f;
    RFPP_HD Cursor at(Pixel q) const { return {f, q}; }
  };
  F f;
  Extents shape;

  Extents extents() const { return shape; }
  Plan plan() const { return {f}; }
};
template <class F, class Visitor> void leaves(const Generated<F>&, Visitor&&, bool = true) {}

/// Pixels top <= y < top + side, left <= x < left + side.
struct SquareRegion {
  int top = 0, left = 0, side = 0;

  /// 1 inside, 0 outside.
  RFPP_HD float operator()(Pixel q, int) const {
    return q.h >= top && q.h < top + side && q.w >= left && q.w < left + side ? 1.0f : 0.0f;
  }
  friend bool operator==(const SquareRegion&, const SquareRegion&) = default;
};
/// `inside` in the square and `outside` elsewhere.
template <Expression A, Expression B>
auto merged(const SquareRegion& square, const A& inside, const B& outside) {
  const Extents e = inside.extents();
  return map(Select{}, Generated<SquareRegion>{square, {1, e.h, e.w, 1}}, inside, outside);
}

/// Shifts every channel, by -255 to 255 levels of an 8-bit image.
struct ColorJitter {
  static constexpr const char* name = "color_jitter";
  double red = 0, green = 0, blue = 0;

  RFPP_HD float operator()(Pixel, int c) const {
    return static_cast<float>((c == 0 ? red : c == 1 ? green : blue) / 255);
  }
  friend bool operator==(const ColorJitter&, const ColorJitter&) = default;
};
template <Expression A> auto color_jittered(const ColorJitter& jitter, const A& a) {
  return clamp_to_unit(a + Generated<ColorJitter>{jitter, {1, 1, 1, 3}});
}

template <class P> struct LumaCursor {
  P source;

  RFPP_HD auto operator[](int) const {
    using T = std::remove_cvref_t<decltype(source[0])>;
    return T(0.299) * source[0] + T(0.587) * source[1] + T(0.114) * source[2];
  }
  template <class V> V load(int) const { return splat<V>((*this)[0]); }
};
template <class P> struct LumaPlan {
  P operand;

  RFPP_HD auto at(Pixel q) const { return LumaCursor<decltype(operand.at(q))>{operand.at(q)}; }
};
/// The luma of RGB, 0.299 R + 0.587 G + 0.114 B, in all channels.
template <class A> struct Luma {
  using node_tag = void;
  using value = typename A::value;
  A operand;

  Extents extents() const { return operand.extents(); }
  auto plan() const { return LumaPlan<plan_t<A>>{plan_of(operand)}; }
};
template <class A, class F> void leaves(const Luma<A>& luma, F&& f, bool = true) {
  leaves(luma.operand, f, false);
}
template <Expression A> auto gray(const A& a) {
  if (a.extents().c != 3) throw Error("gray: expected 3 channels, found " + to_string(a.extents()));
  return tag<channels_of<A>>(Luma<operand_t<A>>{operand(a)});
}

template <class P> struct PoissonCursor {
  P mean;
  RandomStream stream;
  std::uint32_t first;
  double scale;

  RFPP_HD auto operator[](int c) const {
    using T = std::remove_cvref_t<decltype(mean[c])>;
    const double events = static_cast<double>(mean[c]) * scale;
    return static_cast<T>(poisson(stream, first + static_cast<std::uint32_t>(c), events) / scale);
  }
  template <class V> V load(int c) const {
    V v{};
    for (int i = 0; i < LaneTraits<V>::count; ++i) v[i] = (*this)[c + i];
    return v;
  }
};
template <class P> struct PoissonPlan {
  P operand;
  RandomStream stream;
  double scale;
  Extents shape;

  RFPP_HD auto at(Pixel q) const {
    const NormalCursor<float> place = NormalPlan<float>{stream, shape}.at(q);
    return PoissonCursor<decltype(operand.at(q))>{operand.at(q), place.stream, place.first, scale};
  }
};
/// Shot noise: every element x as a Poisson variate of mean x * scale, divided by scale.
template <class A> struct Poisson {
  using node_tag = void;
  using value = typename A::value;
  A operand;
  RandomStream stream;
  double scale;

  Extents extents() const { return operand.extents(); }
  auto plan() const { return PoissonPlan<plan_t<A>>{plan_of(operand), stream, scale, extents()}; }
};
template <class A, class F> void leaves(const Poisson<A>& p, F&& f, bool pointwise = true) {
  leaves(p.operand, f, pointwise);
}

/// The image mirrored left to right.
struct Mirror {
  static constexpr bool keeps_channels = true;
  int width;
  Extents extents(Extents e) const { return e; }
  RFPP_HD bool map(Pixel& q, int&) const {
    q.w = width - 1 - q.w;
    return true;
  }
  RFPP_HD int fan() const { return 1; }
  RFPP_HD bool preimage(int, Pixel& q, int& c) const { return map(q, c); }
};
template <Expression A> auto mirrored(const A& a) {
  return tag<channels_of<A>>(Remap<Mirror, operand_t<A>>{{a.extents().w}, operand(a)});
}

/// The part of the same size at row `down` and column `right` of the image after it has been padded by
/// `margin` pixels on each side, mirrored at its edges (the edge pixel included). No gradient goes through
/// it.
struct Shift {
  static constexpr bool keeps_channels = true;
  int margin = 0, down = 0, right = 0;  // 0 <= down, right <= 2 * margin
  int height = 0, width = 0;            // of the image

  Extents extents(Extents e) const { return e; }
  RFPP_HD static int inside(int i, int extent) {
    i %= 2 * extent;
    if (i < 0) i += 2 * extent;
    return i < extent ? i : 2 * extent - 1 - i;
  }
  RFPP_HD bool map(Pixel& q, int&) const {
    q.h = inside(q.h + down - margin, height);
    q.w = inside(q.w + right - margin, width);
    return true;
  }
  friend bool operator==(const Shift&, const Shift&) = default;
};
template <Expression A> auto shifted(Shift shift, const A& a) {
  shift.height = a.extents().h;
  shift.width = a.extents().w;
  return tag<channels_of<A>>(Remap<Shift, operand_t<A>>{shift, operand(a)});
}

}  // namespace RFPP_ABI
}  // namespace rfpp::degrade

#endif
