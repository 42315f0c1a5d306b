#include "rfpp/train/objective.hpp"

#include "golden.hpp"
#include "model/tiny_networks.hpp"

using namespace rfpp;
using namespace rfpp::test;

namespace {

constexpr double bar = 2e-4;
constexpr long step = 100000;

using TinyNetwork = Network<RestoreFormerPlusPlusTiny>;

const TinyNetwork& network() {
  static const auto filled = [] {
    TinyNetwork n;
    fill_hashed(n);
    return n;
  }();
  return filled;
}

/// An objective with all of its networks, as the golden values have them.
Objective<> golden_objective(const std::string& preset) {
  Objective<> objective{objective_named(preset)};
  objective.codebook_frozen = true;
  fill_golden(objective, "loss.");
  auto lpips = std::make_shared<Lpips<float>>();
  fill_golden(*lpips, "loss.perceptual_loss.");
  objective.perceptual = lpips;
  auto arcface = std::make_shared<ArcFaceResnet18<float>>();
  fill_golden(*arcface, "loss.identity.");
  objective.identity = arcface;
  return objective;
}

TrainingBatch<> golden_batch() {
  return {hashed_tensor<float>("input", {2, 64, 64, 3}),
          hashed_tensor<float>("target", {2, 64, 64, 3}),
          {{{{0, 14, 22, 28, 36}, {1, 13.5, 20.25, 29, 35.75}},
            {{0, 36, 22, 50, 36}, {1, 35, 21, 49, 35}},
            {{0, 20, 40, 44, 60}, {1, 21, 39.5, 43, 61.5}}}}};
}

double term(const GeneratorStep<float>& found, const std::string& name) {
  for (const auto& t : found.terms)
    if (t.name == name) return t.value;
  FAIL("no term is called " << name);
  return 0;
}

/// Gradient norms under names that have their objective's prefix cut off, as the file has them.
void check_discriminator(const std::string& prefix, const std::string& which, const auto& model,
                         const DiscriminatorStep& found) {
  const auto& file = golden_losses();
  INFO(which);
  CHECK(found.loss == Approx(golden_value(file, prefix + ".d_loss." + which)).epsilon(bar));
  check_norms(file, prefix + ".d_grad_norm." + which + ".", model, found.gradients, bar);
}

void check_objective(const std::string& preset, const std::string& prefix) {
  INFO(preset);
  const auto& file = golden_losses();
  const auto objective = golden_objective(preset);
  const auto batch = golden_batch();
  Cpu cpu(2);
  const auto found = objective.generator(cpu, network(), batch, step);
  const auto check = [&](const std::string& name, double value) {
    INFO(name);
    CHECK(value == Approx(golden_value(file, prefix + "." + name)).epsilon(bar).margin(1e-12));
  };
  check("total", term(found, "total"));
  check("nll_loss", term(found, "pixel") + term(found, "perceptual"));
  check("p_loss", term(found, "perceptual"));
  check("p_style_loss", term(found, "style"));
  check("quant_loss", term(found, "codebook"));
  check("d_weight", term(found, "adversarial_weight"));
  check("g_loss", term(found, "adversarial") / term(found, "adversarial_weight"));
  check("g_left_loss", term(found, "left_eye"));
  check("g_right_loss", term(found, "right_eye"));
  check("g_mouth_loss", term(found, "mouth"));
  check("identity_loss", term(found, "identity"));
  if (preset == "restoreformer") check("comp_style_loss", term(found, "component_style"));
  check_norms(file, prefix + ".grad_norm.", network(), found.gradients, bar);

  check_discriminator(prefix, "disc", objective.discriminator,
                      objective.image_discriminator(cpu, batch.truth, found.image, step));
  const char* names[] = {"left_eye", "right_eye", "mouth"};
  const char* crops[] = {"left_eyes", "right_eyes", "mouths"};
  for (const Component which : components_of_faces) {
    const auto i = index_of(which);
    check_discriminator(
        prefix, names[i], objective.components[i],
        objective.component_discriminator(cpu, which, batch.truth, found.image, batch.regions[i], step));
    check_close(component_crops(cpu, which, batch.truth, batch.regions[i]),
                golden(file, prefix + ".crop." + crops[i] + "_gt"), 1e-5, crops[i]);
    check_close(component_crops(cpu, which, found.image, batch.regions[i]),
                golden(file, prefix + ".crop." + crops[i]), 1e-5, crops[i]);
  }
}

}  // namespace

TEST_CASE("the objective of RestoreFormer++ agrees with the golden values") {
  check_objective("restoreformer++", "objective_pp");
}
TEST_CASE("the objective of RestoreFormer agrees with the golden values") {
  check_objective("restoreformer", "objective_rf");
}
