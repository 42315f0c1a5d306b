#ifndef RFPP_TESTS_TRAIN_GOLDEN_HPP
#define RFPP_TESTS_TRAIN_GOLDEN_HPP

#include <algorithm>
#include <cmath>
#include <map>
#include <string>

#include "loss_networks.hpp"
#include "rfpp/cpu/cpu.hpp"
#include "rfpp/io/parameters.hpp"
#include "rfpp/train/tape.hpp"
#include "support.hpp"

// Losses and gradients of the authors' networks, computed in float64 and stored as float32
// (data/train/losses.safetensors).

namespace rfpp::test {

inline const io::Checkpoint& golden_losses() {
  static const auto file = io::Checkpoint::open(RFPP_TEST_DATA "/train/losses.safetensors");
  return file;
}
inline double golden_value(const io::Checkpoint& file, const std::string& name) {
  return golden<double>(file, name).data()[0];
}

/// Checks a tensor of a network against every n-th element "name.every_<n>" of the golden one, in NCHW order.
template <class T>
void check_every(const io::Checkpoint& file, const std::string& name, int step, const Tensor<T>& found,
                 double tolerance) {
  const std::vector<T> all = to_nchw(found);
  const auto expected = golden<double>(file, name + ".every_" + std::to_string(step));
  std::vector<T> picked;
  for (std::size_t i = 0; i < all.size() && picked.size() < expected.extents().size();
       i += static_cast<std::size_t>(step))
    picked.push_back(all[i]);
  REQUIRE(picked.size() == expected.extents().size());
  check_close(tensor_of<T>(expected.extents(), picked), expected, tolerance, name);
}

template <class T> double norm_of(const Tensor<T>& t) {
  double sum = 0;
  for (const T v : t.elements()) sum += static_cast<double>(v) * static_cast<double>(v);
  return std::sqrt(sum);
}

/// Checks the norm of every parameter's gradient against the golden "prefix + name"; a parameter that the
/// file does not have must have none. Norms far below the largest count against that. What is zero by
/// mathematics is below 1e-6; in float, where thousands of rounded elements cancel, or as small as that
/// against the largest.
template <class Model>
void check_norms(const io::Checkpoint& file, const std::string& prefix, const Model& model,
                 const Gradients& gradients, double tolerance) {
  double largest = 0, worst = 0;
  int compared = 0;
  std::string worst_name;
  walk(
      [&](const std::string& name, const auto&) {
        if (file.find(prefix + name) != nullptr)
          largest = std::max(largest, golden_value(file, prefix + name));
      },
      model);
  walk(
      [&](const std::string& name, const auto& parameter) {
        using T = typename std::remove_cvref_t<decltype(parameter)>::value;
        const auto gradient = gradients.find(io::raw(parameter));
        INFO(prefix + name);
        if (file.find(prefix + name) == nullptr) {
          CHECK(!gradient);
          return;
        }
        REQUIRE(gradient);
        const double expected = golden_value(file, prefix + name), found = norm_of(*gradient);
        ++compared;
        if (expected < 1e-12) {
          CHECK(found < (sizeof(T) == 8 ? 1e-6 : std::max(1e-6, tolerance * 1e-4 * largest)));
          return;
        }
        const double error = std::abs(found - expected) / std::max(expected, 1e-4 * largest);
        CHECK(error <= tolerance);
        if (error > worst) worst = error, worst_name = name;
      },
      model);
  CHECK(compared > 0);
  std::printf("%s*: %d gradients, worst norm off by %.1e (%s)\n", prefix.c_str(), compared, worst,
              worst_name.c_str());
}

}  // namespace rfpp::test

#endif
