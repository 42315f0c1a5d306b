#ifndef RFPP_IO_DTYPE_HPP
#define RFPP_IO_DTYPE_HPP

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "rfpp/core/config.hpp"

namespace rfpp::io {
inline namespace RFPP_ABI {

/// IEEE 754 binary16.
struct Float16 {
  std::uint16_t bits = 0;

  Float16() = default;

  /// Rounds to nearest, ties to even; beyond 65504 + half a unit gives infinity.
  explicit Float16(float value) {
    const std::uint32_t input = std::bit_cast<std::uint32_t>(value);
    const std::uint32_t sign = input & 0x80000000U;
    const std::uint32_t magnitude = input ^ sign;
    std::uint32_t half = 0;
    if (magnitude >= 0x47800000U) {  // 65536 and above, infinity, NaN
      half = magnitude > 0x7f800000U ? 0x7e00U : 0x7c00U;
    } else if (magnitude <
               0x38800000U) {  // below 2^-14: adding 0.5 leaves the rounded subnormal in the low bits
      half = std::bit_cast<std::uint32_t>(std::bit_cast<float>(magnitude) + 0.5F) - 0x3f000000U;
    } else {  // the exponent's bias falls by 112; what is cut off is rounded
      half = (magnitude - (112U << 23) + 0xfffU + ((magnitude >> 13) & 1U)) >> 13;
    }
    bits = static_cast<std::uint16_t>(sign >> 16 | half);
  }

  /// Exact. Never handles subnormal floats, so flush-to-zero modes do not change it.
  operator float() const {
    const std::uint32_t sign = (bits & 0x8000U) << 16;
    const std::uint32_t magnitude = (bits & 0x7fffU) << 13;
    const std::uint32_t exponent = magnitude & 0x0f800000U;
    const std::uint32_t normal = magnitude + (112U << 23);
    const std::uint32_t special = normal + (112U << 23);  // infinity, NaN
    const std::uint32_t subnormal =
        std::bit_cast<std::uint32_t>(std::bit_cast<float>(normal + (1U << 23)) - 0x1p-14F);
    const std::uint32_t value = exponent == 0x0f800000U ? special : exponent == 0 ? subnormal : normal;
    return std::bit_cast<float>(sign | value);
  }
};

/// The upper half of a float.
struct BFloat16 {
  std::uint16_t bits = 0;

  /// Exact.
  operator float() const { return std::bit_cast<float>(std::uint32_t{bits} << 16); }
};

/// One byte, 0 or 1; any other value reads as 1.
struct Boolean {
  std::uint8_t bits = 0;

  operator float() const { return bits != 0 ? 1.0F : 0.0F; }
};

/// Element types that checkpoints hold.
enum class DType { float64, float32, float16, bfloat16, int64, int32, int16, int8, uint8, boolean };

/// Spelling in a safetensors header.
inline std::string_view dtype_name(DType dtype) {
  constexpr std::array<std::string_view, 10> names = {"F64", "F32", "F16", "BF16", "I64",
                                                      "I32", "I16", "I8",  "U8",   "BOOL"};
  return names[static_cast<std::size_t>(dtype)];
}

/// Bytes per element.
inline std::size_t dtype_size(DType dtype) {
  constexpr std::array<std::size_t, 10> sizes = {8, 4, 2, 2, 8, 4, 2, 1, 1, 1};
  return sizes[static_cast<std::size_t>(dtype)];
}

/// Inverse of dtype_name(); nothing for an unknown spelling.
inline std::optional<DType> parse_dtype(std::string_view spelling) {
  for (auto dtype = DType::float64; dtype <= DType::boolean;
       dtype = static_cast<DType>(static_cast<int>(dtype) + 1)) {
    if (dtype_name(dtype) == spelling) return dtype;
  }
  return std::nullopt;
}

/// Calls f with a value of the C++ type in which elements of `dtype` are stored.
template <class F> decltype(auto) visit_dtype(DType dtype, F&& f) {
  switch (dtype) {
    case DType::float64:
      return f(double{});
    case DType::float32:
      return f(float{});
    case DType::float16:
      return f(Float16{});
    case DType::bfloat16:
      return f(BFloat16{});
    case DType::int64:
      return f(std::int64_t{});
    case DType::int32:
      return f(std::int32_t{});
    case DType::int16:
      return f(std::int16_t{});
    case DType::int8:
      return f(std::int8_t{});
    case DType::uint8:
      return f(std::uint8_t{});
    case DType::boolean:
      break;
  }
  return f(Boolean{});
}

}  // namespace RFPP_ABI
}  // namespace rfpp::io

#endif
