#include "cuda/executor.hpp"

#include "cuda/cases.hpp"

std::vector<rfpp::test::CaseResult> device_cases() {
  rfpp::test::Executor ex;
  return rfpp::test::Cases(ex).run();
}
