#ifndef RFPP_CUDA_TENSOR_CORES_HPP
#define RFPP_CUDA_TENSOR_CORES_HPP

#include <cuda_bf16.h>
#include <cuda_fp16.h>
#include <mma.h>

#include "rfpp/cuda/device.hpp"
#include "rfpp/cuda/products.hpp"

// The multiplication of staged tiles on tensor cores, sums in float.

namespace rfpp::inline v0::cuda {

struct Bfloat16 {
  using Element = __nv_bfloat16;
  static constexpr int parts = 1, depth = 32;
  __device__ static void split(float v, Element* to) { to[0] = __float2bfloat16(v); }
};
/// Values beyond 65504 become infinity.
struct Float16 {
  using Element = __half;
  static constexpr int parts = 1, depth = 32;
  __device__ static void split(float v, Element* to) { to[0] = __float2half(v); }
};

namespace detail {
template <class Element> struct Fragments {
  static constexpr int depth = 16;
  using Type = Element;
};
template <> struct Fragments<float> {
  static constexpr int depth = 8;
  using Type = nvcuda::wmma::precision::tf32;
};
}  // namespace detail

template <class Numbers> struct WarpSums {
  using Shape = detail::Fragments<typename Numbers::Element>;
  using Left = nvcuda::wmma::fragment<nvcuda::wmma::matrix_a, 16, 16, Shape::depth, typename Shape::Type,
                                      nvcuda::wmma::row_major>;
  using Right = nvcuda::wmma::fragment<nvcuda::wmma::matrix_b, 16, 16, Shape::depth, typename Shape::Type,
                                       nvcuda::wmma::col_major>;
  using Sums = nvcuda::wmma::fragment<nvcuda::wmma::accumulator, 16, 16, Shape::depth, float>;

  Sums sums[Tile::squares][Tile::squares];

  __device__ WarpSums() {
    for (auto& row : sums)
      for (auto& square : row) nvcuda::wmma::fill_fragment(square, 0.0f);
  }
  /// Adds the products of what is staged. Tensor cores cut off what their sums cannot hold instead of
  /// rounding it; split numbers are summed outside of them after every stage, since they are there to be
  /// exact.
  __device__ void add(const Stage<Numbers>& s, int warp) {
    const int row = warp / Tile::warp_columns * Tile::squares * 16;
    const int column = warp % Tile::warp_columns * Tile::squares * 16;
    if constexpr (Numbers::parts == 1) {
      multiply(s, row, column, 0, 0, sums);
    } else {
      Sums part[Tile::squares][Tile::squares];
      for (auto& line : part)
        for (auto& square : line) nvcuda::wmma::fill_fragment(square, 0.0f);
      multiply(s, row, column, 0, 1, part);
      multiply(s, row, column, 1, 0, part);
      multiply(s, row, column, 0, 0, part);
      for (int i = 0; i < Tile::squares; ++i)
        for (int j = 0; j < Tile::squares; ++j)
          for (int e = 0; e < Sums::num_elements; ++e) sums[i][j].x[e] += part[i][j].x[e];
    }
  }
  __device__ void store(Stage<Numbers>& s, int warp) const {
    const int row = warp / Tile::warp_columns * Tile::squares * 16;
    const int column = warp % Tile::warp_columns * Tile::squares * 16;
    for (int i = 0; i < Tile::squares; ++i)
      for (int j = 0; j < Tile::squares; ++j)
        nvcuda::wmma::store_matrix_sync(&s.sums[row + 16 * i][column + 16 * j], sums[i][j],
                                        Stage<Numbers>::sums_pitch, nvcuda::wmma::mem_row_major);
  }

 private:
  __device__ static void multiply(const Stage<Numbers>& s, int row, int column, int left_part, int right_part,
                                  Sums (&to)[Tile::squares][Tile::squares]) {
    constexpr int pitch = Stage<Numbers>::pitch;
#pragma unroll
    for (int k = 0; k < Numbers::depth; k += Shape::depth) {
      Left left[Tile::squares];
      Right right[Tile::squares];
      for (int i = 0; i < Tile::squares; ++i) {
        nvcuda::wmma::load_matrix_sync(left[i], &s.operands.left[left_part][row + 16 * i][k], pitch);
        nvcuda::wmma::load_matrix_sync(right[i], &s.operands.right[right_part][column + 16 * i][k], pitch);
      }
      for (int i = 0; i < Tile::squares; ++i)
        for (int j = 0; j < Tile::squares; ++j) nvcuda::wmma::mma_sync(to[i][j], left[i], right[j], to[i][j]);
    }
  }
};

template <class Numbers, class P>
__global__ void __launch_bounds__(Tile::threads) multiply_kernel(const P product) {
  __shared__ Stage<Numbers> s;
  const int thread = static_cast<int>(threadIdx.x), warp = thread / 32;
  const typename P::Place tile{static_cast<int>(blockIdx.z), static_cast<int>(blockIdx.x),
                               static_cast<int>(blockIdx.y)};
  const auto rows = product.rows_of(tile, thread);
  WarpSums<Numbers> sums;
  for (int k = 0; k < product.left.depth(); k += Numbers::depth) {
    product.stage(s, tile, rows, thread, k);
    __syncthreads();
    sums.add(s, warp);
    __syncthreads();
  }
  sums.store(s, warp);
  __syncthreads();
  product.write(s, tile, thread);
}

template <class Numbers, class Left, class Right, class Epilogue>
void multiply(cudaStream_t stream, const Left& left, const Right& right, int products, int columns,
              const Emit<float, Epilogue>& emit) {
  using P = Product<Numbers, Left, Right, Epilogue>;
  const P product{left, right, columns, emit};
  const dim3 grid(static_cast<unsigned>(product.row_tiles()), static_cast<unsigned>(product.column_tiles()),
                  static_cast<unsigned>(products));
  multiply_kernel<Numbers, P><<<grid, Tile::threads, 0, stream>>>(product);
  check(cudaGetLastError(), "starting a product");
}

}  // namespace rfpp::inline v0::cuda

#endif
