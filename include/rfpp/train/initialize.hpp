#ifndef RFPP_TRAIN_INITIALIZE_HPP
#define RFPP_TRAIN_INITIALIZE_HPP

#include <cmath>
#include <cstdint>
#include <string>

#include "rfpp/core/fields.hpp"
#include "rfpp/core/random.hpp"
#include "rfpp/io/parameters.hpp"

namespace rfpp {
inline namespace RFPP_ABI {

/// Uniform in [-bound, bound): element i is a function of the stream and of i alone.
template <class T> Tensor<T> uniform_tensor(const RandomStream& stream, Extents e, double bound) {
  auto t = Tensor<T>::uninitialized(e);
  for (std::size_t i = 0; i < e.size(); ++i)
    t.data()[i] = static_cast<T>(bound * (2 * uniform(stream, static_cast<std::uint32_t>(i)) - 1));
  return t;
}

/// Random parameters, as training starts with: a codebook of n entries in [-1/n, 1/n), convolutions and their
/// biases in [-b, b) with b = 1 / sqrt(fan-in), norms 1 and 0. Parameter k of a seed is always the same.
/// Source: van den Oord et al. 2017's implementation, and PyTorch's default for convolutions.
template <class Model> void initialize(Model& model, std::uint64_t seed) {
  std::uint64_t number = 0;
  std::string convolution;  // the path of the last one's weight, without "weight"
  double bound = 0;
  walk(
      [&](const std::string& path, auto& parameter) {
        using P = std::remove_cvref_t<decltype(parameter)>;
        using T = typename P::value;
        const Extents e = parameter.extents();
        const RandomStream stream{seed, number++, 0};
        if constexpr (is_filter<P>) {
          convolution = path.substr(0, path.size() - std::string("weight").size());
          bound = 1 / std::sqrt(static_cast<double>(e.image_size()));
          io::assign(parameter, uniform_tensor<T>(stream, e, bound));
        } else if (e.n > 1) {
          io::assign(parameter, uniform_tensor<T>(stream, e, 1.0 / e.n));
        } else if (path == convolution + "bias") {
          io::assign(parameter, uniform_tensor<T>(stream, e, bound));
        } else {
          Tensor<T> constant(e);
          if (path.ends_with("weight")) std::ranges::fill(constant.elements(), T(1));
          io::assign(parameter, std::move(constant));
        }
      },
      model);
}

}  // namespace RFPP_ABI
}  // namespace rfpp

#endif
