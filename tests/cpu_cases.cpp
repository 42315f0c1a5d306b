#include "cases.hpp"
#include "rfpp/cpu/cpu.hpp"

template <class T> std::vector<rfpp::test::CaseResult> rfpp::test::cpu_cases() {
  Cpu ex;
  return cases<T>(ex);
}
template std::vector<rfpp::test::CaseResult> rfpp::test::cpu_cases<float>();
template std::vector<rfpp::test::CaseResult> rfpp::test::cpu_cases<double>();
