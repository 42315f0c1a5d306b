#include <utility>

#include "catch.hpp"
#include "compare_cases.hpp"

using namespace rfpp::test;

std::vector<CaseResult> device_cases_in_float();
std::vector<CaseResult> device_cases_in_double();
std::pair<std::size_t, std::size_t> device_workspace();

TEST_CASE("every kind of evaluation, networks and their gradients agree with the CPU executor in double") {
  check_cases_in_double(device_cases_in_double());
}

TEST_CASE("every kind of evaluation, networks and their gradients agree with the CPU executor in float") {
  check_cases_in_float(device_cases_in_float());
}

TEST_CASE("a dry run says how much workspace runs take, which then allocate nothing") {
  const auto [bytes, added] = device_workspace();
  CHECK(bytes > 2 * 32 * 32 * 8 * sizeof(float));
  CHECK(added == 0);
}
