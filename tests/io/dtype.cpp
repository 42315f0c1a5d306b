#include "rfpp/io/dtype.hpp"

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>

#include "catch.hpp"

using namespace rfpp::io;

TEST_CASE("Every float16 reads as its exact value and writes back as itself") {
  for (std::uint32_t bits = 0; bits < 0x10000; ++bits) {
    Float16 half;
    half.bits = static_cast<std::uint16_t>(bits);
    const int exponent = static_cast<int>(bits >> 10 & 31U);
    const int mantissa = static_cast<int>(bits & 1023U);
    const float sign = (bits & 0x8000U) != 0 ? -1.0F : 1.0F;
    const float value = half;
    if (exponent == 31 && mantissa != 0) {
      REQUIRE(std::isnan(value));
      REQUIRE(std::isnan(static_cast<float>(Float16(value))));
      continue;
    }
    const float expected = exponent == 31  ? std::numeric_limits<float>::infinity()
                           : exponent == 0 ? std::ldexp(static_cast<float>(mantissa), -24)
                                           : std::ldexp(static_cast<float>(1024 + mantissa), exponent - 25);
    REQUIRE(std::bit_cast<std::uint32_t>(value) == std::bit_cast<std::uint32_t>(sign * expected));
    REQUIRE(Float16(value).bits == half.bits);
  }
}

TEST_CASE("float16 rounds to nearest and ties to even") {
  // Halfway between neighbors the even one wins; the next float on either side decides.
  for (std::uint32_t bits = 0; bits < 0x7c00; ++bits) {
    Float16 low, high;
    low.bits = static_cast<std::uint16_t>(bits);
    high.bits = static_cast<std::uint16_t>(bits + 1);
    const float above = bits + 1 == 0x7c00 ? 65536.0F : static_cast<float>(high);
    const float middle = (low + above) / 2;
    REQUIRE(Float16(middle).bits == (bits % 2 == 0 ? low.bits : high.bits));
    REQUIRE(Float16(std::nextafter(middle, 0.0F)).bits == low.bits);
    REQUIRE(Float16(std::nextafter(middle, 1e9F)).bits == high.bits);
    REQUIRE(Float16(-middle).bits == (Float16(middle).bits | 0x8000U));
  }
  CHECK(Float16(65519.0F).bits == 0x7bff);
  CHECK(Float16(65520.0F).bits == 0x7c00);
  CHECK(Float16(1e30F).bits == 0x7c00);
  CHECK(Float16(1e-30F).bits == 0);
  CHECK(Float16(-0.0F).bits == 0x8000);
}

TEST_CASE("bfloat16 and booleans read as floats") {
  BFloat16 value;
  value.bits = 0xc049;
  CHECK(value == -3.140625F);
  CHECK(Boolean{0} == 0.0F);
  CHECK(Boolean{2} == 1.0F);
}

TEST_CASE("Element types know their names and sizes") {
  for (int i = 0; i < 10; ++i) {
    const auto dtype = static_cast<DType>(i);
    CHECK(parse_dtype(dtype_name(dtype)) == dtype);
    CHECK(visit_dtype(dtype, [](auto element) { return sizeof(element); }) == dtype_size(dtype));
  }
  CHECK(dtype_name(DType::bfloat16) == "BF16");
  CHECK(dtype_size(DType::int16) == 2);
  CHECK_FALSE(parse_dtype("F8_E4M3").has_value());
}
