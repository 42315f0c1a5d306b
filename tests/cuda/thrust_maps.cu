// Compiled by nvcc for GPUs, and by the host compiler for Thrust's host system. Never includes Eigen.
#include "rfpp/cuda/thrust.hpp"

#include "map_cases.hpp"

std::vector<rfpp::test::CaseResult> thrust_map_cases(rfpp::Memory& memory) {
  rfpp::Thrust ex(thrust::device, memory);
  return rfpp::test::run_map_cases(ex);
}
