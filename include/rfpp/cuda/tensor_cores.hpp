#ifndef RFPP_CUDA_TENSOR_CORES_HPP
#define RFPP_CUDA_TENSOR_CORES_HPP

#include <cstddef>
#include <cstdint>
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

#if defined(__CUDA_ARCH_FEAT_SM90_ALL)
/// The four warps that the calling thread belongs to: the instruction wgmma.
class HopperWarpgroup {
 public:
  struct Sums {
    static constexpr int count = warpgroup_rows * warpgroup_columns / warpgroup_threads;
    float x[count];
  };

  template <class Element>
  __device__ static void multiply(Sums& sums, std::uint64_t left, std::uint64_t right, bool add) {
    float(&x)[Sums::count] = sums.x;
#define RFPP_EIGHT(i)                                                                         \
  "+f"(x[i]), "+f"(x[i + 1]), "+f"(x[i + 2]), "+f"(x[i + 3]), "+f"(x[i + 4]), "+f"(x[i + 5]), \
      "+f"(x[i + 6]), "+f"(x[i + 7])
#define RFPP_MULTIPLY(types)                                                                                 \
  asm volatile("{\n.reg .pred p;\nsetp.ne.b32 p, %66, 0;\nwgmma.mma_async.sync.aligned.m64n128k16." types    \
               " {"                                                                                          \
               "%0, %1, %2, %3, %4, %5, %6, %7, %8, %9, %10, %11, %12, %13, %14, %15, "                      \
               "%16, %17, %18, %19, %20, %21, %22, %23, %24, %25, %26, %27, %28, %29, %30, %31, "            \
               "%32, %33, %34, %35, %36, %37, %38, %39, %40, %41, %42, %43, %44, %45, %46, %47, "            \
               "%48, %49, %50, %51, %52, %53, %54, %55, %56, %57, %58, %59, %60, %61, %62, %63}, %64, %65, " \
               "p, 1, 1, 0, 0;\n}"                                                                           \
               : RFPP_EIGHT(0), RFPP_EIGHT(8), RFPP_EIGHT(16), RFPP_EIGHT(24), RFPP_EIGHT(32),               \
                 RFPP_EIGHT(40), RFPP_EIGHT(48), RFPP_EIGHT(56)                                              \
               : "l"(left), "l"(right), "r"(add ? 1 : 0))
    if constexpr (std::is_same_v<Element, CudaStream::Brain>)
      RFPP_MULTIPLY("f32.bf16.bf16");
    else
      RFPP_MULTIPLY("f32.f16.f16");
#undef RFPP_MULTIPLY
#undef RFPP_EIGHT
  }
  __device__ static void fence() { asm volatile("wgmma.fence.sync.aligned;" ::: "memory"); }
  __device__ static void commit() { asm volatile("wgmma.commit_group.sync.aligned;" ::: "memory"); }
  template <int Runs> __device__ static void wait(auto&... sums) {
    asm volatile("wgmma.wait_group.sync.aligned %0;" ::"n"(Runs) : "memory");
    (written(sums), ...);
  }
  __device__ static std::uint32_t address(const void* shared) {
    return static_cast<std::uint32_t>(__cvta_generic_to_shared(shared));
  }
  template <bool Turned> __device__ static void store(const Sums& sums, const auto& at) {
    const int thread = static_cast<int>(threadIdx.x) % warpgroup_threads;
#pragma unroll
    for (int i = 0; i < Sums::count / 2; ++i) {
      const PairPlace p = warpgroup_pair_of(thread, i);
      const float2 pair = make_float2(sums.x[2 * i], sums.x[2 * i + 1]);
      if constexpr (Turned)
        *at(p.row, p.column) = pair.x, *at(p.row, p.column + 1) = pair.y;
      else
        *reinterpret_cast<float2*>(at(p.row, p.column)) = pair;
    }
  }

 private:
  /// So that the compiler reads them behind this.
  __device__ static void written(Sums& sums) {
#pragma unroll
    for (float& sum : sums.x) asm volatile("" : "+f"(sum)::"memory");
  }
};
#endif

/// Shared memory that a block may have on a device of compute capability 9.0.
inline constexpr std::size_t hopper_shared_memory = std::size_t{227} << 10;

/// The block of threads that the calling thread belongs to.
struct ThreadBlock {
  using Cores = TensorCores;
#if defined(__CUDA_ARCH_FEAT_SM90_ALL)
  using Warpgroup = HopperWarpgroup;
#else
  using Warpgroup = void;
#endif
  template <class T, int> struct Own {
    T it;
    __device__ T& of(int) { return it; }
  };
  template <class F> __device__ static void each_thread(F&& f) { f(static_cast<int>(threadIdx.x)); }
  template <int Threads, class F> __device__ static void each_team(F&& f) {
    const int team = static_cast<int>(threadIdx.x) / Threads;
    // Descriptors are in registers of whole warps: the compiler is told that they have one value.
    f(Threads > 32 ? __shfl_sync(~0U, team, 0) : team);
  }
  __device__ static void sync() { __syncthreads(); }
  __device__ static void copy(void* to, const void* from, bool there) {
    const auto address = static_cast<unsigned>(__cvta_generic_to_shared(to));
    asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(address), "l"(from),
                 "r"(there ? 16 : 0)
                 : "memory");
  }
  __device__ static void end_copies() { asm volatile("cp.async.commit_group;" ::: "memory"); }
  /// This thread's copies.
  template <int Steps> __device__ static void await_copies() {
    asm volatile("cp.async.wait_group %0;" ::"n"(Steps) : "memory");
  }
  __device__ static void share_copies() { asm volatile("fence.proxy.async.shared::cta;" ::: "memory"); }
};

// Two blocks of threads in a multiprocessor, where the registers are enough for their sums.
template <class Numbers, class T, class Left, class Right, class Write>
__global__ void __launch_bounds__(tile_threads, Numbers::parts == 1 ? 2 : 1)
    multiply_kernel(const Product<Numbers, T, Left, Right, Write> product) {
  static_assert(
      std::is_void_v<ThreadBlock::Warpgroup> ||
          shared_bytes<Product<Numbers, T, Left, Right, Write>>(most_stages) <= hopper_shared_memory,
      "a device with warpgroups has all stages");
  extern __shared__ __align__(512) unsigned char memory[];
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
