#ifndef RFPP_TESTS_LOSS_NETWORKS_HPP
#define RFPP_TESTS_LOSS_NETWORKS_HPP

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <string>

#include "rfpp/core/fields.hpp"
#include "rfpp/model/hashed.hpp"
#include "support.hpp"

// Networks with batch norms, of losses, metrics, detectors and parsers, as the golden values have them.

namespace rfpp::test {

/// Fills a network as the golden values have it: every parameter by its name behind `prefix`.
template <class Model> void fill_golden(Model& model, const std::string& prefix) {
  walk(
      [&](const std::string& name, auto& parameter) {
        using P = std::remove_cvref_t<decltype(parameter)>;
        using T = typename P::value;
        const Extents e = parameter.extents();
        const std::string full = prefix + name;
        if constexpr (is_filter<P>) {
          if (name.starts_with("lin")) {
            auto weights = hashed_tensor<T>(full, e);
            for (T& v : weights.elements()) v = std::abs(v) / static_cast<T>(e.c) * 4;
            parameter.assign(std::move(weights));
          } else {
            parameter.assign(hashed_tensor<T>(full, e, std::sqrt(3.0 / (e.h * e.w * e.c))));
          }
        } else if (e.n > 1) {
          parameter = hashed_tensor<T>(full, e, std::sqrt(3.0 / (e.h * e.w * e.c)));
        } else if (name.ends_with("running_var")) {
          parameter = hashed_tensor<T>(full, e, 0.5, 1);
        } else if (name.ends_with("weight")) {
          parameter = hashed_tensor<T>(full, e, 0.1, 1);
        } else {
          parameter = hashed_tensor<T>(full, e, 0.1);
        }
      },
      model);
}

/// Classes of logits {1,h,w,c} against `name`.argmax.sub4 of a file, wherever `name`.margin.sub4 is larger
/// than `tie`: the best of a pixel less the second best.
inline void check_classes(const Tensor<float>& logits, const io::Checkpoint& file, const std::string& name,
                          double tie) {
  const auto margin = golden(file, name + ".margin.sub4");
  const auto expected = file.at(name + ".argmax.sub4").data;
  REQUIRE(expected.size() == logits.extents().pixels());
  const auto classes = static_cast<std::size_t>(logits.extents().c);
  std::size_t wrong = 0, compared = 0;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    if (static_cast<double>(margin.data()[i]) <= tie) continue;
    const float* pixel = logits.data() + i * classes;
    ++compared;
    wrong += std::max_element(pixel, pixel + classes) - pixel != std::to_integer<int>(expected[i]) ? 1U : 0U;
  }
  INFO(name);
  CHECK(wrong == 0);
  CHECK(compared > expected.size() * 99 / 100);
}
}  // namespace rfpp::test

#endif
