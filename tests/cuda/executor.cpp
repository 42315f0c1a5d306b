#include <algorithm>
#include <cmath>
#include <span>
#include <utility>

#include "catch.hpp"
#include "cuda/cases.hpp"
#include "rfpp/cpu/cpu.hpp"
#include "support.hpp"

using namespace rfpp::test;

template <class T> std::vector<CaseResult> device_cases();
std::pair<std::size_t, std::size_t> device_workspace();

namespace {

/// check(case, found, expected) for every case.
template <class T> void compare_cases(auto&& check) {
  rfpp::Cpu cpu;
  const auto expected = cases<T>(cpu);
  const auto found = device_cases<T>();
  REQUIRE(found.size() == expected.size());
  for (std::size_t i = 0; i < found.size(); ++i) {
    INFO(found[i].name);
    REQUIRE(found[i].name == expected[i].name);
    REQUIRE(found[i].elements.size() == expected[i].elements.size());
    check(found[i].name, found[i].elements, expected[i].elements);
  }
}

}  // namespace

TEST_CASE("every kind of evaluation, networks and their gradients agree with the CPU executor in double") {
  compare_cases<double>([](const std::string&, const auto& found, const auto& expected) {
    double worst = 0, largest = 1e-9;
    for (std::size_t j = 0; j < found.size(); ++j) {
      worst = std::max(worst, std::abs(found[j] - expected[j]));
      largest = std::max(largest, std::abs(expected[j]));
    }
    CHECK(worst <= 1e-10 * largest);
  });
}

TEST_CASE("every kind of evaluation, networks and their gradients agree with the CPU executor in float") {
  compare_cases<float>([](const std::string& name, const auto& found, const auto& expected) {
    if (name.ends_with(": indices"))
      CHECK(found == expected);
    else
      CHECK(relative_l2(std::span<const double>(found), std::span<const double>(expected)) <= 1e-5);
  });
}

TEST_CASE("a dry run says how much workspace runs take, which then allocate nothing") {
  const auto [bytes, added] = device_workspace();
  CHECK(bytes > 2 * 32 * 32 * 8 * sizeof(float));
  CHECK(added == 0);
}
