#ifndef RFPP_CUDA_GROUP_MOMENTS_HPP
#define RFPP_CUDA_GROUP_MOMENTS_HPP

#include <cstddef>

#include "rfpp/cuda/products.hpp"

namespace rfpp::cuda {
inline namespace RFPP_ABI {

/// What group norm applies to the channels of every image, {n,1,1,c}: x * a + b.
struct ChannelAffine {
  const float *weight, *bias;
  float *a = nullptr, *b;  // where a is null, nobody asks for it
};

/// The moments of every group of every image {n,2,1,groups}, a block of threads for each: so few elements that
/// several kernels, one for every round of sums, would mostly wait for each other.
template <class Item, class Epilogue> struct GroupMoments {
  static constexpr int threads = tile_threads;
  static constexpr std::size_t shared_bytes = threads * sizeof(SumAndSquares);
  Item item;
  std::size_t items, count;  // of a group of an image: what is folded, and of how many elements that is
  double epsilon;
  int width;  // channels of a group
  Emit<float, Epilogue> emit_moment;
  ChannelAffine affine{};

  RFPP_HD int groups() const { return emit_moment.extents.c; }
  int blocks() const { return emit_moment.extents.n * groups(); }
  /// One thread's part.
  RFPP_HD SumAndSquares fold(int target, int thread) const {
    SumAndSquares sum;
    for (auto k = static_cast<std::size_t>(thread); k < items; k += threads)
      sum = AddBoth::join(sum, item(static_cast<std::size_t>(target), k));
    return sum;
  }
  RFPP_HD void emit(SumAndSquares all, int target, int thread) const {
    const auto moments = moments_of(all, count, epsilon);
    const auto mean = static_cast<float>(moments.mean), reciprocal = static_cast<float>(moments.reciprocal);
    const int image = target / groups(), group = target - image * groups();
    if (thread == 0) {
      const auto first = static_cast<std::size_t>(2 * image * groups() + group);
      emit_moment(first, &mean);
      emit_moment(first + static_cast<std::size_t>(groups()), &reciprocal);
    }
    if (affine.a == nullptr) return;
    for (int k = thread; k < width; k += threads) {
      const int c = group * width + k, i = target * width + k;
      affine.a[i] = reciprocal * affine.weight[c];
      affine.b[i] = affine.bias[c] - mean * affine.a[i];
    }
  }
};

}  // namespace RFPP_ABI
}  // namespace rfpp::cuda

#endif
