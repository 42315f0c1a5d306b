#include <algorithm>
#include <cmath>

#include "catch.hpp"
#include "cuda/cases.hpp"
#include "rfpp/cpu/cpu.hpp"

std::vector<rfpp::test::CaseResult> device_cases();

TEST_CASE("every kind of evaluation, networks and their gradients agree with the CPU executor") {
  rfpp::Cpu cpu;
  const auto expected = rfpp::test::Cases(cpu).run();
  const auto found = device_cases();
  REQUIRE(found.size() == expected.size());
  for (std::size_t i = 0; i < found.size(); ++i) {
    INFO(found[i].name);
    REQUIRE(found[i].name == expected[i].name);
    REQUIRE(found[i].elements.size() == expected[i].elements.size());
    double worst = 0, largest = 1e-9;
    for (std::size_t j = 0; j < found[i].elements.size(); ++j) {
      worst = std::max(worst, std::abs(found[i].elements[j] - expected[i].elements[j]));
      largest = std::max(largest, std::abs(expected[i].elements[j]));
    }
    CHECK(worst <= 1e-10 * largest);
  }
}
