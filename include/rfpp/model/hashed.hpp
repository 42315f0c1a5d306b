#ifndef RFPP_MODEL_HASHED_HPP
#define RFPP_MODEL_HASHED_HPP

#include <cmath>
#include <cstdint>
#include <string>
#include <string_view>

#include "rfpp/core/fields.hpp"

// Deterministic weights and inputs: every element is a hash of its tensor's name and its place, so that any
// implementation makes the same network without a file. The golden values belong to these weights.

namespace rfpp {
inline namespace RFPP_ABI {

/// Element i of the sequence called `name`: a multiple of 2^-23 in [-1, 1). FNV-1a of the name, then
/// splitmix64.
class Hashed {
 public:
  explicit Hashed(std::string_view name) {
    for (char c : name) seed_ = (seed_ ^ static_cast<unsigned char>(c)) * 0x100000001b3u;
  }
  double operator()(std::uint64_t i) const {
    std::uint64_t z = seed_ + (i + 1) * 0x9E3779B97F4A7C15u;
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
    z = (z ^ z >> 27) * 0x94D049BB133111EBu;
    z = z ^ z >> 31;
    return static_cast<double>(z >> 40) * 0x1p-23 - 1;
  }

 private:
  std::uint64_t seed_ = 0xcbf29ce484222325u;
};

/// A tensor of scale * hashed(name) + offset, with the elements numbered in NCHW order and rounded to float.
template <class T>
Tensor<T> hashed_tensor(std::string_view name, Extents e, double scale = 1, double offset = 0) {
  const Hashed hashed(name);
  auto t = Tensor<T>::uninitialized(e);
  T* out = t.data();
  for (int n = 0; n < e.n; ++n)
    for (int p = 0; p < e.h * e.w; ++p)
      for (int c = 0; c < e.c; ++c) {
        const auto i = (static_cast<std::uint64_t>(n) * static_cast<std::uint64_t>(e.c) +
                        static_cast<std::uint64_t>(c)) *
                           static_cast<std::uint64_t>(e.h * e.w) +
                       static_cast<std::uint64_t>(p);
        *out++ = static_cast<T>(static_cast<float>(offset + scale * hashed(i)));
      }
  return t;
}

/// Fills a model: filters and matrices uniform with variance 1 / fan-in, norms near 1, biases near 0, the
/// codebook and learned positions in [-1, 1).
inline void fill_hashed(const Parameters& model) {
  model.for_each([](const std::string& name, auto& parameter) {
    using P = std::remove_cvref_t<decltype(parameter)>;
    using T = typename P::value;
    const Extents e = parameter.extents();
    if constexpr (is_filter<P>)
      parameter.assign(hashed_tensor<T>(name, e, std::sqrt(3.0 / (e.h * e.w * e.c))));
    else if (name.ends_with("modulation.bias"))
      parameter = hashed_tensor<T>(name, e, 0.1, 1);
    else if (name.find("style_conv") != std::string::npos && e.size() == 1)  // the strength of noise
      parameter = hashed_tensor<T>(name, e, 0.1);
    else if (name.ends_with("constant_input.weight") || name.find("noises.") != std::string::npos)
      parameter = hashed_tensor<T>(name, e);
    else if (e.h > 1)  // a depthwise or transposed convolution's weight
      parameter = hashed_tensor<T>(name, e, std::sqrt(3.0 / (e.h * e.w * e.c)));
    else if (name.ends_with("embedding.weight") || name.ends_with("position_emb"))
      parameter = hashed_tensor<T>(name, e);
    else if (e.n > 1 && name.ends_with("weight"))  // a linear layer's
      parameter = hashed_tensor<T>(name, e, std::sqrt(3.0 / e.c));
    else if (name.ends_with("weight"))
      parameter = hashed_tensor<T>(name, e, 0.1, 1);
    else
      parameter = hashed_tensor<T>(name, e, 0.1);
  });
}

/// The same for a StyleGAN2 whose weights are scaled where they are used: all of variance 1, but for those of
/// the mapping network, which are so after its learning rate of 0.01.
inline void fill_hashed_equalized(const Parameters& model) {
  model.for_each([](const std::string& name, auto& parameter) {
    using P = std::remove_cvref_t<decltype(parameter)>;
    using T = typename P::value;
    const Extents e = parameter.extents();
    const bool weight = name.ends_with("weight"), mapping = name.starts_with("generator.style.");
    if constexpr (is_filter<P>) {
      const auto raw = hashed_tensor<T>(name, e, std::sqrt(3.0));
      parameter.assign(parameter.use() == FilterUse::modulated_transposed ? with_reversed_taps(raw) : raw);
    } else if (name.ends_with("kernel")) {
      parameter = Tensor<T>::uninitialized(e);
      constexpr double line[] = {1, 3, 3, 1};
      const double sum = name.starts_with("generator.") ? 4 : 1;  // where it fills in the zeros of upsampling
      for (std::size_t i = 0; i < 16; ++i)
        parameter.data()[i] = static_cast<T>(sum / 64 * line[i / 4] * line[i % 4]);
    } else if (mapping) {
      parameter = hashed_tensor<T>(name, e, weight ? 100 * std::sqrt(3.0) : 10);
    } else if (e.n > 1) {
      parameter = hashed_tensor<T>(name, e, std::sqrt(3.0));
    } else if (name.ends_with("modulation.bias") || name.ends_with("noise.weight")) {
      parameter = hashed_tensor<T>(name, e, 0.1, 1);
    } else {
      parameter = hashed_tensor<T>(name, e, e.h > 1 ? 1 : 0.1);
    }
  });
}

}  // namespace RFPP_ABI
}  // namespace rfpp

#endif
