#ifndef RFPP_CUDA_DEVICE_CODE_HPP
#define RFPP_CUDA_DEVICE_CODE_HPP

/// RFPP_DEVICE marks functions that only a device runs, or an emulation of one, RFPP_UNROLL loops over registers.
#if defined(__CUDACC__)
#define RFPP_DEVICE __device__
#define RFPP_UNROLL _Pragma("unroll")
#else
#define RFPP_DEVICE
#define RFPP_UNROLL
#endif

#endif
