#ifndef RFPP_TESTS_COMPARE_CASES_HPP
#define RFPP_TESTS_COMPARE_CASES_HPP

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <span>
#include <vector>

#include "cases.hpp"
#include "support.hpp"

namespace rfpp::test {

/// check(case, found, expected) for every case.
void compare_cases(const std::vector<CaseResult>& found, const std::vector<CaseResult>& expected,
                   auto&& check) {
  REQUIRE(found.size() == expected.size());
  for (std::size_t i = 0; i < found.size(); ++i) {
    INFO(found[i].name);
    REQUIRE(found[i].name == expected[i].name);
    REQUIRE(found[i].elements.size() == expected[i].elements.size());
    check(found[i].name, found[i].elements, expected[i].elements);
  }
}

/// What another executor found in double agrees with what Cpu did.
inline void check_cases_in_double(const std::vector<CaseResult>& found) {
  compare_cases(found, cpu_cases<double>(), [](const std::string&, const auto& actual, const auto& expected) {
    double worst = 0, largest = 1e-9;
    for (std::size_t j = 0; j < actual.size(); ++j) {
      worst = std::max(worst, std::abs(actual[j] - expected[j]));
      largest = std::max(largest, std::abs(expected[j]));
    }
    CHECK(worst <= 1e-10 * largest);
  });
}
/// The same in float.
inline void check_cases_in_float(const std::vector<CaseResult>& found) {
  compare_cases(
      found, cpu_cases<float>(), [](const std::string& name, const auto& actual, const auto& expected) {
        if (name.ends_with(": indices"))
          CHECK(actual == expected);
        else
          CHECK(relative_l2(std::span<const double>(actual), std::span<const double>(expected)) <= 1e-5);
      });
}

}  // namespace rfpp::test

#endif
