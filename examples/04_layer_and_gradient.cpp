// A layer of one's own, and whether its gradient is right.
#include <algorithm>
#include <cmath>
#include <cstdio>

#include "rfpp/cpu/cpu.hpp"
#include "rfpp/expr/functors.hpp"
#include "rfpp/model/hashed.hpp"
#include "rfpp/nn/conv2d.hpp"
#include "rfpp/train/tape.hpp"

using namespace rfpp;

/// One convolution opens and closes the gate for another.
template <int C, class T> struct GatedConv {
  Conv2d<conv3x3(C, C), T> value, gate;

  // What takes an executor evaluates. Sigmoid and product are the convolutions' epilogues.
  auto operator()(auto& ex, const Tensor<T>& x) const {
    const auto open = eval(ex, sigmoid(gate(x)));
    return bare(eval(ex, value(x) * open));
  }
  // The parameters, by the names that a checkpoint has. Loading, saving, packing and training walk this list.
  static void fields(auto&& f, auto&... models) {
    f("value", models.value...);
    f("gate", models.gate...);
  }
};

int main() {
  GatedConv<8, double> layer;
  fill_hashed(layer);
  const auto x = hashed_tensor<double>("x", {1, 6, 6, 8});
  Cpu cpu(1);
  const auto loss_on = [&](auto& ex) { return eval(ex, reduce<Sum>(square(layer(ex, x)), Over::all)); };

  // A tape runs the same text, and remembers what it was made of.
  Tape<Cpu> tape(cpu);
  tape.watch_parameters(layer);
  const Gradients gradients = tape.backward(loss_on(tape));

  // The slope between two losses, a little to the left and to the right of each weight.
  const Tensor<double>& weight = layer.gate.weight.raw();
  const Tensor<double> gradient = gradients.of(weight);
  double worst = 0;
  for (std::size_t i = 0; i < weight.extents().size(); i += 37) {
    const double kept = weight.data()[i], step = 1e-5;
    weight.data()[i] = kept + step;
    const double above = loss_on(cpu).data()[0];
    weight.data()[i] = kept - step;
    const double below = loss_on(cpu).data()[0];
    weight.data()[i] = kept;
    worst = std::max(worst, std::abs((above - below) / (2 * step) - gradient.data()[i]));
  }
  std::printf("gradient of gate.weight: off by %.1e at most\n", worst);
  return worst < 1e-6 ? 0 : 1;
}
