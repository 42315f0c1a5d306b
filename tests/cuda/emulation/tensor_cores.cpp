#include "cuda/emulation/tensor_cores.hpp"

namespace rfpp::test::emulation {

namespace {

constexpr int columns = 16;
using Floats = float __attribute__((vector_size(columns * sizeof(float))));
using Ints = std::int32_t __attribute__((vector_size(columns * sizeof(std::int32_t))));
constexpr std::int32_t magnitude = 0x7fffffff, infinite = 0x7f800000;

/// A row's sums plus `addends` products for each, left[k] * right[k][column].
void add_products(float* row, const float* left, const float* right, int addends) {
  Floats sums, products[8];
  std::memcpy(&sums, row, sizeof sums);
  Ints largest = reinterpret_cast<Ints>(sums) & magnitude;
  for (int k = 0; k < addends; ++k) {
    std::memcpy(&products[k], right + k * columns, sizeof products[k]);
    products[k] *= left[k];
    const Ints bits = reinterpret_cast<Ints>(products[k]) & magnitude, larger = bits > largest;
    largest = (bits & larger) | (largest & ~larger);  // magnitudes are ordered as their bits are
  }
  const Ints beyond = largest >= infinite;
  bool finite = true;
  for (int j = 0; j < columns; ++j) finite = finite && beyond[j] == 0;
  if (finite) {
    // The largest is at least 2^24 units, and below 2^25.
    constexpr std::int32_t smallest = 27 << 23;
    Ints exponent = largest & infinite;
    const Ints small = exponent < smallest;
    exponent = ((exponent & ~small) | (small & smallest)) - (24 << 23);
    const Floats unit = reinterpret_cast<Floats>(exponent);
    const Floats scale = reinterpret_cast<Floats>((254 << 23) - exponent);
    Ints whole = __builtin_convertvector(sums * scale, Ints);
    for (int k = 0; k < addends; ++k) whole += __builtin_convertvector(products[k] * scale, Ints);
    const Ints negative = whole < 0, absolute = (whole ^ negative) - negative;
    const Floats rounded = __builtin_convertvector(absolute, Floats);
    const Ints up = __builtin_convertvector(rounded, Ints) > absolute;  // all bits set: -1
    const Ints cut = (reinterpret_cast<Ints>(rounded) + up) | (negative & ~magnitude);
    sums = reinterpret_cast<Floats>(cut) * unit;
  } else {
    for (int k = 0; k < addends; ++k) sums += products[k];
  }
  std::memcpy(row, &sums, sizeof sums);
}

bool all_finite(const float* x, int count) {
  int beyond = 0;
  for (int i = 0; i < count; ++i) beyond += (std::bit_cast<std::int32_t>(x[i]) & magnitude) >= infinite;
  return beyond == 0;
}
bool all_zero(const float* x, int count) {
  std::int32_t bits = 0;
  for (int i = 0; i < count; ++i) bits |= std::bit_cast<std::int32_t>(x[i]);
  return bits == 0;
}

}  // namespace

void multiply_squares(float* sums, const float* left, const float* right, int depth, int addends) {
  for (int k = 0; k < depth; k += addends) {
    const bool finite = all_finite(right + k * columns, addends * columns);
    for (int i = 0; i < 16; ++i) {
      float* row = sums + i * columns;
      const float* factors = left + i * depth + k;
      // Nothing is added to nothing in most rows of small images' tiles.
      if (finite && all_zero(factors, addends) && all_zero(row, columns)) continue;
      add_products(row, factors, right + k * columns, addends);
    }
  }
}

}  // namespace rfpp::test::emulation
