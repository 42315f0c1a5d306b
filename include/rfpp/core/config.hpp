#ifndef RFPP_CORE_CONFIG_HPP
#define RFPP_CORE_CONFIG_HPP

/// Marks functions that kernels call: they compile for the host and, under nvcc, for the device.
#if defined(__CUDACC__)
#define RFPP_HD __host__ __device__
#else
#define RFPP_HD
#endif

/// The inline namespace of all that depends on the width of vectors and on fused products, which it names:
/// kernels, packed weights, their rounding. Files compiled for different ones that share any of it fail to link,
/// rather than run each other's functions. Errors, images, faces and options, with the functions on them that
/// the front door shares with its users, are the same for all and in v0.
#if defined(__AVX512F__)
#define RFPP_ABI v0_avx512
#elif defined(__AVX2__) && defined(__FMA__)
#define RFPP_ABI v0_avx2_fma
#elif defined(__AVX2__)
#define RFPP_ABI v0_avx2
#elif defined(__AVX__) && defined(__FMA__)
#define RFPP_ABI v0_avx_fma
#elif defined(__AVX__)
#define RFPP_ABI v0_avx
#else
#define RFPP_ABI v0_128bit
#endif

/// The inline namespace of the front door: a program compiled for any instruction set links rfpp::restorer.
#if defined(RFPP_COMPILED)
#define RFPP_DOOR_ABI v0
#else
#define RFPP_DOOR_ABI RFPP_ABI
#endif

/// Marks functions that rfpp::kernels compiles once, for those who link it: there they are declared only.
#if defined(RFPP_COMPILED_KERNELS)
#define RFPP_COMPILED_ONCE
#else
#define RFPP_COMPILED_ONCE inline
#endif

#endif
