#ifndef RFPP_EXPR_LANES_HPP
#define RFPP_EXPR_LANES_HPP

#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <limits>
#include <type_traits>

#if defined(__AVX512F__)
#include <immintrin.h>
#endif

#include "rfpp/core/config.hpp"

// Functors are written once, for a scalar or for a whole SIMD register of scalars (a GCC/Clang vector type).
// This file has the few operations for which the language has no common spelling.

namespace rfpp {
inline namespace RFPP_ABI {

template <class V> struct LaneTraits {
  using element = V;
  static constexpr int count = 1;
};
template <class V>
requires requires(V v) { v[0]; }
struct LaneTraits<V> {
  using element = std::remove_cvref_t<decltype(std::declval<V>()[0])>;
  static constexpr int count = static_cast<int>(sizeof(V) / sizeof(element));
};
template <class V> using element_t = typename LaneTraits<V>::element;

/// `value` in every lane; for a scalar, the conversion.
template <class V> RFPP_HD constexpr V splat(element_t<V> value) {
  if constexpr (std::is_arithmetic_v<V>)
    return value;
  else
    return value - V{};
}

template <class V> V load_lanes(const element_t<V>* p) {
  V v;
  std::memcpy(&v, p, sizeof v);
  return v;
}
template <class V> void store_lanes(element_t<V>* p, V v) { std::memcpy(p, &v, sizeof v); }

namespace detail {

template <class V> struct SameSizeBits;
template <> struct SameSizeBits<float> { using type = std::uint32_t; };
template <> struct SameSizeBits<double> { using type = std::uint64_t; };
template <class V>
requires(LaneTraits<V>::count > 1) struct SameSizeBits<V> {
  typedef typename SameSizeBits<element_t<V>>::type type __attribute__((vector_size(sizeof(V))));
};

/// x within [low, high]; NaN stays.
template <class V> V clamp_lanes(V x, V low, V high) {
#if defined(__AVX512F__)
  // GCC 12 makes a comparison and a blend of each `?:`, which together cost half of what SiLU costs; and it
  // warns of the intrinsics without a mask (GCC bug 105593).
  if constexpr (sizeof(V) == sizeof(__m512) && std::is_same_v<element_t<V>, float>) {
    constexpr __mmask16 all = 0xffff;
    const __m512 raised = _mm512_maskz_max_ps(all, std::bit_cast<__m512>(low), std::bit_cast<__m512>(x));
    return std::bit_cast<V>(_mm512_maskz_min_ps(all, std::bit_cast<__m512>(high), raised));
  }
#endif
  x = x < low ? low : x;
  return x > high ? high : x;
}

/// e^x to about one unit in the last place for float, scalar or lanes: Cody-Waite reduction to |r| <=
/// ln(2)/2, a polynomial, and the exponent put together from bits. std::exp would keep the loops around it
/// from vectorizing. Below about 1.7e-38 the result is 0.
template <class V> V exponential_float(V x) {
  using Bits = typename SameSizeBits<V>::type;
  const V low = splat<V>(-87.0f), high = splat<V>(88.72283f);
  const V t = clamp_lanes(x, low, high);
  const V magic = splat<V>(12582912.0f);  // 1.5 * 2^23: adding it rounds to an integer in the low bits
  const V shifted = t * splat<V>(1.44269504088896341f) + magic;
  const V n = shifted - magic;
  const V r = (t - n * splat<V>(0.693359375f)) - n * splat<V>(-2.12194440e-4f);
  V p = splat<V>(1.9875691500e-4f) * r + splat<V>(1.3981999507e-3f);
  p = p * r + splat<V>(8.3334519073e-3f);
  p = p * r + splat<V>(4.1665795894e-2f);
  p = p * r + splat<V>(1.6666665459e-1f);
  p = p * r + splat<V>(5.0000001201e-1f);
  p = p * r * r + r + splat<V>(1.0f);
  // Twice, then 2^(n-1): n may be 128; and doubling last would round a subnormal on the way.
  const Bits bits = (std::bit_cast<Bits>(shifted) - std::bit_cast<Bits>(magic) + 126) << 23;
  const V value = p * splat<V>(2.0f) * std::bit_cast<V>(bits);
  return x > high ? splat<V>(std::numeric_limits<float>::infinity()) : value;
}

/// The same for double; below about 3.2e-308 the result is 0. The polynomial is the Taylor series, which leaves
/// out less than 4e-18.
template <class V> V exponential_double(V x) {
  using Bits = typename SameSizeBits<V>::type;
  const V low = splat<V>(-708.4), high = splat<V>(709.782712893384);
  const V t = clamp_lanes(x, low, high);
  const V magic = splat<V>(6755399441055744.0);  // 1.5 * 2^52
  const V shifted = t * splat<V>(1.4426950408889634) + magic;
  const V n = shifted - magic;
  const V r = (t - n * splat<V>(0.693147180369123816490)) - n * splat<V>(1.90821492927058770002e-10);
  V p = splat<V>(1.0 / 6227020800) * r + splat<V>(1.0 / 479001600);
  for (const double factorial :
       {39916800.0, 3628800.0, 362880.0, 40320.0, 5040.0, 720.0, 120.0, 24.0, 6.0, 2.0})
    p = p * r + splat<V>(1.0 / factorial);
  p = p * r * r + r + splat<V>(1.0);
  const Bits bits = (std::bit_cast<Bits>(shifted) - std::bit_cast<Bits>(magic) + 1022) << 52;
  const V value = p * splat<V>(2.0) * std::bit_cast<V>(bits);
  return x > high ? splat<V>(std::numeric_limits<double>::infinity()) : value;
}

/// 1 + e^-x for float, scalar or lanes. In base 2, where the reduction is exact: what x * log2(e) loses for
/// large x is lost in the sum, or where SiLU vanishes.
template <class V> V sigmoid_denominator_float(V x) {
  using Bits = typename SameSizeBits<V>::type;
  const V t = clamp_lanes(x * splat<V>(-1.44269504088896341f), splat<V>(-126.0f), splat<V>(128.0f));
  const V magic = splat<V>(12582912.0f);
  const V shifted = t + magic;
  const V n = shifted - magic;
  const V r = t - n;
  V p = splat<V>(1.540353039e-4f) * r + splat<V>(1.339887440e-3f);
  p = p * r + splat<V>(9.618437357e-3f);
  p = p * r + splat<V>(5.550332548e-2f);
  p = p * r + splat<V>(2.402264791e-1f);
  p = p * r + splat<V>(6.931471825e-1f);
  p = p * r + splat<V>(1.0f);
  // The low bits of `shifted` are n: added to the exponent of p, which gives infinity for 2^128.
  const Bits bits = (std::bit_cast<Bits>(shifted) << 23) + std::bit_cast<Bits>(p);
  return splat<V>(1.0f) + std::bit_cast<V>(bits);
}

/// The distribution function of the standard normal distribution for float, scalar or lanes: e^(-x^2 / 2)
/// times a polynomial in 1 / (1 + 0.35 |x|), fitted to half the complementary error function within 3.2e-8
/// of it.
template <class V> V normal_distribution_float(V x) {
  const V zero = splat<V>(0.0f), one = splat<V>(1.0f), z = x < zero ? -x : x;
  const V t = one / (one + splat<V>(0.35f) * z);
  V p = splat<V>(-0.02910836786f) * t + splat<V>(0.14378573000f);
  p = p * t + splat<V>(-0.25532263517f);
  p = p * t + splat<V>(0.15871730447f);
  p = p * t + splat<V>(-0.02278790623f);
  p = p * t + splat<V>(0.10536815226f);
  p = p * t + splat<V>(0.11986931413f);
  p = p * t + splat<V>(0.13985668123f);
  p = p * t + splat<V>(0.13962171972f);
  const V tail = p * t * exponential_float(z * z * splat<V>(-0.5f));
  return x < zero ? tail : one - tail;
}

}  // namespace detail

/// e^x for a scalar or lanes.
template <class V> RFPP_HD V exponential(V x) {
#if defined(__CUDA_ARCH__)
  return exp(x);
#else
  if constexpr (std::is_same_v<element_t<V>, float>)
    return detail::exponential_float(x);
  else
    return detail::exponential_double(x);
#endif
}

/// The square root of a scalar or lanes.
template <class V> RFPP_HD V square_root(V x) {
  if constexpr (std::is_arithmetic_v<V>) {
    return std::sqrt(x);
  } else {
    for (int i = 0; i < LaneTraits<V>::count; ++i) x[i] = std::sqrt(x[i]);
    return x;
  }
}

/// The distribution function of the standard normal distribution, (1 + erf(x / sqrt(2))) / 2, for a scalar or
/// lanes; for float within 2e-7.
template <class V> RFPP_HD V normal_distribution(V x) {
#if !defined(__CUDA_ARCH__)
  if constexpr (std::is_same_v<element_t<V>, float>) return detail::normal_distribution_float(x);
#endif
  if constexpr (std::is_arithmetic_v<V>) {
    return V(0.5) * std::erfc(x * V(-0.70710678118654752));
  } else {
    for (int i = 0; i < LaneTraits<V>::count; ++i) x[i] = normal_distribution(x[i]);
    return x;
  }
}

/// x / y for a scalar or lanes; on a GPU within two units in the last place, at a fifth of the instructions, and
/// 0 where y is beyond 2^126.
template <class V> RFPP_HD V divided(V x, V y) {
#if defined(__CUDA_ARCH__)
  if constexpr (std::is_same_v<V, float>) return __fdividef(x, y);
#endif
  return x / y;
}

/// 1 + e^-x for a scalar or lanes: what the sigmoid divides 1 by, and SiLU x.
template <class V> RFPP_HD V sigmoid_denominator(V x) {
#if !defined(__CUDA_ARCH__)
  if constexpr (std::is_same_v<element_t<V>, float>) return detail::sigmoid_denominator_float(x);
#endif
  return splat<V>(1) + exponential(-x);
}

}  // namespace RFPP_ABI
}  // namespace rfpp

#endif
