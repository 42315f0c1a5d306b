#ifndef RFPP_CORE_FINITE_HPP
#define RFPP_CORE_FINITE_HPP

#include <bit>
#include <concepts>
#include <cstdint>
#include <limits>
#include <type_traits>

#include "rfpp/core/config.hpp"

namespace rfpp {
inline namespace v0 {

namespace ieee {
template <std::floating_point T>
using FloatBits = std::conditional_t<sizeof(T) == 8, std::uint64_t, std::uint32_t>;
/// The exponent's bits, which are all ones in NaN and infinity, and all zeros in zero and subnormal numbers.
template <std::floating_point T>
inline constexpr FloatBits<T> exponent_mask = std::bit_cast<FloatBits<T>>(std::numeric_limits<T>::infinity());
template <std::floating_point T> constexpr FloatBits<T> exponent_bits(T v) {
  return std::bit_cast<FloatBits<T>>(v) & exponent_mask<T>;
}
}  // namespace ieee

/// Whether v is neither NaN nor infinite. By its bits: with -ffast-math std::isfinite is always true.
template <std::floating_point T> constexpr bool is_finite(T v) {
  return ieee::exponent_bits(v) != ieee::exponent_mask<T>;
}
/// By its bits too.
template <std::floating_point T> constexpr bool is_nan(T v) {
  constexpr ieee::FloatBits<T> magnitude = ~std::bit_cast<ieee::FloatBits<T>>(T(-0.0));
  return (std::bit_cast<ieee::FloatBits<T>>(v) & magnitude) > ieee::exponent_mask<T>;
}
/// Whether v is finite, and neither zero nor subnormal.
template <std::floating_point T> constexpr bool is_normal(T v) {
  return is_finite(v) && ieee::exponent_bits(v) != 0;
}

}  // namespace v0
}  // namespace rfpp

#endif
