#ifndef RFPP_CORE_CONFIG_HPP
#define RFPP_CORE_CONFIG_HPP

/// Marks functions that kernels call: they compile for the host and, under nvcc, for the device.
#if defined(__CUDACC__)
#define RFPP_HD __host__ __device__
#else
#define RFPP_HD
#endif

#endif
