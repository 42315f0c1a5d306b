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

void multiply_rows(float* sums, int stride, const float* left, const float* right, int rows, int depth,
                   int addends) {
  for (int k = 0; k < depth; k += addends) {
    const bool finite = all_finite(right + k * columns, addends * columns);
    for (int i = 0; i < rows; ++i) {
      float* row = sums + i * stride;
      const float* factors = left + i * depth + k;
      // Nothing is added to nothing in most rows of small images' tiles.
      if (finite && all_zero(factors, addends) && all_zero(row, columns)) continue;
      add_products(row, factors, right + k * columns, addends);
    }
  }
}

void load_matrices(Registers& to, const void* const (&rows)[lanes], bool turned) {
  for (int m = 0; m < 4; ++m) {
    unsigned char matrix[8][16];
    Access<16> access;
    for (int row = 0; row < 8; ++row) {
      access(rows[8 * m + row]);
      std::memcpy(matrix[row], rows[8 * m + row], 16);
    }
    for (int lane = 0; lane < lanes; ++lane) {
      auto* word = reinterpret_cast<unsigned char*>(&to[lane][m]);
      if (!turned) std::memcpy(word, &matrix[lane / 4][lane % 4 * 4], 4);
      for (int i = 0; turned && i < 2; ++i)
        std::memcpy(word + 2 * i, &matrix[lane % 4 * 2 + i][lane / 4 * 2], 2);
    }
  }
}
void load_words(Registers& to, const void* const (&words)[lanes][4]) {
  for (int m = 0; m < 4; ++m) {
    Access<4> access;
    for (int lane = 0; lane < lanes; ++lane) {
      access(words[lane][m]);
      std::memcpy(&to[lane][m], words[lane][m], 4);
    }
  }
}

// PTX ISA, "Matrix fragments for mma.m16n8k16 with floating point type" and "Matrix fragments for mma.m16n8k8":
// the first register of 32 threads is an 8x8 of 16-bit numbers or an 8x4 of 32-bit ones.

namespace {

/// f(lane, m, k, value) for every element, which is k-th of the depth of the registers' part of it.
template <class Element> void for_each_element(const Registers& from, auto&& f) {
  constexpr int in_word = 4 / static_cast<int>(sizeof(Element));
  for (int lane = 0; lane < lanes; ++lane)
    for (int m = 0; m < 4; ++m)
      for (int i = 0; i < in_word; ++i) {
        Element element;
        std::memcpy(&element, reinterpret_cast<const unsigned char*>(&from[lane][m]) + i * 4 / in_word,
                    sizeof element);
        f(lane, m, lane % 4 * in_word + i, static_cast<float>(element));
      }
}

}  // namespace

template <class Element> void read_left(const Registers& from, float* left) {
  constexpr int depth = TensorCores::depth<Element>;
  for_each_element<Element>(from, [left](int lane, int m, int k, float value) {
    left[(lane / 4 + m % 2 * 8) * depth + k + m / 2 * (depth / 2)] = value;
  });
}
template <class Element> void read_right(const Registers& from, float* right) {
  constexpr int depth = TensorCores::depth<Element>;
  for_each_element<Element>(from, [right](int lane, int m, int k, float value) {
    right[(k + m % 2 * (depth / 2)) * 16 + lane / 4 + m / 2 * 8] = value;
  });
}
template void read_left<float>(const Registers&, float*);
template void read_left<io::Float16>(const Registers&, float*);
template void read_left<BFloat16>(const Registers&, float*);
template void read_right<float>(const Registers&, float*);
template void read_right<io::Float16>(const Registers&, float*);
template void read_right<BFloat16>(const Registers&, float*);

void store_pairs(float* const (&to)[lanes][4], const float* square) {
  for (int i = 0; i < 4; ++i)  // sums c0 and c1, c2 and c3, and the same of the other eight columns
    for (int first = 0; first < lanes; first += 16) {
      Access<8> access;
      for (int lane = first; lane < first + 16; ++lane) {
        access(to[lane][i]);
        std::memcpy(to[lane][i], square + (lane / 4 + i % 2 * 8) * columns + lane % 4 * 2 + i / 2 * 8, 8);
      }
    }
}

}  // namespace rfpp::test::emulation
