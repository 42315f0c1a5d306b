#ifndef RFPP_TESTS_CUDA_EMULATION_TENSOR_CORES_HPP
#define RFPP_TESTS_CUDA_EMULATION_TENSOR_CORES_HPP

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <type_traits>

#include "rfpp/cuda/tiles.hpp"
#include "rfpp/io/dtype.hpp"

namespace rfpp::test::emulation {

/// bfloat16, to the nearest, of two equally near the even one.
struct BFloat16 {
  std::uint16_t bits = 0;

  BFloat16() = default;
  explicit BFloat16(float value) {
    const auto whole = std::bit_cast<std::uint32_t>(value);
    const bool nan = (whole & 0x7fffffffU) > 0x7f800000U;
    bits = static_cast<std::uint16_t>(nan ? 0x7fffU : (whole + 0x7fffU + (whole >> 16 & 1U)) >> 16);
  }
  operator float() const { return std::bit_cast<float>(std::uint32_t{bits} << 16); }
};

/// sums[rows][16] += left[rows][depth] * right[depth][16], rows of sums in a distance of `stride`, in the arithmetic of an A100's tensor cores, `addends`
/// products at once: products are exact, they and the sum are aligned to the largest of them, what is beyond
/// one bit more than a float has is cut off, and so is what the new sum cannot hold (Fasi et al. 2021,
/// "Numerical behavior of NVIDIA tensor cores"; Khattak & Mikaitis 2025, "Accurate models of NVIDIA tensor
/// cores", by which later ones have more bits and more addends).
void multiply_rows(float* sums, int stride, const float* left, const float* right, int rows, int depth,
                   int addends);

/// Accesses to shared memory that wait for another one of the same threads at once, since both are in the same
/// banks.
inline std::size_t bank_conflicts = 0;

/// Accesses of threads at once, each of so many bytes, which are in their places of 128.
template <int Bytes> class Access {
 public:
  void operator()(const void* address) {
    const unsigned bank = 1U << reinterpret_cast<std::uintptr_t>(address) % 128 / Bytes;
    if ((banks_ & bank) != 0) ++bank_conflicts;
    banks_ |= bank;
  }

 private:
  unsigned banks_ = 0;
};

constexpr int lanes = 32;  // threads of a warp
using Registers = std::uint32_t[lanes][4];

/// ldmatrix: row lane % 8 of matrix lane / 8 is at rows[lane].
void load_matrices(Registers& to, const void* const (&rows)[lanes], bool turned);
/// Each thread loads its four words.
void load_words(Registers& to, const void* const (&words)[lanes][4]);
/// What mma takes from its registers, as [row][k], and for two of it as [k][column].
template <class Element> void read_left(const Registers& from, float* left);
template <class Element> void read_right(const Registers& from, float* right);
/// Each thread stores four pairs of the sums that two of mma have left to it.
void store_pairs(float* const (&to)[lanes][4], const float* square);

/// The matrices of a warp, for cuda::WarpSums: whole ones, since all of its threads are this one.
struct TensorCores {
  template <class Element> static constexpr int depth = 32 / static_cast<int>(sizeof(Element));
  template <class Element> struct Left {
    float x[16 * depth<Element>];
    void read(const Registers& from) { read_left<Element>(from, x); }
  };
  template <class Element> struct Right {
    float x[depth<Element> * 16];
    void read(const Registers& from) { read_right<Element>(from, x); }
  };
  template <class Element> struct Square {
    static constexpr int num_elements = 256;
    float x[num_elements];
  };

  template <class Element> static void clear(Square<Element>& square) {
    std::memset(square.x, 0, sizeof square.x);
  }
  template <bool Turned> static void load_matrices(auto& operand, const auto& rows) {
    const void* from[lanes];
    for (int lane = 0; lane < lanes; ++lane) from[lane] = rows(lane);
    Registers registers;
    emulation::load_matrices(registers, from, Turned);
    operand.read(registers);
  }
  static void load_words(auto& operand, const auto& words) {
    const void* from[lanes][4];
    for (int lane = 0; lane < lanes; ++lane)
      for (int m = 0; m < 4; ++m) from[lane][m] = words(lane, m);
    Registers registers;
    emulation::load_words(registers, from);
    operand.read(registers);
  }
  template <class Element>
  static void multiply(Square<Element>& square, const Left<Element>& left, const Right<Element>& right) {
    multiply_rows(square.x, 16, left.x, right.x, 16, depth<Element>, depth<Element> / 2);
  }
  template <class Element> static void store(const Square<Element>& square, const auto& at) {
    float* to[lanes][4];
    for (int lane = 0; lane < lanes; ++lane)
      for (int i = 0; i < 4; ++i) {
        const cuda::PairPlace place = cuda::pair_of(lane, i);
        to[lane][i] = at(place.row, place.column);
      }
    store_pairs(to, square.x);
  }
};

}  // namespace rfpp::test::emulation

#endif
