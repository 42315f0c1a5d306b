#ifndef RFPP_CUDA_TENSOR_CORES_HPP
#define RFPP_CUDA_TENSOR_CORES_HPP

#include <type_traits>

#include "rfpp/cuda/stream.hpp"
#include "rfpp/cuda/tiles.hpp"

// A GPU's blocks of threads, and products of matrices on its tensor cores.

namespace rfpp::cuda {
inline namespace RFPP_ABI {

/// The matrices of a warp, sums in float: the instructions ldmatrix and mma (PTX ISA, "Matrix fragments for
/// mma.m16n8k16" and those for "m16n8k8"). What wmma loads has rows at one distance, which leaves it no way to
/// keep them out of each other's banks but padding.
class TensorCores {
  static __device__ int lane() { return static_cast<int>(threadIdx.x) % 32; }

 public:
  template <class Element> struct Left { unsigned words[4]; };
  template <class Element> struct Right { unsigned words[4]; };  // of eight columns, then the other eight
  template <class Element> struct Square {
    static constexpr int num_elements = 8;
    float x[num_elements];
  };

  template <class Element> __device__ static void clear(Square<Element>& square) {
    for (float& sum : square.x) sum = 0;
  }
  template <bool Turned> __device__ static void load_matrices(auto& operand, const auto& rows) {
    const auto row = static_cast<unsigned>(__cvta_generic_to_shared(rows(lane())));
    unsigned(&w)[4] = operand.words;
    if constexpr (Turned)
      asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0, %1, %2, %3}, [%4];"
                   : "=r"(w[0]), "=r"(w[1]), "=r"(w[2]), "=r"(w[3])
                   : "r"(row)
                   : "memory");
    else
      asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];"
                   : "=r"(w[0]), "=r"(w[1]), "=r"(w[2]), "=r"(w[3])
                   : "r"(row)
                   : "memory");
  }
  __device__ static void load_words(auto& operand, const auto& words) {
#pragma unroll
    for (int m = 0; m < 4; ++m) operand.words[m] = __float_as_uint(*words(lane(), m));
  }
  template <class Element>
  __device__ static void multiply(Square<Element>& square, const Left<Element>& left,
                                  const Right<Element>& right) {
#pragma unroll
    for (int half = 0; half < 2; ++half)
      multiply_half<Element>(square.x + 4 * half, left.words, right.words + 2 * half);
  }
  template <class Element> __device__ static void store(const Square<Element>& square, const auto& at) {
#pragma unroll
    for (int i = 0; i < 4; ++i) {
      const PairPlace place = pair_of(lane(), i);
      *reinterpret_cast<float2*>(at(place.row, place.column)) =
          make_float2(square.x[2 * i], square.x[2 * i + 1]);
    }
  }

 private:
  template <class Element>
  __device__ static void multiply_half(float* x, const unsigned (&a)[4], const unsigned* b) {
#define RFPP_MULTIPLY(shape_and_types)                                                                       \
  asm("mma.sync.aligned." shape_and_types " {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};" \
      : "+f"(x[0]), "+f"(x[1]), "+f"(x[2]), "+f"(x[3])                                                       \
      : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]))
    if constexpr (std::is_same_v<Element, float>)
      RFPP_MULTIPLY("m16n8k8.row.col.f32.tf32.tf32.f32");
    else if constexpr (std::is_same_v<Element, CudaStream::Brain>)
      RFPP_MULTIPLY("m16n8k16.row.col.f32.bf16.bf16.f32");
    else
      RFPP_MULTIPLY("m16n8k16.row.col.f32.f16.f16.f32");
#undef RFPP_MULTIPLY
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

// Two blocks of threads in a multiprocessor, where the registers are enough for their sums.
template <class Numbers, class T, class Left, class Right, class Write>
__global__ void __launch_bounds__(tile_threads, Numbers::parts == 1 ? 2 : 1)
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

template <class Item, class Epilogue>
__global__ void __launch_bounds__(tile_threads)
    fold_groups_kernel(const GroupMoments<Item, Epilogue> moments) {
  __shared__ __align__(16) unsigned char memory[GroupMoments<Item, Epilogue>::shared_bytes];
  ThreadBlock block;
  fold_group(block, moments, static_cast<int>(blockIdx.x), memory);
}

template <class Item, class Epilogue>
void start(const CudaStream& device, const GroupMoments<Item, Epilogue>& moments) {
  const cudaStream_t stream = device.stream();
  fold_groups_kernel<<<static_cast<unsigned>(moments.blocks()), tile_threads, 0, stream>>>(moments);
  check(cudaGetLastError(), "starting a norm");
}

}  // namespace RFPP_ABI
}  // namespace rfpp::cuda

#endif
