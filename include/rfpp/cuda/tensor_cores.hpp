#ifndef RFPP_CUDA_TENSOR_CORES_HPP
#define RFPP_CUDA_TENSOR_CORES_HPP

#include <cuda_bf16.h>
#include <cuda_fp16.h>
#include <mma.h>

#include <algorithm>
#include <type_traits>

#include "rfpp/cuda/device.hpp"
#include "rfpp/cuda/products.hpp"

// The multiplication of staged tiles on tensor cores, sums in float.

namespace rfpp::cuda {
inline namespace RFPP_ABI {

struct Bfloat16 {
  static constexpr Packing::Kind kind = Packing::Kind::bfloat16;
  using Element = __nv_bfloat16;
  static constexpr int parts = 1;
  RFPP_HD static void split(float v, Element* to) { to[0] = __float2bfloat16(v); }
};
/// Values beyond 65504 become infinity.
struct Float16 {
  static constexpr Packing::Kind kind = Packing::Kind::float16;
  using Element = __half;
  static constexpr int parts = 1;
  RFPP_HD static void split(float v, Element* to) { to[0] = __float2half(v); }
};

using SplitFloat16 = SplitHalf<__half>;

namespace detail {
template <class Element> struct Fragments {
  static constexpr int depth = 16;
  using Type = Element;
};
template <> struct Fragments<float> {
  static constexpr int depth = 8;
  using Type = nvcuda::wmma::precision::tf32;
};

inline constexpr int stages = 3;  // in shared memory at once: copies are two steps ahead of the products

__device__ inline void end_copies() { asm volatile("cp.async.commit_group;" ::: "memory"); }
/// All but the last so many steps' copies of this thread.
template <int Steps> __device__ void await_copies() {
  asm volatile("cp.async.wait_group %0;" ::"n"(Steps) : "memory");
}
}  // namespace detail

/// The sums of one warp, of operands that lie along the depth or across it.
template <class Numbers, class T, bool Across> struct WarpSums {
  using Shape = detail::Fragments<typename Numbers::Element>;
  using RowMajor = nvcuda::wmma::row_major;
  using ColumnMajor = nvcuda::wmma::col_major;
  using Left = nvcuda::wmma::fragment<nvcuda::wmma::matrix_a, 16, 16, Shape::depth, typename Shape::Type,
                                      std::conditional_t<Across, ColumnMajor, RowMajor>>;
  using Right = nvcuda::wmma::fragment<nvcuda::wmma::matrix_b, 16, 16, Shape::depth, typename Shape::Type,
                                       std::conditional_t<Across, RowMajor, ColumnMajor>>;
  using Square = nvcuda::wmma::fragment<nvcuda::wmma::accumulator, 16, 16, Shape::depth, float>;
  struct Squares {
    Square at[T::row_squares][T::column_squares];

    __device__ Squares() {
#pragma unroll
      for (auto& row : at)
#pragma unroll
        for (auto& square : row) nvcuda::wmma::fill_fragment(square, 0.0f);
    }
  };

  Squares sums;
  int row, column;  // of the tile, where the warp's squares begin

  __device__ explicit WarpSums(int warp)
      : row(warp / (T::columns / T::warp_columns) * T::warp_rows),
        column(warp % (T::columns / T::warp_columns) * T::warp_columns) {}

  /// Adds the products of what is staged. Tensor cores cut off what their sums cannot hold instead of
  /// rounding it; split numbers are summed outside of them after every step, since they are there to be
  /// exact. The product of second parts is too small to count.
  __device__ void add(const auto& s) {
    if constexpr (Numbers::parts == 1) {
      multiply(s, 0, 0, sums);
    } else {
      Squares part;
      multiply(s, 0, 1, part);
      multiply(s, 1, 0, part);
      for_each_sum([&](int i, int j, int e) { part.at[i][j].x[e] *= Numbers::second; });
      multiply(s, 0, 0, part);
      for_each_sum([&](int i, int j, int e) { sums.at[i][j].x[e] += part.at[i][j].x[e]; });
    }
  }
  __device__ void store(TileSums<T>& s) const {
#pragma unroll
    for (int i = 0; i < T::row_squares; ++i)
#pragma unroll
      for (int j = 0; j < T::column_squares; ++j)
        nvcuda::wmma::store_matrix_sync(&s.sums[row + 16 * i][column + 16 * j], sums.at[i][j],
                                        TileSums<T>::pitch, nvcuda::wmma::mem_row_major);
  }

 private:
  template <class F> __device__ static void for_each_sum(F&& f) {
#pragma unroll
    for (int i = 0; i < T::row_squares; ++i)
#pragma unroll
      for (int j = 0; j < T::column_squares; ++j)
#pragma unroll
        for (int e = 0; e < Square::num_elements; ++e) f(i, j, e);
  }
  __device__ void multiply(const auto& s, int left_part, int right_part, Squares& to) const {
#pragma unroll
    for (int k = 0; k < step_depth<Numbers>; k += Shape::depth) {
      Left left[T::row_squares];
      Right right[T::column_squares];
#pragma unroll
      for (int i = 0; i < T::row_squares; ++i)
        nvcuda::wmma::load_matrix_sync(left[i], s.left.at(left_part, row + 16 * i, k), s.left.pitch);
#pragma unroll
      for (int j = 0; j < T::column_squares; ++j)
        nvcuda::wmma::load_matrix_sync(right[j], s.right.at(right_part, column + 16 * j, k), s.right.pitch);
#pragma unroll
      for (int i = 0; i < T::row_squares; ++i)
#pragma unroll
        for (int j = 0; j < T::column_squares; ++j)
          nvcuda::wmma::mma_sync(to.at[i][j], left[i], right[j], to.at[i][j]);
    }
  }
};

template <class Numbers, class T, class Left, class Right, class Write>
__global__ void __launch_bounds__(tile_threads)
    multiply_kernel(const Product<Numbers, T, Left, Right, Write> product) {
  using P = Product<Numbers, T, Left, Right, Write>;
  extern __shared__ __align__(128) unsigned char memory[];
  auto* stages = reinterpret_cast<typename P::Stage*>(memory);
  const int thread = static_cast<int>(threadIdx.x), z = static_cast<int>(blockIdx.z);
  const typename P::Place tile{z / product.splits, z % product.splits, static_cast<int>(blockIdx.x),
                               static_cast<int>(blockIdx.y)};
  const auto lines = product.lines_of(tile, thread);
  const int begin = product.begin_of(tile.split), end = product.begin_of(tile.split + 1);
  const auto stage = [&](int step) {
    if (step < end) product.stage(stages[step % detail::stages], lines, thread, step);
    detail::end_copies();  // of nothing, past the end: the count below stays true
  };
  for (int ahead = 0; ahead < detail::stages - 1; ++ahead) stage(begin + ahead);

  WarpSums<Numbers, T, Left::across> sums(thread / 32);
  for (int step = begin; step < end; ++step) {
    detail::await_copies<detail::stages - 2>();
    __syncthreads();  // everybody's copies are there, and everybody is done with the stage that is next
    stage(step + detail::stages - 1);
    sums.add(stages[step % detail::stages]);
  }
  detail::await_copies<0>();
  __syncthreads();
  auto& finished = *reinterpret_cast<TileSums<T>*>(memory);
  sums.store(finished);
  __syncthreads();
  product.write(finished, tile, thread);
}

template <class Numbers, class T, class Left, class Right, class Write>
void start(cudaStream_t stream, const Product<Numbers, T, Left, Right, Write>& product) {
  using P = Product<Numbers, T, Left, Right, Write>;
  constexpr std::size_t bytes = std::max(detail::stages * sizeof(typename P::Stage),
                                         sizeof(TileSums<T>));  // more than is there unasked
  constexpr auto kernel = multiply_kernel<Numbers, T, Left, Right, Write>;
  check(cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, static_cast<int>(bytes)),
        "asking for shared memory");
  const dim3 grid(static_cast<unsigned>(product.row_tiles()), static_cast<unsigned>(product.column_tiles()),
                  static_cast<unsigned>(product.products * product.splits));
  kernel<<<grid, tile_threads, bytes, stream>>>(product);
  check(cudaGetLastError(), "starting a product");
}

}  // namespace RFPP_ABI
}  // namespace rfpp::cuda

#endif
