#include "objective_golden.hpp"

using namespace rfpp::test;

TEST_CASE("the objectives in double agree with the golden values as far as these go") {
  check_objective<double>("restoreformer++", "objective_pp", 2e-6);
  check_objective<double>("restoreformer", "objective_rf", 2e-6);
}
