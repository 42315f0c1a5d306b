#ifndef RFPP_TESTS_CUDA_EMULATION_TENSOR_CORES_HPP
#define RFPP_TESTS_CUDA_EMULATION_TENSOR_CORES_HPP

#include <bit>
#include <cstdint>
#include <cstring>
#include <memory>
#include <type_traits>

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

/// sums[16][16] += left[16][depth] * right[depth][16] in the arithmetic of an A100's tensor cores, `addends`
/// products at once: products are exact, they and the sum are aligned to the largest of them, what is beyond
/// one bit more than a float has is cut off, and so is what the new sum cannot hold (Fasi et al. 2021,
/// "Numerical behavior of NVIDIA tensor cores"; Khattak & Mikaitis 2025, "Accurate models of NVIDIA tensor
/// cores", by which later ones have more bits and more addends).
void multiply_squares(float* sums, const float* left, const float* right, int depth, int addends);

/// The matrices of a warp, for cuda::WarpSums: whole ones, since all of its threads are this one.
struct TensorCores {
  template <class Element> static constexpr int depth = std::is_same_v<Element, float> ? 8 : 16;
  template <class Element, bool Across> struct Left { float x[16 * depth<Element>]; };
  template <class Element, bool Across> struct Right { float x[depth<Element> * 16]; };
  template <class Element> struct Square {
    static constexpr int num_elements = 256;
    float x[num_elements];
  };

  template <class Element> static void clear(Square<Element>& square) {
    std::memset(square.x, 0, sizeof square.x);
  }
  template <class Element, bool Across>
  static void load(Left<Element, Across>& left, const Element* from, int pitch) {
    for (int i = 0; i < 16; ++i)
      for (int k = 0; k < depth<Element>; ++k)
        left.x[i * depth<Element> + k] =
            static_cast<float>(Across ? from[k * pitch + i] : from[i * pitch + k]);
  }
  template <class Element, bool Across>
  static void load(Right<Element, Across>& right, const Element* from, int pitch) {
    for (int k = 0; k < depth<Element>; ++k)
      for (int j = 0; j < 16; ++j)
        right.x[k * 16 + j] = static_cast<float>(Across ? from[k * pitch + j] : from[j * pitch + k]);
  }
  template <class Element, bool Across>
  static void multiply(Square<Element>& square, const Left<Element, Across>& left,
                       const Right<Element, Across>& right) {
    multiply_squares(square.x, left.x, right.x, depth<Element>, depth<Element> / 2);
  }
  template <class Element> static void store(float* to, const Square<Element>& square, int pitch) {
    for (int i = 0; i < 16; ++i) std::memcpy(to + i * pitch, square.x + i * 16, 16 * sizeof(float));
  }
};

/// A block of threads, for cuda::multiply_tile: one thread after the other, from barrier to barrier.
class ThreadBlock {
  static constexpr int threads = 256;

 public:
  using Cores = TensorCores;
  template <class T, int Count> class Own {
   public:
    T& of(int number) { return all_[static_cast<std::size_t>(number)]; }

   private:
    std::unique_ptr<T[]> all_ = std::make_unique<T[]>(Count);
  };
  template <class F> static void each_thread(F&& f) {
    for (int thread = 0; thread < threads; ++thread) f(thread);
  }
  template <class F> static void each_warp(F&& f) {
    for (int warp = 0; warp < threads / 32; ++warp) f(warp);
  }
  static void sync() {}
  static void end_copies() {}  // copies are done at once
  template <int Steps> static void await_copies() {}
};

}  // namespace rfpp::test::emulation

#endif
