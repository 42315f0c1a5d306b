#include "compare_cases.hpp"
#include "rfpp/eigen/eigen_cpu.hpp"

TEST_CASE("every kind of evaluation, networks and their gradients agree with Cpu in double") {
  rfpp::EigenCpu ex;
  rfpp::test::check_cases_in_double(rfpp::test::cases<double>(ex));
}
