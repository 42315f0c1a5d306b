#include "cases.hpp"
#include "cuda/executor.hpp"

std::vector<rfpp::test::CaseResult> device_cases_in_double() {
  rfpp::test::Executor ex;
  return rfpp::test::cases<double>(ex);
}
