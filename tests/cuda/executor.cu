// Compiled by nvcc for GPUs, and by the host compiler for Thrust's host system.
#include "cuda/cases.hpp"
#include "rfpp/cuda/thrust.hpp"

std::vector<rfpp::test::CaseResult> device_cases() {
  rfpp::Thrust<rfpp::ThrustHost> ex;
  return rfpp::test::Cases(ex).run();
}
