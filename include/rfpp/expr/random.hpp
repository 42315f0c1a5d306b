#ifndef RFPP_EXPR_RANDOM_HPP
#define RFPP_EXPR_RANDOM_HPP

#include <cstdint>
#include <type_traits>

#include "rfpp/core/random.hpp"
#include "rfpp/expr/leaves.hpp"
#include "rfpp/expr/view.hpp"

// Random leaves. Their elements are made where they are read; nothing is stored.

namespace rfpp {
inline namespace RFPP_ABI {

namespace detail {

template <class V> struct SameSizeInt { typedef std::int32_t type __attribute__((vector_size(sizeof(V)))); };
template <> struct SameSizeInt<float> { using type = std::int32_t; };
template <class V> using Int = typename SameSizeInt<V>::type;
template <class V> using Unsigned = typename SameSizeBits<V>::type;

/// std::bit_cast, also on a device.
template <class To, class From> RFPP_HD To bits_as(From v) { return __builtin_bit_cast(To, v); }
template <class To, class From> RFPP_HD To convert(From v) {
  if constexpr (std::is_arithmetic_v<To>)
    return static_cast<To>(v);
  else
    return __builtin_convertvector(v, To);
}

/// ln(x) for float lanes x > 0 that are not subnormal, good to about two units in the last place (Cephes'
/// logf).
template <class V> RFPP_HD V logarithm_float(V x) {
  using I = Int<V>;
  constexpr std::int32_t root_half = 0x3F3504F3;
  const I bits = bits_as<I>(x) - root_half;
  const V e = convert<V>(bits >> 23);
  const V r = bits_as<V>((bits & 0x7FFFFF) + root_half) - splat<V>(1.0f);  // x / 2^e - 1
  const V square = r * r;
  constexpr float series[] = {-1.1514610310e-1f, 1.1676998740e-1f, -1.2420140846e-1f, 1.4249322787e-1f,
                              -1.6668057665e-1f, 2.0000714765e-1f, -2.4999993993e-1f, 3.3333331174e-1f};
  V p = splat<V>(7.0376836292e-2f);
  for (const float coefficient : series) p = p * r + splat<V>(coefficient);
  p = p * r * square + e * splat<V>(-2.12194440e-4f) - splat<V>(0.5f) * square;
  return r + p + e * splat<V>(0.693359375f);
}

/// The square root of float lanes x >= 0: an estimate of 1 / sqrt(x) from its bits, and Newton's iteration.
/// There is no common spelling for the instruction.
template <class V> RFPP_HD V square_root_float(V x) {
  V y = bits_as<V>(0x5F3759DF - (bits_as<Int<V>>(x) >> 1));
  for (int i = 0; i < 3; ++i) y = y * (splat<V>(1.5f) - splat<V>(0.5f) * x * y * y);
  return x * y;
}

/// cos(2 pi t) for float lanes t in [-1/2, 1).
template <class V> RFPP_HD V cosine_of_turns(V t) {
  t = t > splat<V>(0.5f) ? t - splat<V>(1.0f) : t;
  t = t < splat<V>(0.0f) ? -t : t;
  const V x = (splat<V>(0.25f) - t) * splat<V>(6.283185307f), square = x * x;  // sin(x), |x| <= pi / 2
  constexpr float series[] = {2.7557319224e-6f, -1.9841269841e-4f, 8.3333333333e-3f, -1.6666666667e-1f, 1.0f};
  V p = splat<V>(-2.5052108385e-8f);
  for (const float coefficient : series) p = p * square + splat<V>(coefficient);
  return p * x;
}

/// Standard normal variates of the elements `element` of a stream (Box & Muller 1958). Four elements in a row
/// share a block of the generator, two a pair of its words.
template <class V> RFPP_HD V normal_float(const RandomStream& stream, Unsigned<V> element) {
  const auto [word] = stream.words(element >> 2);
  const auto second = (element & 2u) != 0u, odd = (element & 1u) != 0u;
  const Unsigned<V> radius_bits = second ? word[2] : word[0], turn_bits = second ? word[3] : word[1];
  const V turn = convert<V>(bits_as<Int<V>>(turn_bits >> 8)) * splat<V>(0x1p-24f);
  const V u = convert<V>(bits_as<Int<V>>((radius_bits >> 8) + 1u)) * splat<V>(0x1p-24f);
  return square_root_float(splat<V>(-2.0f) * logarithm_float(u)) *
         cosine_of_turns(odd ? turn - splat<V>(0.25f) : turn);
}

}  // namespace detail

template <class T> struct NormalCursor {
  RandomStream stream;
  std::uint32_t first;  // the element at channel 0

  RFPP_HD T operator[](int c) const {
    return static_cast<T>(detail::normal_float<float>(stream, first + static_cast<std::uint32_t>(c)));
  }
  template <class V> V load(int c) const {
    if constexpr (std::is_same_v<T, float>) {
      detail::Unsigned<V> element;
      for (int i = 0; i < LaneTraits<V>::count; ++i) element[i] = first + static_cast<std::uint32_t>(c + i);
      return detail::normal_float<V>(stream, element);
    } else {
      V v{};
      for (int i = 0; i < LaneTraits<V>::count; ++i) v[i] = (*this)[c + i];
      return v;
    }
  }
};
/// Image n of a batch has the stream of image `stream.image + n`.
template <class T> struct NormalPlan {
  RandomStream stream;
  Extents shape;

  RFPP_HD NormalCursor<T> at(Pixel q) const {
    RandomStream own = stream;
    own.image += static_cast<std::uint64_t>(q.n);
    const std::uint32_t pixel = static_cast<std::uint32_t>(q.h) * static_cast<std::uint32_t>(shape.w) +
                                static_cast<std::uint32_t>(q.w);
    return {own, pixel * static_cast<std::uint32_t>(shape.c)};
  }
};
/// Standard normal noise. Element i of an image, counted in its own order, is the i-th of the stream,
/// whatever the extents are called. It has the precision of float.
template <class T> struct Normal {
  using node_tag = void;
  using value = T;
  RandomStream stream;
  Extents shape;

  Extents extents() const { return shape; }
  NormalPlan<T> plan() const { return {stream, shape}; }
};
template <class T, class F> void leaves(const Normal<T>&, F&&, bool = true) {}

}  // namespace RFPP_ABI
}  // namespace rfpp

#endif
