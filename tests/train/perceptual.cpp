#include "finite_differences.hpp"
#include "golden.hpp"
#include "rfpp/model/arcface.hpp"
#include "rfpp/model/lpips.hpp"
#include "rfpp/train/losses.hpp"

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

TEST_CASE("the detector's distance is that of unit features, and its gradient that of differences") {
  CenterFace<double> network;
  fill_hashed(network);
  const auto a = random_tensor<double>({1, 32, 32, 3}, 3), b = random_tensor<double>({1, 32, 32, 3}, 4);
  Cpu cpu(2);
  CHECK(losses::detector(cpu, network, a, a).data()[0] == 0);
  const auto pixels = [](double v) { return v * 127.5 + 127.5; };
  auto x = Tensor<double>::uninitialized(a.extents()), y = Tensor<double>::uninitialized(b.extents());
  std::ranges::transform(a.elements(), x.data(), pixels);
  std::ranges::transform(b.elements(), y.data(), pixels);
  const auto of_x = network.features(cpu, x), of_y = network.features(cpu, y);
  double expected = 0;
  const auto add = [&](const Tensor<double>& p, const Tensor<double>& q) {
    const Extents e = p.extents();
    const auto channels = static_cast<std::size_t>(e.c);
    for (std::size_t i = 0; i < e.size(); i += channels) {
      double pp = 0, qq = 0, pq = 0;
      for (std::size_t c = i; c < i + channels; ++c) {
        pp += p.data()[c] * p.data()[c], qq += q.data()[c] * q.data()[c], pq += p.data()[c] * q.data()[c];
      }
      expected +=
          (2 - 2 * pq / std::sqrt(pp * qq)) / static_cast<double>(e.pixels() * static_cast<std::size_t>(e.n));
    }
  };
  std::apply(
      [&](const auto&... p) { std::apply([&](const auto&... q) { (add(bare(p), bare(q)), ...); }, of_y); },
      of_x);
  CHECK(losses::detector(cpu, network, a, b).data()[0] == Approx(expected));
  check_gradients("detector", {a}, [&](auto& ex) { return losses::detector(ex, network, a, b); });
}
