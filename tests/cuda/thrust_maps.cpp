#include <algorithm>
#include <cmath>

#include "catch.hpp"
#include "map_cases.hpp"
#include "rfpp/cpu/cpu.hpp"

std::vector<rfpp::test::CaseResult> thrust_map_cases(rfpp::Memory& memory);

TEST_CASE("maps, remaps and reductions through Thrust agree with the CPU executor") {
  rfpp::Cpu cpu(1);
  const auto expected = rfpp::test::run_map_cases(cpu);
  const auto found = thrust_map_cases(rfpp::HostMemory::instance());
  REQUIRE(found.size() == expected.size());
  for (std::size_t i = 0; i < found.size(); ++i) {
    INFO(found[i].name);
    REQUIRE(found[i].name == expected[i].name);
    REQUIRE(found[i].elements.size() == expected[i].elements.size());
    double worst = 0;
    for (std::size_t j = 0; j < found[i].elements.size(); ++j)
      worst = std::max(worst, std::abs(found[i].elements[j] - expected[i].elements[j]));
    CHECK(worst < 1e-13);
  }
}
