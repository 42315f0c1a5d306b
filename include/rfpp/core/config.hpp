#ifndef RFPP_CORE_CONFIG_HPP
#define RFPP_CORE_CONFIG_HPP

/// Marks functions that kernels call: they compile for the host and, under nvcc, for the device.
#if defined(__CUDACC__)
#define RFPP_HD __host__ __device__
#else
#define RFPP_HD
#endif

/// The inline namespace of everything. It names the instruction set, on which packed weights, kernels and the
/// rounding of inline functions depend: files compiled for different ones that share anything of rfpp fail to
/// link, rather than run each other's functions.
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

/// The inline namespace of the front door and of the types in its signatures. None of them depends on the
/// instruction set, so that a program compiled for any links rfpp::restorer.
#if defined(RFPP_COMPILED)
#define RFPP_DOOR_ABI v0
#else
#define RFPP_DOOR_ABI RFPP_ABI
#endif

#endif
