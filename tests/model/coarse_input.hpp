#ifndef RFPP_TESTS_MODEL_COARSE_INPUT_HPP
#define RFPP_TESTS_MODEL_COARSE_INPUT_HPP

#include <string>

#include "rfpp/model/hashed.hpp"

namespace rfpp::test {

/// An image, half of it noise, half cells of 64x64: of noise alone an encoder's means would leave little.
inline Tensor<float> coarse_input(const std::string& name) {
  const auto fine = hashed_tensor<float>(name, {1, 512, 512, 3});
  const auto coarse = hashed_tensor<float>(name + ".coarse", {1, 8, 8, 3});
  Tensor<float> x({1, 512, 512, 3});
  for (int h = 0; h < 512; ++h)
    for (int w = 0; w < 512; ++w)
      for (int c = 0; c < 3; ++c) {
        const int i = (h * 512 + w) * 3 + c;
        x.data()[i] = 0.5F * fine.data()[i] + 0.5F * coarse.data()[(h / 64 * 8 + w / 64) * 3 + c];
      }
  return x;
}

}  // namespace rfpp::test

#endif
