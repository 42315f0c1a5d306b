#include "objective_golden.hpp"

using namespace rfpp::test;

TEST_CASE("the objective in double agrees with the golden values as far as these go") {
  check_objective<double>("restoreformer", "objective_rf", 2e-6);
}
