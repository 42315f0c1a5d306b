#include "objective_golden.hpp"

using namespace rfpp;
using namespace rfpp::test;

TEST_CASE("the objective of RestoreFormer++ agrees with the golden values") {
  check_objective<float>("restoreformer++", "objective_pp", 2e-4);
}
TEST_CASE("the objective of RestoreFormer agrees with the golden values") {
  check_objective<float>("restoreformer", "objective_rf", 2e-4);
}

TEST_CASE("terms without their networks, regions or step are off") {
  auto objective = golden_objective<float>("restoreformer++");
  auto batch = golden_batch<float>();
  Network<RestoreFormerPlusPlusTiny> network;
  fill_hashed(network);
  Cpu cpu(2);
  objective.perceptual = nullptr;
  objective.identity = nullptr;
  batch.regions[1].clear();
  const long start = objective.preset.discriminator_start;
  const auto before = objective.generator(cpu, network, batch, start - 1);
  CHECK(term(before, "adversarial") == 0);
  CHECK(term(before, "adversarial_weight") == 0);
  CHECK(term(before, "total") == Approx(term(before, "pixel") + term(before, "codebook")));
  const auto at = objective.generator(cpu, network, batch, start);
  CHECK(term(at, "adversarial_weight") > 0);
  CHECK(term(at, "mouth") == 0);
  const auto after = objective.generator(cpu, network, batch, start + 1);
  CHECK(term(after, "left_eye") > 0);
  CHECK(term(after, "right_eye") == 0);
  CHECK(term(after, "identity") == 0);
  REQUIRE(after.terms.size() == before.terms.size());
  for (std::size_t i = 0; i < after.terms.size(); ++i)
    CHECK(std::string(after.terms[i].name) == before.terms[i].name);

  const auto& x = batch.truth;
  CHECK(objective.image_discriminator(cpu, x, x, start - 1).loss == 0);
  CHECK(objective.image_discriminator(cpu, x, x, start).loss > 0);
  CHECK(objective.component_discriminator(cpu, Component::right_eye, x, x, {}, start).loss == 0);
}

TEST_CASE("a frozen dictionary has no gradient, and its loss counts all the same") {
  auto objective = golden_objective<float>("rohqd");
  objective.perceptual = nullptr;
  Network<RestoreFormerPlusPlusTiny> network;
  fill_hashed(network);
  Cpu cpu(2);
  const auto batch = golden_batch<float>();
  const auto frozen = objective.generator(cpu, network, batch, 0);
  objective.codebook_frozen = false;
  const auto trained = objective.generator(cpu, network, batch, 0);
  CHECK(!frozen.gradients.find(network.quantize.weight));
  CHECK(trained.gradients.find(network.quantize.weight));
  CHECK(term(frozen, "codebook") == term(trained, "codebook"));
  const auto& weight = network.encoder.conv_in.weight.raw();
  CHECK(same_bits(frozen.gradients.of(weight), trained.gradients.of(weight)));
}

TEST_CASE("presets are found by name, and a region encloses its component") {
  CHECK(objective_named("paper").commitment == 0.25);
  CHECK(contains(error_of([] { objective_named("other"); }),
                 "expected one of restoreformer++, restoreformer, rohqd, paper"));
  const Region eye = component_region(Component::left_eye, 3, 100, 80, 10),
               mouth = component_region(Component::mouth, 3, 100, 80, 10);
  CHECK(eye.image == 3);
  CHECK(eye.x1 == Approx(87));
  CHECK(eye.y2 == Approx(94));
  CHECK(mouth.x1 == Approx(91));
  CHECK(mouth.x2 == Approx(110));
}

TEST_CASE("discriminators start as the released ones did") {
  Cpu cpu(2);
  Objective<float, 16> objective{objective_named("rohqd")};
  objective.initialize(cpu, 7);
  const auto deviation = [](const Tensor<float>& t) {
    return norm_of(t) / std::sqrt(static_cast<double>(t.extents().size()));
  };
  CHECK(deviation(objective.discriminator.conv4.weight.raw()) == Approx(0.02).epsilon(0.02));
  CHECK(deviation(objective.components[2].conv5.weight.raw()) == Approx(1).epsilon(0.02));
  CHECK(norm_of(objective.components[0].conv5.bias) == 0);
  CHECK(norm_of(objective.discriminator.conv1.bias) == 0);
  CHECK(deviation(objective.discriminator.norm4.weight) == Approx(1).epsilon(0.02));
  CHECK(objective.discriminator.norm4.running_var.data()[5] == 1);
  CHECK(objective.discriminator.norm4.running_mean.data()[5] == 0);
  CHECK(!same_bits(objective.components[0].conv3.weight.raw(), objective.components[1].conv3.weight.raw()));
}

TEST_CASE("without the batch's statistics a discriminator judges each image by itself") {
  Cpu cpu(2);
  Objective<float, 16> objective{objective_named("rohqd")};
  const auto& judge = objective.discriminator;
  const long start = objective.preset.discriminator_start;
  const auto both_truths = random_tensor<float>({2, 32, 32, 3}, 1),
             both_outputs = random_tensor<float>({2, 32, 32, 3}, 2);
  const auto loss_of = [&](int first, int count) {
    const auto part = [&](const Tensor<float>& both) {
      auto images = Tensor<float>::uninitialized({count, 32, 32, 3});
      std::copy_n(both.data() + first * 32 * 32 * 3, images.extents().size(), images.data());
      return images;
    };
    return objective.image_discriminator(cpu, part(both_truths), part(both_outputs), start).loss;
  };
  const auto distance = [&] { return std::abs(loss_of(0, 2) - (loss_of(0, 1) + loss_of(1, 1)) / 2); };

  objective.initialize(cpu, 7);
  CHECK(distance() > 1e-4);
  CHECK(judge.norm3.running_mean.data()[5] != 0);

  objective.preset.batch_statistics = false;
  objective.initialize(cpu, 7);
  CHECK(distance() < 1e-6);
  CHECK(judge.norm3.running_mean.data()[5] == 0);
  const auto& filter = judge.conv4.weight.raw();
  const double variance = norm_of(filter) * norm_of(filter) / static_cast<double>(filter.extents().size());
  CHECK(variance == Approx(2.0 / (64 * 4 * 4)).epsilon(0.02));
}
