#ifndef RFPP_TRAIN_SETTINGS_HPP
#define RFPP_TRAIN_SETTINGS_HPP

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "rfpp/core/error.hpp"
#include "rfpp/io/json.hpp"
#include "rfpp/io/mapped_file.hpp"
#include "rfpp/train/objective_preset.hpp"

namespace rfpp {
inline namespace RFPP_ABI {

NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(ObjectivePreset, pixel, perceptual, style, adversarial, codebook,
                                   commitment, component, component_style, identity, discriminator_start,
                                   detector, color, texture, batch_statistics)

/// Everything that decides what a training run computes: with the same settings, faces and program, the same
/// weights to the bit. Defaults are those for the networks of 256x256.
struct TrainSettings {
  std::string stage;  ///< rohqd: clean faces are reproduced; restorer: degraded ones are restored
  std::string network;
  std::string data;                  ///< folder of aligned faces
  bool recursive = false;            ///< whether the folders in it are taken, too
  std::string start;                 ///< weights to start from, where they fit; "" for random ones
  std::string lpips;                 ///< weights of the networks behind the perceptual and style terms, and
  std::string arcface;               ///< behind the identity term; without them the terms are off
  std::string centerface;            ///< weights of the detector, for its term and for landmarks' errors
  ObjectivePreset objective{};       ///< weights of the terms
  std::string degradation = "code";  ///< preset, scaled to the network's resolution
  std::uint64_t seed = 1;
  int batch = 4, accumulation = 1;  ///< faces in a pass; passes in a step
  long steps = 60000;
  double rate = 1e-3;
  std::vector<long> milestones = {30000, 45000};  ///< steps at which rates are multiplied by milestone_factor
  double milestone_factor = 0.3;
  double beta1 = 0.9, beta2 = 0.99;  ///< of Adam for the network
  double attention_rate = 1;         ///< factor for the decoder's attention in the second stage
  double discriminator_rate = 2e-4;
  bool judges_updated = true;  ///< discriminators learn from what the updated network makes of the faces, as
                               ///< in the released code; else from what the step has made of them
  double average_decay = 0.999;  ///< of the averaged weights
  double augmentation_probability = 0.5, augmentation_degrees = 4, augmentation_scale = 0.05,
         augmentation_shift = 0.02;  ///< see Augmentation
  double color_probability = 0, color_degrees = 20, color_saturation = 0.4,
         color_gain = 0.15;  ///< see
                             ///< Recoloring
  int crop = 0;  ///< side of the square that is cut out of a face, anywhere, to train on; 0: the whole face
  int revival_every = 10, revival_patience = 30;  ///< of dead codebook entries, in steps; see revive()
  long revival_until = 30000;
  long log_every = 50, validate_every = 1000, samples_every = 1000, checkpoint_every = 500;

  bool restores() const { return stage == "restorer"; }
};

NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(TrainSettings, stage, network, data, recursive, start, lpips, arcface,
                                   centerface, objective, degradation, seed, batch, accumulation, steps, rate,
                                   milestones, milestone_factor, beta1, beta2, attention_rate,
                                   discriminator_rate, judges_updated, average_decay,
                                   augmentation_probability, augmentation_degrees, augmentation_scale,
                                   augmentation_shift, color_probability, color_degrees, color_saturation,
                                   color_gain, crop, revival_every, revival_patience, revival_until,
                                   log_every, validate_every, samples_every, checkpoint_every)

/// Throws Error, naming the setting, for values that no run can have.
inline void check(const TrainSettings& s) {
  const auto require = [](bool possible, const char* setting, const char* expected, const auto& found) {
    if (possible) return;
    throw Error("setting \"" + std::string(setting) + "\": expected " + expected + ", found " +
                nlohmann::json(found).dump());
  };
  require(s.stage == "rohqd" || s.stage == "restorer", "stage", "rohqd or restorer", s.stage);
  require(s.batch >= 1 && s.batch <= 4096, "batch", "1 to 4096 faces", s.batch);
  require(s.accumulation >= 1 && s.accumulation <= 4096, "accumulation", "1 to 4096 passes", s.accumulation);
  require(s.steps >= 1, "steps", "at least 1", s.steps);
  require(s.rate > 0 && s.rate < 10, "rate", "a learning rate", s.rate);
  require(s.discriminator_rate > 0 && s.discriminator_rate < 10, "discriminator_rate", "a learning rate",
          s.discriminator_rate);
  require(s.beta1 >= 0 && s.beta1 < 1, "beta1", "0 to below 1", s.beta1);
  require(s.beta2 >= 0 && s.beta2 < 1, "beta2", "0 to below 1", s.beta2);
  require(s.average_decay >= 0 && s.average_decay < 1, "average_decay", "0 to below 1", s.average_decay);
  require(s.crop == 0 || (s.crop >= 32 && s.crop % 32 == 0 && s.objective.component == 0), "crop",
          "a multiple of 32, or 0; with component discriminators, 0", s.crop);
  require(s.revival_every >= 0, "revival_every", "at least 0 steps", s.revival_every);
  require(s.revival_patience >= 1, "revival_patience", "at least 1 step", s.revival_patience);
  require(s.log_every >= 1, "log_every", "at least 1 step", s.log_every);
  require(s.validate_every >= 1, "validate_every", "at least 1 step", s.validate_every);
  require(s.samples_every >= 1, "samples_every", "at least 1 step", s.samples_every);
  require(s.checkpoint_every >= 1, "checkpoint_every", "at least 1 step", s.checkpoint_every);
}

/// Reads settings from a JSON file. Throws Error, naming the file, for anything else.
inline TrainSettings read_settings(const std::filesystem::path& file) {
  if (!std::filesystem::exists(file))
    throw Error(file.string() + ": expected the settings of a training run, found no file");
  const io::MappedFile text(file);
  nlohmann::json json;
  try {
    json = io::parse_json({reinterpret_cast<const char*>(text.bytes().data()), text.bytes().size()}, "text");
    if (json.is_object()) {  // settings of before these were choices
      json.emplace("recursive", false);
      json.emplace("judges_updated", true);
      if (json.contains("objective") && json["objective"].is_object()) {
        json["objective"].emplace("batch_statistics", true);
        json["objective"].emplace("color", 0.0);
        json["objective"].emplace("texture", 0.0);
      }
    }
    io::check_like(json, nlohmann::json(TrainSettings{}), "");
  } catch (const Error& error) {
    throw Error(file.string() + ": expected the settings of a training run: " + error.what());
  }
  try {
    auto settings = json.get<TrainSettings>();
    check(settings);
    return settings;
  } catch (const Error& error) {
    throw Error(file.string() + ": " + error.what());
  }
}

/// The settings of a preset, for the medium network of the stage. `small`: for few faces and a processor; what
/// judges is the image's discriminator alone. The others are those of objective_named(): batch 16, betas 0.5
/// and 0.9, the rate in proportion to the batch (`paper`: 1e-4), no augmentation but the degradation's, no
/// revival. Throws Error over other names.
inline TrainSettings settings_named(std::string_view preset, std::string_view stage) {
  const bool restores = stage == "restorer";
  TrainSettings s;
  s.stage = stage;
  s.network = restores ? "restoreformer++-medium" : "rohqd-medium";
  if (preset == "small") {
    s.objective = objective_named(restores ? "restoreformer++" : "rohqd");
    s.objective.component = s.objective.component_style = s.objective.identity = 0;
    s.objective.discriminator_start = restores ? 5000 : 20000;
    s.objective.batch_statistics = s.judges_updated = false;
    if (restores) s.rate = 3e-4;
    return s;
  }
  s.objective = objective_named(preset);
  s.batch = 16;
  s.steps = 1000000;
  s.rate = s.discriminator_rate = preset == "paper" ? 1e-4 : 4.5e-6 * s.batch;
  s.beta1 = 0.5, s.beta2 = 0.9;
  s.attention_rate = 10;
  s.milestones.clear();
  s.milestone_factor = 0.1;
  s.augmentation_probability = 0;
  s.revival_every = 0;
  return s;
}

}  // namespace RFPP_ABI
}  // namespace rfpp

#endif
