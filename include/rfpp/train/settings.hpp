#ifndef RFPP_TRAIN_SETTINGS_HPP
#define RFPP_TRAIN_SETTINGS_HPP

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "rfpp/core/error.hpp"

namespace rfpp::inline v0 {

/// Everything that decides what a training run computes: with the same settings, dataset and program, the
/// same weights to the bit.
struct TrainSettings {
  std::string stage = "rohqd";        ///< rohqd: clean faces are reproduced; restorer: degraded ones restored
  std::string network = "rohqd-small";
  std::string data;                   ///< the folder of faces
  std::string start;                  ///< checkpoint whose weights the network starts with, where they fit
  std::string objective = "rohqd";    ///< weights of the loss terms
  std::string degradation = "code";   ///< preset, scaled to the network's resolution
  std::uint64_t seed = 1;
  int batch = 8, accumulation = 1;    ///< faces in a pass; passes in a step
  long steps = 100000;
  double rate = 1e-3;
  std::vector<long> milestones;       ///< steps at which the rate is multiplied by milestone_factor
  double milestone_factor = 0.1;
  double beta1 = 0.9, beta2 = 0.99;
  double attention_rate = 1;          ///< factor for the decoder's attention
  double ema_decay = 0.999;
  long discriminator_start = 30001;
  double discriminator_rate = 1e-4;
  double augmentation_probability = 0.5, augmentation_degrees = 4, augmentation_scale = 0.05,
         augmentation_shift = 0.02;
  int revival_every = 20, revival_patience = 40;  ///< of dead codebook entries, in steps; see Revival
  long revival_until = 80000;
  long log_every = 100, validate_every = 2000, checkpoint_every = 1000, samples_every = 2000;
};

NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(TrainSettings, stage, network, data, start, objective, degradation, seed,
                                   batch, accumulation, steps, rate, milestones, milestone_factor, beta1, beta2,
                                   attention_rate, ema_decay, discriminator_start, discriminator_rate,
                                   augmentation_probability, augmentation_degrees, augmentation_scale,
                                   augmentation_shift, revival_every, revival_patience, revival_until, log_every,
                                   validate_every, checkpoint_every, samples_every)

/// Throws Error, naming the setting, for values that no run can have.
inline void check(const TrainSettings& s) {
  const auto require = [](bool possible, const char* setting, const std::string& expected, const auto& found) {
    if (possible) return;
    throw Error("settings: expected " + expected + " for \"" + setting + "\", found " +
                nlohmann::json(found).dump());
  };
  require(s.stage == "rohqd" || s.stage == "restorer", "stage", "rohqd or restorer", s.stage);
  require(s.batch >= 1 && s.batch <= 4096, "batch", "1 to 4096", s.batch);
  require(s.accumulation >= 1 && s.accumulation <= 4096, "accumulation", "1 to 4096", s.accumulation);
  require(s.steps >= 1, "steps", "at least 1", s.steps);
  require(s.rate > 0 && s.rate < 10, "rate", "a positive learning rate", s.rate);
  for (const double beta : {s.beta1, s.beta2})
    require(beta >= 0 && beta < 1, "beta1, beta2", "0 to below 1", beta);
  require(s.ema_decay >= 0 && s.ema_decay < 1, "ema_decay", "0 to below 1", s.ema_decay);
  for (const long interval : {s.log_every, s.validate_every, s.checkpoint_every, s.samples_every})
    require(interval >= 1, "log_every, validate_every, checkpoint_every, samples_every", "at least 1", interval);
  require(s.revival_every >= 0 && s.revival_patience >= 1, "revival_every, revival_patience",
          "steps, at least 0 and 1", std::vector{s.revival_every, s.revival_patience});
}

/// Reads settings from JSON. Throws Error, naming the file, for anything else.
inline TrainSettings read_settings(const std::filesystem::path& file) {
  std::ifstream stream(file);
  if (!stream) throw Error(file.string() + ": expected the settings of a training run, found no file");
  try {
    auto settings = nlohmann::json::parse(stream).get<TrainSettings>();
    check(settings);
    return settings;
  } catch (const nlohmann::json::exception& error) {
    throw Error(file.string() + ": expected the settings of a training run: " + error.what());
  } catch (const Error& error) {
    throw Error(file.string() + ": " + error.what());
  }
}

}  // namespace rfpp::inline v0

#endif
