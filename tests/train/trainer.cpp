#include "rfpp/train/trainer.hpp"

#include <unistd.h>

#include "faces.hpp"
#include "instances.hpp"
#include "support.hpp"

using namespace rfpp;
using namespace rfpp::test;

namespace {

/// Every part of training within a few steps of the tiny networks.
TrainSettings settings(const Folder& faces, const std::string& stage) {
  TrainSettings s = settings_named("small", stage);
  s.data = faces.path();
  s.objective.component = 1;
  s.objective.discriminator_start = 4;
  s.judges_updated = stage == "restorer";
  s.batch = 2;
  s.accumulation = 2;
  s.steps = 12;
  s.milestones = {8};
  s.revival_every = 2;
  s.revival_patience = 3;
  s.revival_until = 8;
  s.log_every = s.validate_every = s.samples_every = 3;
  s.checkpoint_every = 5;
  return s;
}

std::string content(const std::filesystem::path& file) {
  std::ifstream stream(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

template <class N>
Trainer<N> trainer_of(const TrainSettings& s, const std::filesystem::path& folder, bool resumes,
                      int threads) {
  return {std::make_unique<LearnerOn<N, Cpu>>(s, threads), folder, resumes, threads};
}

/// Runs until the step, or to the end.
template <class N>
void train(const TrainSettings& s, const std::filesystem::path& folder, bool resumes, int threads,
           long until = 0) {
  auto trainer = trainer_of<N>(s, folder, resumes, threads);
  trainer.run([&] { return trainer.step() == until; });
}

template <class N> void check_resumed(const std::string& stage, long steps) {
  INFO(stage);
  const Folder faces("faces"), work("runs");
  write_faces(faces.path(), 8, 64);
  TrainSettings s = settings(faces, stage);
  s.steps = steps;
  s.validate_every = s.samples_every = steps / 4;
  const auto whole = work.path() / "whole", parts = work.path() / "parts";
  train<N>(s, whole, false, 2);
  train<N>(s, parts, false, 1, steps / 2);
  train<N>(s, parts, true, 2);
  const std::string sample = "samples/0000000" + std::to_string(steps) + ".png";
  for (const std::string& file :
       {std::string("checkpoint.safetensors"), std::string("weights.safetensors"),
        std::string("weights_float16.safetensors"), std::string("validation.csv"), sample}) {
    INFO(file);
    CHECK(content(whole / file).size() > 100);
    CHECK(content(whole / file) == content(parts / file));
  }
  CHECK(std::filesystem::exists(whole / "curves.png"));
  Network<N> exported;
  io::load_parameters(exported, whole / "weights_float16.safetensors");
  io::load_parameters(exported, whole / "checkpoint.safetensors");
}

}  // namespace

TEST_CASE("a run that was stopped and resumed has the bits of one that was not") {
  check_resumed<RohqdTiny>("rohqd", 12);
  check_resumed<RestoreFormerPlusPlusTiny>("restorer", 12);
}

TEST_CASE("a network learns from parts of faces, cut out of the input and the truth at one place") {
  const Folder faces("crops"), work("crops-run");
  write_faces(faces.path(), 4, 64);
  TrainSettings s = settings(faces, "rohqd");
  s.objective.component = 0;
  s.objective.detector = 1;
  s.centerface = RFPP_WEIGHTS "/centerface.safetensors";
  s.crop = 32;
  s.steps = 4;
  const auto parts = work.path() / "parts", whole = work.path() / "whole";
  train<RohqdTiny>(s, parts, false, 2);
  s.crop = 0;
  train<RohqdTiny>(s, whole, false, 2);
  CHECK(content(parts / "weights.safetensors") != content(whole / "weights.safetensors"));
  Table log(parts / "training.csv");
  log.resume(4);
  const auto mean = [&](const char* name) {
    return log.rows()
        .back()[static_cast<std::size_t>(std::ranges::find(log.columns(), name) - log.columns().begin())];
  };
  CHECK(mean("detector") > 0);
  CHECK(mean("pixel") < 1);
}

TEST_CASE("training on few faces lowers the loss") {
  const Folder faces("fit"), work("fit-run");
  write_faces(faces.path(), 4, 64);
  TrainSettings s = settings(faces, "rohqd");
  s.objective.discriminator_start = 1000;
  s.steps = 40;
  s.milestones = {};
  s.accumulation = 1;
  train<RohqdTiny>(s, work.path(), false, 2);
  Table log(work.path() / "training.csv");
  log.resume(40);
  const auto column =
      static_cast<std::size_t>(std::ranges::find(log.columns(), "pixel") - log.columns().begin());
  CHECK(log.rows().back()[column] < 0.7 * log.rows().front()[column]);
}

TEST_CASE("a restorer starts from what an autoencoder has learned, and leaves its dictionary alone") {
  const Folder faces("start"), work("start-run");
  write_faces(faces.path(), 4, 64);
  Network<RohqdTiny> autoencoder;
  initialize(autoencoder, 77);
  io::save_parameters(autoencoder, work.path() / "rohqd.safetensors");
  TrainSettings s = settings(faces, "restorer");
  s.start = work.path() / "rohqd.safetensors";
  s.steps = 2;
  auto trainer = trainer_of<RestoreFormerPlusPlusTiny>(s, work.path() / "run", false, 1);
  trainer.run([] { return false; });
  const auto model = trainer.model(), average = trainer.average();
  CHECK(same_bits(model.quantize.weight, autoencoder.quantize.weight));
  CHECK(same_bits(average.quantize.weight, autoencoder.quantize.weight));
  CHECK_FALSE(same_bits(model.encoder.conv_in.bias, autoencoder.encoder.conv_in.bias));
  CHECK(relative_l2(model.encoder.conv_in.bias, autoencoder.encoder.conv_in.bias) < 0.1);
}

TEST_CASE("an autoencoder that starts from weights keeps their dictionary, one that does not makes its own") {
  const Folder faces("keep"), work("keep-run");
  write_faces(faces.path(), 4, 64);
  TrainSettings s = settings(faces, "rohqd");
  s.steps = 1;
  s.rate = 1e-7;
  Network<RohqdTiny> autoencoder;
  initialize(autoencoder, s.seed);
  io::save_parameters(autoencoder, work.path() / "rohqd.safetensors");
  const auto moved = [&](const char* name) {
    auto trainer = trainer_of<RohqdTiny>(s, work.path() / name, false, 1);
    trainer.run([] { return false; });
    return relative_l2(trainer.model().quantize.weight, autoencoder.quantize.weight);
  };
  CHECK(moved("anew") > 0.5);
  s.start = work.path() / "rohqd.safetensors";
  CHECK(moved("continued") < 0.01);
}

TEST_CASE("a loss that diverges ends the run at the last good checkpoint") {
  const Folder faces("diverge"), work("diverge-run");
  write_faces(faces.path(), 4, 64);
  TrainSettings s = settings(faces, "rohqd");
  s.checkpoint_every = 2;
  train<RohqdTiny>(s, work.path(), false, 1, 2);
  const std::string good = content(work.path() / "checkpoint.safetensors");
  s.rate = 9.9e30;  // past the check of settings, which is for users
  CHECK(contains(error_of([&] { train<RohqdTiny>(s, work.path(), true, 1); }), "expected a learning rate"));
  s.rate = 9;
  s.checkpoint_every = 1000;
  s.steps = 400;
  const std::string error = error_of([&] { train<RohqdTiny>(s, work.path(), true, 1); });
  CHECK(!error.empty());
  CHECK(content(work.path() / "checkpoint.safetensors") == good);
}
