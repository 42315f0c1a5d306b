#include "compare_cases.hpp"
#include "rfpp/eigen/eigen_cpu.hpp"

using namespace rfpp;
using namespace rfpp::test;

TEST_CASE("every kind of evaluation, networks and their gradients agree with Cpu in float") {
  EigenCpu ex;
  check_cases_in_float(cases<float>(ex));
}

TEST_CASE("the nearest entry to what is not finite is an error") {
  EigenCpu ex;
  Tensor<float> x(Extents{1, 1, 1, 4}), table(Extents{3, 1, 1, 4});
  x.data()[2] = std::nanf("");
  CHECK(contains(error_of([&] { eval(ex, nearest(x, table)); }), "not finite"));
  CHECK(contains(error_of([&] { eval(ex, x + Tensor<float>::declared(x.extents())); }), "without storage"));
  CHECK(contains(error_of([&] { ex.run(Tensor<float>::declared(x.extents()), x); }), "no storage"));
}
