#include "rfpp/core/gaussian.hpp"

#include <cmath>
#include <numeric>

#include "catch.hpp"

using namespace rfpp;

TEST_CASE("the weights of a Gaussian are in proportion to its density, and their sum is 1") {
  const auto weights = gaussian_weights(2, 0.5);
  REQUIRE(weights.size() == 5);
  CHECK(std::accumulate(weights.begin(), weights.end(), 0.0) == Approx(1).epsilon(1e-15));
  CHECK(weights[1] / weights[2] == Approx(std::exp(-2)));
  CHECK(weights[0] / weights[2] == Approx(std::exp(-8)));
  CHECK(weights[3] == weights[1]);
  CHECK(weights[4] == weights[0]);
}
