#ifndef RFPP_EXPR_REMAP_HPP
#define RFPP_EXPR_REMAP_HPP

#include "rfpp/expr/anchor.hpp"
#include "rfpp/expr/contracts.hpp"
#include "rfpp/expr/view.hpp"

// Remaps move elements without changing them. A rule R knows
//   extents(operand's extents)   the result's extents
//   map(pixel, c)                from a result's place to the operand's; false: outside, where the value is 0
//   fan(), preimage(k, pixel, c) the places that read one place of the operand: its adjoint sums over them
//   keeps_channels               whether map leaves c alone: then whole runs of channels are loaded at once
//   shifts_channels              (optional) whether map adds the same to every c and is never outside: the
//   same

namespace rfpp {
inline namespace RFPP_ABI {

template <class R, class P> struct RemapElementCursor {
  const R* rule;
  const P* operand;
  Pixel q;
  int step;

  RFPP_HD auto operator[](int c) const {
    c *= step;
    Pixel source = q;
    using T = std::remove_cvref_t<decltype(operand->at(source)[c])>;
    return rule->map(source, c) ? operand->at(source)[c] : T(0);
  }
  template <class V> V load(int c) const {
    V v{};
    for (int i = 0; i < LaneTraits<V>::count; ++i) v[i] = (*this)[c + i];
    return v;
  }
};
template <class Cursor> struct RemapRunCursor {
  Cursor source;
  bool inside;

  RFPP_HD auto operator[](int c) const {
    using T = std::remove_cvref_t<decltype(source[c])>;
    return inside ? source[c] : T(0);
  }
  template <class V> V load(int c) const { return inside ? source.template load<V>(c) : V{}; }
};

template <class Cursor> struct RemapShiftCursor {
  Cursor source;
  int first, step;

  RFPP_HD auto operator[](int c) const { return source[first + c * step]; }
  template <class V> V load(int c) const {
    return step == 0 ? splat<V>(source[first]) : source.template load<V>(first + c);
  }
};

/// Extents of 1 broadcast, as a tensor's do.
template <class R, class P> struct RemapPlan {
  R rule;
  P operand;
  Extents shape;

  RFPP_HD auto at(Pixel q) const {
    if (shape.n == 1) q.n = 0;
    if (shape.h == 1) q.h = 0;
    if (shape.w == 1) q.w = 0;
    if constexpr (R::keeps_channels) {
      int c = 0;
      const bool inside = rule.map(q, c);
      using Cursor = decltype(operand.at(q));
      return RemapRunCursor<Cursor>{operand.at(inside ? q : Pixel{0, 0, 0}), inside};
    } else if constexpr (requires { requires R::shifts_channels; }) {
      int first = 0;
      rule.map(q, first);
      return RemapShiftCursor<decltype(operand.at(q))>{operand.at(q), first, shape.c == 1 ? 0 : 1};
    } else {
      return RemapElementCursor<R, P>{&rule, &operand, q, shape.c == 1 ? 0 : 1};
    }
  }
};
template <class R, class A> struct Remap {
  using node_tag = void;
  using value = typename A::value;
  R rule;
  A operand;

  Extents extents() const {
    constexpr bool is_rule = RemapRule<R>;
    static_assert(
        is_rule,
        "Remap: the rule lacks keeps_channels, extents(e) or map(pixel, c), or one returns another type");
    if constexpr (is_rule)
      return rule.extents(operand.extents());
    else
      return {};
  }
  auto plan() const {
    if constexpr (RemapRule<R>)
      return RemapPlan<R, plan_t<A>>{rule, plan_of(operand), extents()};
    else
      return plan_of(operand);  // refused above, so that no second error follows
  }
};

template <class R, class P> struct PreimageCursor {
  const R* rule;
  const P* gradient;
  Pixel q;

  RFPP_HD auto operator[](int c) const {
    using T = std::remove_cvref_t<decltype(gradient->at(q)[c])>;
    T sum = 0;
    for (int k = 0; k < rule->fan(); ++k) {
      Pixel reader = q;
      int channel = c;
      if (rule->preimage(k, reader, channel)) sum += gradient->at(reader)[channel];
    }
    return sum;
  }
  template <class V> V load(int c) const {
    V v{};
    for (int i = 0; i < LaneTraits<V>::count; ++i) v[i] = (*this)[c + i];
    return v;
  }
};
template <class R, class P> struct PreimagePlan {
  R rule;
  P gradient;

  RFPP_HD PreimageCursor<R, P> at(Pixel q) const { return {&rule, &gradient, q}; }
};
/// The gradient of a remap's operand {as `shape`} from that of its result.
template <class R, class G> struct RemapAdjoint {
  using node_tag = void;
  using value = typename G::value;
  R rule;
  G gradient;
  Extents shape;

  Extents extents() const { return shape; }
  auto plan() const { return PreimagePlan<R, plan_t<G>>{rule, plan_of(gradient)}; }
};

/// Nearest-neighbor upsampling to twice the height and width.
struct Upsample2 {
  static constexpr bool keeps_channels = true;
  Extents extents(Extents e) const { return {e.n, 2 * e.h, 2 * e.w, e.c}; }
  RFPP_HD bool map(Pixel& q, int&) const {
    q.h /= 2;
    q.w /= 2;
    return true;
  }
  RFPP_HD int fan() const { return 4; }
  RFPP_HD bool preimage(int k, Pixel& q, int&) const {
    q.h = 2 * q.h + k / 2;
    q.w = 2 * q.w + k % 2;
    return true;
  }
};

/// A zero between every two neighbors, along both axes. A convolution of it with stride 1 is a transposed one
/// with stride 2, whose taps are in reverse order.
struct ZeroInsert2 {
  static constexpr bool keeps_channels = true;
  Extents extents(Extents e) const { return {e.n, 2 * e.h - 1, 2 * e.w - 1, e.c}; }
  RFPP_HD bool map(Pixel& q, int&) const {
    const bool inside = q.h % 2 == 0 && q.w % 2 == 0;
    q.h /= 2;
    q.w /= 2;
    return inside;
  }
  RFPP_HD int fan() const { return 1; }
  RFPP_HD bool preimage(int, Pixel& q, int&) const {
    q.h *= 2;
    q.w *= 2;
    return true;
  }
};

/// One row of statistics {n,rows,1,groups}, each value repeated over its group's channels:
/// {n,1,1,groups*per_group}.
struct GroupRow {
  static constexpr bool keeps_channels = false;
  int row, per_group;
  Extents extents(Extents e) const { return {e.n, 1, 1, e.c * per_group}; }
  RFPP_HD bool map(Pixel& q, int& c) const {
    q.h = row;
    q.w = 0;
    c /= per_group;
    return true;
  }
  RFPP_HD int fan() const { return per_group; }
  RFPP_HD bool preimage(int k, Pixel& q, int& c) const {
    if (q.h != row) return false;
    q.h = 0;
    c = c * per_group + k;
    return true;
  }
};

/// Tokens of each attention head as a batch: {n,h,w,heads*width} to {n*heads,1,h*w,width}.
struct SplitHeads {
  static constexpr bool keeps_channels = false;
  int heads, h, w, width;
  Extents extents(Extents e) const { return {e.n * heads, 1, e.h * e.w, e.c / heads}; }
  RFPP_HD bool map(Pixel& q, int& c) const {
    const int token = q.w;
    c += q.n % heads * width;
    q.n /= heads;
    q.h = token / w;
    q.w = token % w;
    return true;
  }
  RFPP_HD int fan() const { return 1; }
  RFPP_HD bool preimage(int, Pixel& q, int& c) const {
    q.n = q.n * heads + c / width;
    q.w += q.h * w;
    q.h = 0;
    c %= width;
    return true;
  }
};
/// The inverse of SplitHeads.
struct MergeHeads {
  static constexpr bool keeps_channels = false;
  SplitHeads split;
  Extents extents(Extents e) const { return {e.n / split.heads, split.h, split.w, e.c * split.heads}; }
  RFPP_HD bool map(Pixel& q, int& c) const { return split.preimage(0, q, c); }
  RFPP_HD int fan() const { return 1; }
  RFPP_HD bool preimage(int, Pixel& q, int& c) const { return split.map(q, c); }
};

/// `factor` times the height and width from 1 / factor^2 of the channels: channel factor^2 c + factor a + b
/// of pixel (y, x) becomes channel c of pixel (factor y + a, factor x + b).
struct PixelShuffle {
  static constexpr bool keeps_channels = false;
  int factor;
  Extents extents(Extents e) const { return {e.n, factor * e.h, factor * e.w, e.c / (factor * factor)}; }
  RFPP_HD bool map(Pixel& q, int& c) const {
    c = (c * factor + q.h % factor) * factor + q.w % factor;
    q.h /= factor;
    q.w /= factor;
    return true;
  }
  RFPP_HD int fan() const { return 1; }
  RFPP_HD bool preimage(int, Pixel& q, int& c) const {
    q.w = factor * q.w + c % factor;
    c /= factor;
    q.h = factor * q.h + c % factor;
    c /= factor;
    return true;
  }
};
/// The inverse of PixelShuffle.
struct PixelUnshuffle {
  static constexpr bool keeps_channels = false;
  PixelShuffle shuffle;
  Extents extents(Extents e) const {
    const int f = shuffle.factor;
    return {e.n, e.h / f, e.w / f, e.c * f * f};
  }
  RFPP_HD bool map(Pixel& q, int& c) const { return shuffle.preimage(0, q, c); }
  RFPP_HD int fan() const { return 1; }
  RFPP_HD bool preimage(int, Pixel& q, int& c) const { return shuffle.map(q, c); }
};

template <Expression A> auto upsample2(const A& a) {
  return tag<channels_of<A>>(Remap<Upsample2, operand_t<A>>{{}, operand(a)});
}
template <Expression A> auto zero_inserted2(const A& a) {
  return tag<channels_of<A>>(Remap<ZeroInsert2, operand_t<A>>{{}, operand(a)});
}
template <Expression A> auto group_row(const A& a, int row, int per_group) {
  return Remap<GroupRow, operand_t<A>>{{row, per_group}, operand(a)};
}
template <Expression A> auto split_heads(const A& a, int heads) {
  const Extents e = a.extents();
  if (heads < 1 || e.c % heads != 0)
    throw Error("split_heads: " + std::to_string(heads) + " heads do not divide the channels of " +
                to_string(e));
  return Remap<SplitHeads, operand_t<A>>{{heads, e.h, e.w, e.c / heads}, operand(a)};
}
/// {n*heads,1,h*w,width} to {n,h,w,heads*width}.
template <Expression A> auto merge_heads(const A& a, int heads, int h, int w) {
  const Extents e = a.extents();
  if (heads < 1 || e.n % heads != 0 || e.h != 1 || h < 0 || w < 0 || e.w != h * w)
    throw Error("merge_heads: " + to_string(e) + " does not hold " + std::to_string(heads) + " heads of " +
                std::to_string(h) + "x" + std::to_string(w) + " pixels");
  return Remap<MergeHeads, operand_t<A>>{{{heads, h, w, e.c}}, operand(a)};
}
/// {n,h,w,factor^2*c} to {n,factor*h,factor*w,c}, as PixelShuffle says.
template <int Factor, Expression A> auto pixel_shuffle(const A& a) {
  constexpr bool channels_divide = Factor > 0 && channels_of<A> % (Factor * Factor) == 0;
  static_assert(channels_divide, "pixel_shuffle: the square of the factor does not divide the channels");
  const Extents e = a.extents();
  if (e.c % (Factor * Factor) != 0)
    throw Error("pixel_shuffle: " + std::to_string(Factor * Factor) + " does not divide the channels of " +
                to_string(e));
  return tag<channels_of<A> / (Factor * Factor)>(Remap<PixelShuffle, operand_t<A>>{{Factor}, operand(a)});
}
/// {n,factor*h,factor*w,c} to {n,h,w,factor^2*c}: the inverse.
template <int Factor, Expression A> auto pixel_unshuffle(const A& a) {
  const Extents e = a.extents();
  if (e.h % Factor != 0 || e.w % Factor != 0)
    throw Error("pixel_unshuffle: " + std::to_string(Factor) + " does not divide the sides of " +
                to_string(e));
  return tag<channels_of<A> * Factor * Factor>(Remap<PixelUnshuffle, operand_t<A>>{{{Factor}}, operand(a)});
}

}  // namespace RFPP_ABI
}  // namespace rfpp

#endif
