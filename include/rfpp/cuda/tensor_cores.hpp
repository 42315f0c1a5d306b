#ifndef RFPP_CUDA_TENSOR_CORES_HPP
#define RFPP_CUDA_TENSOR_CORES_HPP

#include <mma.h>

#include <type_traits>

#include "rfpp/cuda/stream.hpp"
#include "rfpp/cuda/tiles.hpp"

// A GPU's blocks of threads, and products of matrices on its tensor cores.

namespace rfpp::cuda {
inline namespace RFPP_ABI {

/// The matrices of a warp, sums in float.
class TensorCores {
  template <class Element>
  using Type = std::conditional_t<std::is_same_v<Element, float>, nvcuda::wmma::precision::tf32, Element>;

 public:
  template <class Element> static constexpr int depth = std::is_same_v<Element, float> ? 8 : 16;
  template <class Element, bool Across>
  using Left =
      nvcuda::wmma::fragment<nvcuda::wmma::matrix_a, 16, 16, depth<Element>, Type<Element>,
                             std::conditional_t<Across, nvcuda::wmma::col_major, nvcuda::wmma::row_major>>;
  template <class Element, bool Across>
  using Right =
      nvcuda::wmma::fragment<nvcuda::wmma::matrix_b, 16, 16, depth<Element>, Type<Element>,
                             std::conditional_t<Across, nvcuda::wmma::row_major, nvcuda::wmma::col_major>>;
  template <class Element>
  using Square = nvcuda::wmma::fragment<nvcuda::wmma::accumulator, 16, 16, depth<Element>, float>;

  __device__ static void clear(auto& square) { nvcuda::wmma::fill_fragment(square, 0.0f); }
  template <class Element> __device__ static void load(auto& operand, const Element* from, int pitch) {
    nvcuda::wmma::load_matrix_sync(operand, from, static_cast<unsigned>(pitch));
  }
  __device__ static void multiply(auto& square, const auto& left, const auto& right) {
    nvcuda::wmma::mma_sync(square, left, right, square);
  }
  __device__ static void store(float* to, const auto& square, int pitch) {
    nvcuda::wmma::store_matrix_sync(to, square, static_cast<unsigned>(pitch), nvcuda::wmma::mem_row_major);
  }
};

/// The block of threads that the calling thread belongs to.
struct ThreadBlock {
  using Cores = TensorCores;
  template <class T, int> struct Own {
    T it;
    __device__ T& of(int) { return it; }
  };
  template <class F> __device__ static void each_thread(F&& f) { f(static_cast<int>(threadIdx.x)); }
  template <class F> __device__ static void each_warp(F&& f) { f(static_cast<int>(threadIdx.x) / 32); }
  __device__ static void sync() { __syncthreads(); }
  __device__ static void end_copies() { asm volatile("cp.async.commit_group;" ::: "memory"); }
  /// This thread's copies.
  template <int Steps> __device__ static void await_copies() {
    asm volatile("cp.async.wait_group %0;" ::"n"(Steps) : "memory");
  }
};

template <class Numbers, class T, class Left, class Right, class Write>
__global__ void __launch_bounds__(tile_threads)
    multiply_kernel(const Product<Numbers, T, Left, Right, Write> product) {
  extern __shared__ __align__(128) unsigned char memory[];
  const int z = static_cast<int>(blockIdx.z);
  ThreadBlock block;
  multiply_tile(
      block, product,
      {z / product.splits, z % product.splits, static_cast<int>(blockIdx.x), static_cast<int>(blockIdx.y)},
      memory);
}

template <class Numbers, class T, class Left, class Right, class Write>
void start(const CudaStream& device, const Product<Numbers, T, Left, Right, Write>& product) {
  const std::size_t bytes = shared_bytes<Product<Numbers, T, Left, Right, Write>>(product.stages);
  constexpr auto kernel = multiply_kernel<Numbers, T, Left, Right, Write>;
  const cudaStream_t stream = device.stream();
  // More than is there unasked.
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
