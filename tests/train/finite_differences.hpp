#ifndef RFPP_TESTS_TRAIN_FINITE_DIFFERENCES_HPP
#define RFPP_TESTS_TRAIN_FINITE_DIFFERENCES_HPP

#include <cmath>
#include <string>
#include <vector>

#include "rfpp/cpu/cpu.hpp"
#include "rfpp/io/parameters.hpp"
#include "rfpp/model/hashed.hpp"
#include "rfpp/train/tape.hpp"
#include "support.hpp"

namespace rfpp::test {

using Inputs = std::vector<Tensor<double>>;

/// The raw tensors of a model filled with hashed weights, and further inputs.
template <class Model> Inputs with_parameters(Model& model, Inputs inputs) {
  fill_hashed(model);
  walk(
      [&](const std::string& name, const auto& p) {
        if constexpr (std::is_same_v<typename std::remove_cvref_t<decltype(p)>::value, double>)
          if (!is_running_statistic(name)) inputs.push_back(io::raw(p));
      },
      model);
  return inputs;
}

/// f(ex) is a tensor; its inner product with a fixed probe is differentiated in several elements of every
/// input.
template <Mode M = Mode::evaluation, class F>
void check_gradients(const std::string& name, const Inputs& inputs, F f) {
  INFO(name);
  Cpu cpu(2);
  Tape<Cpu, M> tape(cpu);
  for (const auto& t : inputs) tape.watch(t);
  const Tensor<double> y = bare(f(tape));
  const auto probe = random_tensor<double>(y.extents(), 7);
  const auto gradients = tape.backward(eval(tape, reduce<Sum>(y * probe, Over::all)));
  auto loss = [&] {
    Tape<Cpu, M> unwatched(cpu);  // records nothing
    const Tensor<double> value = bare(f(unwatched));
    CHECK((value.extents() == y.extents()));
    return eval(cpu, reduce<Sum>(value * probe, Over::all)).data()[0];
  };
  CHECK(loss() == eval(cpu, reduce<Sum>(y * probe, Over::all)).data()[0]);
  for (std::size_t k = 0; k < inputs.size(); ++k)
    for (std::size_t j = 0; j < 5; ++j) {
      const auto& t = inputs[k];
      const std::size_t i = (j * 7919 + 13) % t.extents().size();
      const double kept = t.data()[i], step = 1e-5;
      const auto at = [&](double value) {
        t.data()[i] = value;
        t.storage.attach({});
        return loss();
      };
      const double above = at(kept + step), below = at(kept - step);
      at(kept);
      const double difference = (above - below) / (2 * step);
      const auto gradient = gradients.find(t);
      const double found = gradient ? gradient->data()[i] : 0;
      INFO("input " << k << " " << to_string(t.extents()) << ", element " << i);
      CHECK(std::abs(found - difference) <= 1e-7 * std::max(1.0, std::abs(difference)));
    }
}

/// Extents of 1 to 6 that are even where asked for.
class RandomShapes {
 public:
  int between(int low, int high) {
    state_ = state_ * 6364136223846793005u + 1442695040888963407u;
    return low + static_cast<int>((state_ >> 33) % static_cast<std::uint64_t>(high - low + 1));
  }
  Extents next(int channels = 0) {
    return {between(1, 3), between(1, 6), between(1, 6), channels == 0 ? between(1, 20) : channels};
  }
  /// Some of the extents are 1: an operand that broadcasts.
  Extents broadcasting(Extents e) {
    for (int* extent : {&e.n, &e.h, &e.w, &e.c})
      if (between(0, 1) == 0) *extent = 1;
    return e;
  }

 private:
  std::uint64_t state_ = 1;
};

}  // namespace rfpp::test

#endif
