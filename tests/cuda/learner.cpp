#include "cuda/learner.hpp"

#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "catch.hpp"
#include "loss_networks.hpp"
#include "rfpp/degrade/presets.hpp"
#include "support.hpp"
#include "train/faces.hpp"

using namespace rfpp;
using namespace rfpp::test;

namespace {

/// Smooth faces, with what a preset does to the images from `first` on.
FaceBatch faces(const char* preset, std::uint64_t first, int count, int side) {
  FaceBatch batch;
  for (int k = 0; k < count; ++k) {
    const auto number = first + static_cast<std::uint64_t>(k);
    auto face = Tensor<float>::uninitialized({1, side, side, 3});
    for (int i = 0; i < 3 * side * side; ++i)
      face.data()[i] = static_cast<float>(0.5 + 0.3 * std::sin(0.02 * i + static_cast<double>(number)) +
                                          0.2 * std::cos(0.7 * i / side));
    const double unit = side / 32.0;
    batch.samples.push_back(
        {face, degrade::draw(degrade::scaled(degrade::preset_named(preset), side), 5, number, side, side),
         degrade::Components{{10 * unit, 12 * unit, 3 * unit},
                             {22 * unit, 12.5 * unit, 3.5 * unit},
                             {16 * unit, 24 * unit, 4.5 * unit}}});
  }
  return batch;
}

/// Every part of training within a few steps.
TrainSettings settings() {
  TrainSettings s = settings_named("small", "rohqd");
  s.objective.component = 1;
  s.objective.component_style = 1e5;
  s.objective.discriminator_start = 1;
  s.revival_every = 2;
  s.revival_patience = 2;
  s.rate = s.discriminator_rate =
      1e-6;  // Adam's first steps make as much of a rounding error as of a gradient
  return s;
}

struct Learned {
  std::vector<LossTerm> terms;
  std::vector<int> revived;
  LearnerState state;
  Tensor<float> restored;
};
Learned learn(Learner<LittleRestorer>& learner, const std::vector<FaceBatch>& batches, long steps) {
  Learned learned;
  for (long step = 0; step < steps; ++step)
    learned.revived.push_back(learner.step(batches, step, [&](const std::vector<LossTerm>& terms) {
      learned.terms.insert(learned.terms.end(), terms.begin(), terms.end());
    }));
  learned.state = learner.state();
  learned.restored = learner.restore(batches.front().samples.front().face).image;
  return learned;
}

void check_terms(const std::vector<LossTerm>& found, const std::vector<LossTerm>& expected) {
  REQUIRE(found.size() == expected.size());
  for (std::size_t i = 0; i < found.size(); ++i) {
    const double value = expected[i].value;
    INFO(expected[i].name << " is " << value);
    CHECK(std::abs(found[i].value - value) <= 1e-4 * std::max(std::abs(value), 1e-2));
  }
}

/// With the pairs that the processor makes, since one sample that is rounded otherwise makes other gradients.
FaceBatch degraded(FaceBatch batch) {
  const auto pairs = degraded_on_cpu(batch);
  batch.truth = pairs.clean;
  batch.degraded = pairs.degraded;
  return batch;
}

}  // namespace

TEST_CASE("steps of training agree with those on the CPU executor") {
  const std::vector<FaceBatch> batches{degraded(faces("code", 0, 2, 32)), degraded(faces("code", 2, 2, 32))};
  const auto on_cpu = cpu_learner(settings()), on_device = device_learner(settings());
  // Not three: even correct split TF32 parts from float at a discontinuity in the third.
  const Learned expected = learn(*on_cpu, batches, 2), found = learn(*on_device, batches, 2);
  CHECK(found.revived.front() > 0);
  CHECK(found.revived == expected.revived);
  CHECK(found.state.unused == expected.state.unused);
  check_terms(found.terms, expected.terms);
  REQUIRE(found.state.parameters.size() == expected.state.parameters.size());
  for (std::size_t i = 0; i < found.state.parameters.size(); ++i) {
    const auto &a = found.state.parameters[i], &b = expected.state.parameters[i];
    // The gradient of a key's bias is zero, but for rounding.
    if (b.name.starts_with("adam.") && b.name.ends_with(".k.bias")) continue;
    INFO(b.name);
    CHECK(relative_l2(a.elements, b.elements) <= 1e-3);
  }
  CHECK(relative_l2(found.restored, expected.restored) <= 1e-4);
}

TEST_CASE("terms that look through networks agree with those on the CPU executor") {
  const Folder folder("learner");
  TrainSettings s = settings();
  s.objective.style = 1e3;
  s.objective.discriminator_start = -1;  // so the first step has all terms
  s.lpips = folder.path() / "lpips.safetensors";
  s.arcface = folder.path() / "arcface.safetensors";
  s.objective.identity = 1;
  s.centerface = folder.path() / "centerface.safetensors";
  s.objective.detector = 1;
  s.objective.color = 1;
  s.objective.texture = 1;
  Lpips<float> lpips;
  fill_golden(lpips, "lpips.");
  io::save_parameters(lpips, s.lpips);
  ArcFaceResnet18<float> arcface;
  fill_golden(arcface, "arcface.");
  io::save_parameters(arcface, s.arcface);
  CenterFace<float> centerface;
  fill_golden(centerface, "centerface.");
  io::save_parameters(centerface, s.centerface);
  const std::vector<FaceBatch> batches{degraded(faces("code", 0, 1, 32))};
  const auto expected = learn(*cpu_learner(s), batches, 1).terms;
  check_terms(learn(*device_learner(s), batches, 1).terms, expected);
  for (const LossTerm& term : expected) {
    INFO(term.name);
    CHECK(term.value != 0);
  }
}

TEST_CASE("a learner that takes another's state goes on as it does") {
  const std::vector<FaceBatch> batches{faces("code", 0, 2, 32)};
  const auto one = device_learner(settings()), other = device_learner(settings());
  learn(*one, batches, 3);
  other->set_state(one->state());
  const auto silent = [](const std::vector<LossTerm>&) {};
  one->step(batches, 3, silent);
  other->step(batches, 3, silent);
  const LearnerState a = one->state(), b = other->state();
  CHECK(a.adam_steps == b.adam_steps);
  CHECK(a.judge_steps == b.judge_steps);
  for (std::size_t i = 0; i < a.parameters.size(); ++i)
    CHECK(same_bits(a.parameters[i].elements, b.parameters[i].elements));
}

TEST_CASE("faces are degraded as on the CPU executor") {
  for (const char* preset : {"code", "hard"}) {
    INFO(preset);
    const FaceBatch batch = faces(preset, 0, 12, 64);
    const auto expected = degraded_on_cpu(batch), found = degraded_on_device(batch);
    CHECK(relative_l2(found.clean, expected.clean) <= 1e-6);
    // Samples have 8 bits: where rounding differs, they are a level apart.
    constexpr double level = 2.0 / 255;
    int apart = 0;
    for (std::size_t i = 0; i < expected.degraded.extents().size(); ++i) {
      const auto difference =
          static_cast<double>(std::abs(found.degraded.data()[i] - expected.degraded.data()[i]));
      if (difference <= 1e-5) continue;
      CHECK(difference <= 1.001 * level);
      ++apart;
    }
    CHECK(apart <= 0.002 * static_cast<double>(expected.degraded.extents().size()));
  }
}
