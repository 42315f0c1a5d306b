#include "golden.hpp"
#include "rfpp/model/arcface.hpp"
#include "rfpp/model/lpips.hpp"

using namespace rfpp;
using namespace rfpp::test;

TEST_CASE("LPIPS, its style and their gradient agree with the golden values") {
  const auto& file = golden_losses();
  Lpips<float> network;
  fill_golden(network, "lpips.");
  const auto a = hashed_tensor<float>("lpips.a", {2, 64, 64, 3}),
             b = hashed_tensor<float>("lpips.b", {2, 64, 64, 3});
  Cpu cpu(2);
  Tape<Cpu> tape(cpu);
  tape.watch(a);
  const auto found = network.compare(tape, a, b, true);
  CHECK(found.style.data()[0] * 1000 == Approx(golden_value(file, "lpips.style_x1e3")).epsilon(2e-5));
  const auto sum = eval(tape, reduce<Sum>(found.distance, Over::all));
  check_every(file, "lpips.da", 24, tape.backward(eval(tape, found.style * 1000 + sum)).of(a), 2e-5);
}

TEST_CASE("the gradient of the identity network agrees with the golden values") {
  const auto& file = golden_losses();
  ArcFaceResnet18<float> network;
  fill_golden(network, "arcface.");
  const auto x = hashed_tensor<float>("arcface.x", {1, 128, 128, 1});
  Cpu cpu(2);
  Tape<Cpu> tape(cpu);
  tape.watch(x);
  const auto y = eval(tape, reduce<Sum>(network(tape, x), Over::all));
  check_every(file, "arcface.dx_of_sum", 16, tape.backward(y).of(x), 2e-5);
}
