#ifndef RFPP_TESTS_NN_GOLDEN_HPP
#define RFPP_TESTS_NN_GOLDEN_HPP

#include <cmath>
#include <string>

#include "rfpp/core/fields.hpp"
#include "rfpp/cpu/cpu.hpp"
#include "rfpp/model/hashed.hpp"
#include "support.hpp"

// Single layers over hashed inputs and weights against the outputs of the authors' layers, computed in
// float64 and stored as float32 (data/nn/layers.safetensors).

namespace rfpp::test {

/// scale * hashed(name) + offset, numbered in NCHW order and, unlike hashed_tensor, not rounded to float
/// first.
template <class T>
Tensor<T> unrounded(const std::string& name, Extents e, double scale = 1, double offset = 0) {
  const Hashed hashed(name);
  std::vector<double> values(e.size());
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = offset + scale * hashed(i);
  return from_nchw<T>(std::span<const double>(values), e);
}

/// Fills a layer whose weight and bias are called prefix + `weight` and prefix + `bias`.
template <class T> void fill_convolution(auto& layer, const std::string& weight, const std::string& bias) {
  const Extents e = layer.weight.extents();
  layer.weight.assign(unrounded<T>(weight, e, std::sqrt(3.0 / (e.h * e.w * e.c))));
  layer.bias = unrounded<T>(bias, layer.bias.extents(), 0.1);
}
template <class T> void fill_norm(auto& layer, const std::string& weight, const std::string& bias) {
  layer.weight = unrounded<T>(weight, layer.weight.extents(), 0.1, 1);
  layer.bias = unrounded<T>(bias, layer.bias.extents(), 0.1);
}

/// The bound on the relative L2 error: the file is rounded to float32.
template <class T> constexpr double golden_tolerance = sizeof(T) == 4 ? 5e-6 : 1e-6;

template <class T> void check_golden(const Tensor<T>& actual, const std::string& name) {
  static const auto file = io::Checkpoint::open(RFPP_TEST_DATA "/nn/layers.safetensors");
  check_close(actual, golden<double>(file, name), golden_tolerance<T>,
              name + (sizeof(T) == 4 ? ", float" : ", double"));
}

}  // namespace rfpp::test

#endif
