#ifndef RFPP_TESTS_CUDA_EXECUTOR_HPP
#define RFPP_TESTS_CUDA_EXECUTOR_HPP

// What the .cu files here test: compiled by nvcc a GPU, by the host compiler an emulated one or Thrust's host
// system.

#if defined(__CUDACC__)
#include "rfpp/cuda/cuda.hpp"
namespace rfpp::test {
using Executor = Cuda;
}
#elif defined(RFPP_EMULATED_GPU)
#include "cuda/emulation/device.hpp"
#include "rfpp/cuda/tensor_core_executor.hpp"
namespace rfpp::test {
using Executor = TensorCoreExecutor<emulation::Device>;
}
#else
#include "rfpp/cuda/thrust.hpp"
namespace rfpp::test {
using Executor = Thrust<ThrustHost>;
}
#endif

#endif
