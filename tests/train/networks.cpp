#include "golden.hpp"
#include "instances.hpp"
#include "rfpp/cpu/dry_run.hpp"
#include "rfpp/model/network.hpp"
#include "rfpp/train/losses.hpp"

using namespace rfpp;
using namespace rfpp::test;

namespace {

constexpr double network_bar = 5e-5;  // relative L2 of norms and of the stored elements of every gradient

/// The proportions of the published networks.
struct TwoBlocksPerLevel {
  static constexpr const char* name = "two blocks per level";
  static constexpr NetworkSpec spec{.resolution = 256,
                                    .channels = 32,
                                    .levels = 5,
                                    .multipliers = {1, 2, 2, 4, 8},
                                    .decoder_attention = 16 | 32};
};

/// One block in each of few levels, and narrow ones.
struct OneBlockPerLevel {
  static constexpr const char* name = "one block per level";
  static constexpr NetworkSpec spec{.resolution = 256,
                                    .channels = 16,
                                    .levels = 4,
                                    .multipliers = {1, 1, 3, 6},
                                    .encoder_blocks = 1,
                                    .decoder_blocks = 1,
                                    .encoder_attention = 32,
                                    .decoder_attention = 32,
                                    .latent = 64,
                                    .groups = 8};
};

template <class N> struct Trained {
  double l1, loss;
  Gradients gradients, again;
};
/// Gradients of mean abs(image - target) + codebook loss.
template <class N>
Trained<N> train(Cpu& cpu, const Network<N>& network, Activations activations = Activations::keep) {
  Tape<Cpu> tape(cpu, activations);
  tape.watch_parameters(network);
  const auto output = network(tape, hashed_tensor<float>("input", {1, 64, 64, 3}));
  const auto l1 = losses::l1(tape, output.image, hashed_tensor<float>("target", {1, 64, 64, 3}));
  const auto& encoded = output.encoded;
  const auto loss =
      eval(tape, l1 + codebook_loss(tape, encoded.latent, network.quantize.lookup(encoded.indices)));
  return {static_cast<double>(l1.data()[0]), static_cast<double>(loss.data()[0]), tape.backward(loss),
          tape.backward(loss)};
}

template <class N> void check_network(const std::string& name) {
  const auto file = io::Checkpoint::open(RFPP_TEST_DATA "/model/" + name + ".safetensors");
  Network<N> network;
  fill_hashed(network);
  Cpu cpu(2);
  const auto found = train(cpu, network);
  CHECK(found.l1 == Approx(golden_value(file, "train.l1")).epsilon(1e-6));
  CHECK(found.loss == Approx(golden_value(file, "train.loss")).epsilon(1e-6));
  check_norms(file, "grad_norm.", network, found.gradients, network_bar);
  int compared = 0;
  for (const auto& [key, view] : file.tensors()) {
    if (!key.starts_with("grad.")) continue;
    const std::size_t every = key.rfind(".every_");
    const std::string parameter_name = key.substr(5, every - 5);
    const int step = std::stoi(key.substr(every + 7));
    if (golden_value(file, "grad_norm." + parameter_name) < 1e-12) continue;  // held by check_norms
    walk(
        [&](const std::string& path, const auto& parameter) {
          if (path != parameter_name) return;
          check_every(file, "grad." + path, step, found.gradients.of(io::raw(parameter)), network_bar);
          ++compared;
        },
        network);
  }
  CHECK(compared > 200);
}

template <class N> void check_same_bits(const Network<N>& network, const Gradients& a, const Gradients& b) {
  int compared = 0;
  walk(
      [&](const std::string& name, const auto& parameter) {
        const auto x = a.find(io::raw(parameter));
        const auto y = b.find(io::raw(parameter));
        INFO(name);
        REQUIRE(x.has_value() == y.has_value());
        if (!x) return;
        CHECK(same_bits(*x, *y));
        ++compared;
      },
      network);
  CHECK(compared > 250);
}

}  // namespace

TEST_CASE("gradients of the tiny networks agree with the golden values") {
  check_network<RestoreFormerPlusPlusTiny>("restoreformer_pp_tiny");
  check_network<RohqdTiny>("rohqd_tiny");
}

TEST_CASE("going back twice and recomputing blocks give the same bits") {
  Network<RestoreFormerPlusPlusTiny> network;
  fill_hashed(network);
  Cpu cpu(2);
  const auto kept = train(cpu, network), recomputed = train(cpu, network, Activations::recompute);
  check_same_bits(network, kept.gradients, kept.again);
  check_same_bits(network, kept.gradients, recomputed.gradients);
  check_same_bits(network, kept.gradients, recomputed.again);
  CHECK(kept.loss == recomputed.loss);
}

TEMPLATE_TEST_CASE("recomputing blocks halves the memory of a training step", "", OneBlockPerLevel,
                   TwoBlocksPerLevel) {
  Network<TestType> network;
  fill_hashed(network);
  const int batch = GENERATE(2, 8);
  const auto peak = [&](Activations activations) {
    DryRun dry(2);
    Tape<Cpu> tape(dry, activations);  // compiled already
    tape.watch_parameters(network);
    const auto image = dry.tensor<float>({batch, 256, 256, 3});
    const auto output = network(tape, image);
    tape.backward(losses::l1(tape, output.image, image));
    return dry.peak_bytes();
  };
  const auto kept = peak(Activations::keep), recomputed = peak(Activations::recompute);
  INFO(kept << " bytes kept, " << recomputed << " recomputed");
  CHECK(2 * recomputed <= kept);
}
