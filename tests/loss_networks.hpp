#ifndef RFPP_TESTS_LOSS_NETWORKS_HPP
#define RFPP_TESTS_LOSS_NETWORKS_HPP

#include <cmath>
#include <string>

#include "rfpp/core/fields.hpp"
#include "rfpp/model/hashed.hpp"

// The networks of losses and metrics as the golden values have them.

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
          parameter = hashed_tensor<T>(full, e, std::sqrt(3.0 / e.c));
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
}  // namespace rfpp::test

#endif
