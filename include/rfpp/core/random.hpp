#ifndef RFPP_CORE_RANDOM_HPP
#define RFPP_CORE_RANDOM_HPP

#include <cmath>
#include <concepts>
#include <cstdint>

#include "rfpp/core/config.hpp"

// Random numbers without state: each is a function of a seed and of the place where it is used, so that it
// does not matter in which order, in which batch, or on which device they are drawn.

namespace rfpp {
inline namespace RFPP_ABI {

/// 128 random bits; U is std::uint32_t, or a SIMD register of it.
template <class U = std::uint32_t> struct RandomWords { U word[4]; };

namespace detail {
/// The two halves of the 64-bit product a * b.
template <std::integral U> RFPP_HD void multiply_wide(std::uint32_t a, U b, U& high, U& low) {
  const std::uint64_t product = static_cast<std::uint64_t>(a) * b;
  high = static_cast<U>(product >> 32);
  low = static_cast<U>(product);
}
/// The same for registers, which devices do not have: a pair of lanes at a time, the products of the even
/// ones and of the odd ones.
template <class U> void multiply_wide(std::uint32_t a, U b, U& high, U& low) {
  typedef std::uint64_t Pairs __attribute__((vector_size(sizeof(U))));
  constexpr std::uint64_t low_half = 0xFFFFFFFFu;
  const Pairs pairs = __builtin_bit_cast(Pairs, b);
  const Pairs even = (pairs & low_half) * static_cast<std::uint64_t>(a);
  const Pairs odd = (pairs >> 32) * static_cast<std::uint64_t>(a);
  high = __builtin_bit_cast(U, (even >> 32) | (odd & ~low_half));
  low = __builtin_bit_cast(U, (even & low_half) | (odd << 32));
}
}  // namespace detail

/// Philox4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", 2011): a bijection of
/// counters for every key.
template <class U> RFPP_HD RandomWords<U> philox(RandomWords<U> counter, std::uint64_t key) {
  auto key0 = static_cast<std::uint32_t>(key), key1 = static_cast<std::uint32_t>(key >> 32);
  auto [c0, c1, c2, c3] = counter.word;
  for (int round = 0; round < 10; ++round) {
    U high0, low0, high1, low1;
    detail::multiply_wide(0xD2511F53u, c0, high0, low0);
    detail::multiply_wide(0xCD9E8D57u, c2, high1, low1);
    c0 = high1 ^ c1 ^ key0;
    c1 = low1;
    c2 = high0 ^ c3 ^ key1;
    c3 = low0;
    key0 += 0x9E3779B9u;
    key1 += 0xBB67AE85u;
  }
  return {{c0, c1, c2, c3}};
}

/// The random numbers of one use in one image. `stage` (below 65536) tells apart what needs numbers of its
/// own in the same image; `element` is a pixel, a sample, or a parameter there, and `draw` (below 65536)
/// numbers the words that one element takes where one block of four is not enough. The key is the seed, the
/// counter {element, stage * 65536 + draw, image, image >> 32}.
struct RandomStream {
  std::uint64_t seed = 0, image = 0;
  std::uint32_t stage = 0;

  template <class U> RFPP_HD RandomWords<U> words(U element, std::uint32_t draw = 0) const {
    const U zero{};
    return philox<U>({{element, zero + ((stage << 16) + draw), zero + static_cast<std::uint32_t>(image),
                       zero + static_cast<std::uint32_t>(image >> 32)}},
                     seed);
  }
  friend bool operator==(const RandomStream&, const RandomStream&) = default;
};

/// In [0, 1), with 53 random bits.
RFPP_HD inline double uniform(const RandomStream& stream, std::uint32_t element, std::uint32_t draw = 0) {
  const auto [word] = stream.words(element, draw);
  const std::uint64_t bits = static_cast<std::uint64_t>(word[0]) << 32 | word[1];
  return static_cast<double>(bits >> 11) * 0x1p-53;
}

namespace detail {
/// The logarithm of k!: Stirling's series, shifted to where it is good to 1e-10.
RFPP_HD inline double log_factorial(double k) {
  double product = 1, x = k + 1;
  for (; x < 10; x += 1) product *= x;
  const double inverse = 1 / x, square = inverse * inverse;
  return (x - 0.5) * std::log(x) - x + 0.91893853320467274178 +
         inverse * (1.0 / 12 - square * (1.0 / 360 - square / 1260)) - std::log(product);
}

/// One uniform number, and the terms of the distribution summed until they exceed it.
RFPP_HD inline double poisson_by_inversion(const RandomStream& stream, std::uint32_t element, double mean) {
  double term = std::exp(-mean), k = 0;
  for (double left = uniform(stream, element) - term; left >= 0 && term > 0; left -= term) term *= mean / ++k;
  return k;
}
/// The transformed rejection PTRS of Hoermann, "The transformed rejection method for generating Poisson
/// random variables", 1993.
RFPP_HD inline double poisson_by_rejection(const RandomStream& stream, std::uint32_t element, double mean) {
  const double b = 0.931 + 2.53 * std::sqrt(mean), a = -0.059 + 0.02483 * b;
  const double inverse_alpha = 1.1239 + 1.1328 / (b - 3.4), top = 0.9277 - 3.6224 / (b - 2);
  for (std::uint32_t draw = 0; draw + 1 < 65536; draw += 2) {
    const double u = uniform(stream, element, draw) - 0.5, v = uniform(stream, element, draw + 1);
    const double us = 0.5 - std::fabs(u), k = std::floor((2 * a / us + b) * u + mean + 0.43);
    if (us >= 0.07 && v <= top) return k;
    if (k < 0 || (us < 0.013 && v > us)) continue;
    if (std::log(v) + std::log(inverse_alpha) - std::log(a / (us * us) + b) <=
        k * std::log(mean) - mean - log_factorial(k))
      return k;
  }
  return mean;  // not reached: a draw is refused with a probability of about 0.1
}
}  // namespace detail

/// A Poisson variate of mean >= 0 (NaN and negative means give 0), from the draws of one element.
RFPP_HD inline double poisson(const RandomStream& stream, std::uint32_t element, double mean) {
  if (!(mean > 0)) return 0;
  return mean < 10 ? detail::poisson_by_inversion(stream, element, mean)
                   : detail::poisson_by_rejection(stream, element, mean);
}

}  // namespace RFPP_ABI
}  // namespace rfpp

#endif
