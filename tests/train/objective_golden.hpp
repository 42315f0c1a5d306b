#ifndef RFPP_TESTS_TRAIN_OBJECTIVE_GOLDEN_HPP
#define RFPP_TESTS_TRAIN_OBJECTIVE_GOLDEN_HPP

#include "golden.hpp"
#include "instances.hpp"
#include "rfpp/train/objective.hpp"

namespace rfpp::test {

inline constexpr long discriminating_step = 100000;

/// An objective with all of its networks, as the golden values have them.
template <class T> Objective<T> golden_objective(const std::string& preset) {
  Objective<T> objective{objective_named(preset)};
  objective.codebook_frozen = true;
  fill_golden(objective, "loss.");
  auto lpips = std::make_shared<Lpips<T>>();
  fill_golden(*lpips, "loss.perceptual_loss.");
  objective.perceptual = lpips;
  auto arcface = std::make_shared<ArcFaceResnet18<T>>();
  fill_golden(*arcface, "loss.identity.");
  objective.identity = arcface;
  return objective;
}

template <class T> TrainingBatch<T> golden_batch() {
  return {hashed_tensor<T>("input", {2, 64, 64, 3}),
          hashed_tensor<T>("target", {2, 64, 64, 3}),
          {{{{0, 14, 22, 28, 36}, {1, 13.5, 20.25, 29, 35.75}},
            {{0, 36, 22, 50, 36}, {1, 35, 21, 49, 35}},
            {{0, 20, 40, 44, 60}, {1, 21, 39.5, 43, 61.5}}}}};
}

template <class T> double term(const GeneratorStep<T>& found, const std::string& name) {
  for (const auto& t : found.terms)
    if (t.name == name) return t.value;
  FAIL("no term is called " << name);
  return 0;
}

/// Gradient norms under names that have their objective's prefix cut off, as the file has them.
inline void check_discriminator(const std::string& prefix, const std::string& which, const auto& model,
                                const DiscriminatorStep& found, double bar) {
  const auto& file = golden_losses();
  INFO(which);
  CHECK(found.loss == Approx(golden_value(file, prefix + ".d_loss." + which)).epsilon(bar));
  check_norms(file, prefix + ".d_grad_norm." + which + ".", model, found.gradients, bar);
}

/// `bar`: relative error of every value and of every norm, but for those that go back through the image's
/// discriminator. In front of a leaky ReLU of the golden run an element is 2.9e-7, less than the rounding
/// that any network of floats has behind it (relative 1.4e-6 in the image). Where that falls on the other
/// side of zero, norms change by 1.5e-3; in double it does not.
template <class T> void check_objective(const std::string& preset, const std::string& prefix, double bar) {
  const double judged_bar = std::is_same_v<T, float> ? 2e-3 : bar;
  INFO(preset);
  const auto& file = golden_losses();
  const auto objective = golden_objective<T>(preset);
  const auto batch = golden_batch<T>();
  Network<RestoreFormerPlusPlusTiny, T> network;
  fill_hashed(network);
  Cpu cpu(2);
  const auto found = objective.generator(cpu, network, batch, discriminating_step);
  const auto check_within = [&](double epsilon, const std::string& name, double value) {
    INFO(name);
    CHECK(value == Approx(golden_value(file, prefix + "." + name)).epsilon(epsilon).margin(1e-12));
  };
  const auto check = [&](const std::string& name, double value) { check_within(bar, name, value); };
  check("total", term(found, "total"));
  check("nll_loss", term(found, "pixel") + term(found, "perceptual"));
  check("p_loss", term(found, "perceptual"));
  check("p_style_loss", term(found, "style"));
  check("quant_loss", term(found, "codebook"));
  check_within(judged_bar, "d_weight", term(found, "adversarial_weight"));
  check("g_loss", term(found, "adversarial") / term(found, "adversarial_weight"));
  check("g_left_loss", term(found, "left_eye"));
  check("g_right_loss", term(found, "right_eye"));
  check("g_mouth_loss", term(found, "mouth"));
  check("identity_loss", term(found, "identity"));
  if (preset == "restoreformer") check("comp_style_loss", term(found, "component_style"));
  check_norms(file, prefix + ".grad_norm.", network, found.gradients, bar);

  check_discriminator(prefix, "disc", objective.discriminator,
                      objective.image_discriminator(cpu, batch.truth, found.image, discriminating_step),
                      judged_bar);
  const char* names[] = {"left_eye", "right_eye", "mouth"};
  const char* crops[] = {"left_eyes", "right_eyes", "mouths"};
  for (const Component which : components_of_faces) {
    const auto i = index_of(which);
    check_discriminator(prefix, names[i], objective.components[i],
                        objective.component_discriminator(cpu, which, batch.truth, found.image,
                                                          batch.regions[i], discriminating_step),
                        bar);
    check_close(component_crops(cpu, which, batch.truth, batch.regions[i]),
                golden(file, prefix + ".crop." + crops[i] + "_gt"), 1e-5, crops[i]);
    check_close(component_crops(cpu, which, found.image, batch.regions[i]),
                golden(file, prefix + ".crop." + crops[i]), 1e-5, crops[i]);
  }
}

}  // namespace rfpp::test

#endif
