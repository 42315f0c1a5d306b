#include "cases.hpp"
#include "rfpp/cpu/cpu.hpp"

template <> std::vector<rfpp::test::CaseResult> rfpp::test::cpu_cases<double>() {
  Cpu ex;
  return cases<double>(ex);
}
