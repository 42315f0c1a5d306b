// Compiled by nvcc for GPUs, and by the host compiler for Thrust's host system.
#include "cuda/cases.hpp"
#if defined(__CUDACC__)
#include "rfpp/cuda/cuda.hpp"
using Executor = rfpp::Cuda;
#else
#include "rfpp/cuda/thrust.hpp"
using Executor = rfpp::Thrust<rfpp::ThrustHost>;
#endif

template <class T> std::vector<rfpp::test::CaseResult> device_cases() {
  Executor ex;
  return rfpp::test::cases<T>(ex);
}
template std::vector<rfpp::test::CaseResult> device_cases<float>();
template std::vector<rfpp::test::CaseResult> device_cases<double>();
