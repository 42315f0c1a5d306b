#ifndef RFPP_CORE_GAUSSIAN_HPP
#define RFPP_CORE_GAUSSIAN_HPP

#include <cmath>
#include <vector>

#include "rfpp/core/config.hpp"

namespace rfpp {
inline namespace RFPP_ABI {

/// The weights of a Gaussian of `sigma` pixels over 2 * radius + 1 of them, their sum 1.
inline std::vector<double> gaussian_weights(int radius, double sigma) {
  std::vector<double> weights;
  double sum = 0;
  for (int x = -radius; x <= radius; ++x) sum += weights.emplace_back(std::exp(-x * x / (2 * sigma * sigma)));
  for (double& weight : weights) weight /= sum;
  return weights;
}

}  // namespace RFPP_ABI
}  // namespace rfpp

#endif
