#ifndef RFPP_TESTS_CUDA_EXECUTOR_HPP
#define RFPP_TESTS_CUDA_EXECUTOR_HPP

// What the .cu files here test: compiled by nvcc a GPU, by the host compiler Thrust's host system.

#if defined(__CUDACC__)
#include "rfpp/cuda/cuda.hpp"
namespace rfpp::test {
using Executor = Cuda;
}
#else
#include "rfpp/cuda/thrust.hpp"
namespace rfpp::test {
using Executor = Thrust<ThrustHost>;
}
#endif

#endif
