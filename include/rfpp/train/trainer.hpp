#ifndef RFPP_TRAIN_TRAINER_HPP
#define RFPP_TRAIN_TRAINER_HPP

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "rfpp/core/finite.hpp"
#include "rfpp/io/image_write.hpp"
#include "rfpp/train/learner.hpp"
#include "rfpp/train/run_folder.hpp"
#include "rfpp/train/settings.hpp"
#include "rfpp/train/validation.hpp"

namespace rfpp {
inline namespace RFPP_ABI {

/// Trains a network in a run folder (see RunFolder): gives a learner its faces, and keeps what it learns.
/// With the same settings, faces and program a run on a Cpu gives the same weights to the bit, on any number
/// of threads, and whether or not it was stopped and resumed.
template <class N> class Trainer {
 public:
  /// A new run of a new learner, or, where `resumes`, the one whose checkpoint the folder holds. `threads`
  /// are for what is done to faces and images on the processor. Throws Error over faces or a checkpoint that
  /// do not fit.
  Trainer(std::unique_ptr<Learner<N>> learner, const std::filesystem::path& folder, bool resumes,
          int threads = 0)
      : learner_(std::move(learner)),
        settings_(learner_->settings()),
        folder_(folder),
        ex_(threads),
        data_(faces_for(Split::train)) {
    make_validation_sets();
    if (!settings_.centerface.empty()) io::load_parameters(detector_.emplace(), settings_.centerface);
    if (resumes) load();
  }

  long step() const { return step_; }
  /// Why faces are left out, of training or of validation: a line each.
  const std::vector<std::string>& failures() const { return failures_; }
  /// What is wrong with files of faces that are taken: a line each, see Dataset::warnings.
  const std::vector<std::string>& warnings() const { return warnings_; }
  Network<N> model() const { return learner_->model(); }
  Network<N> average() const { return learner_->average(); }

  /// Trains until the last step, or until stop() is true after a step; leaves a checkpoint of the last one.
  /// Throws Error where a term of the loss is no number or the loss has grown out of bounds: the checkpoint
  /// is then the last one before.
  void run(const std::function<bool()>& stop) {
    const auto first_batch =
        static_cast<std::uint64_t>(step_) * static_cast<std::uint64_t>(settings_.accumulation);
    Loader loader(data_, sampling(),
                  {settings_.seed, settings_.batch, 1, first_batch, !learner_->degrades()});
    folder_.start_clock(step_);
    const auto due = [&](long interval) { return step_ % interval == 0 || step_ == settings_.steps; };
    for (bool stopped = step_ >= settings_.steps; !stopped;) {
      take_step(loader);
      ++step_;
      stopped = stop() || step_ == settings_.steps;
      if (due(settings_.log_every)) log();
      if (due(settings_.validate_every)) validate_all();
      if (due(settings_.samples_every)) folder_.write_samples(step_, samples());
      if (stopped || due(settings_.checkpoint_every)) save();
    }
  }

 private:
  static degrade::Preset degradation(const std::string& name) {
    return degrade::scaled(degrade::preset_named(name), N::spec.resolution);
  }
  SampleSettings sampling() const {
    return {{settings_.augmentation_probability, settings_.augmentation_degrees, settings_.augmentation_scale,
             settings_.augmentation_shift},
            degradation(settings_.degradation),
            settings_.restores(),
            {settings_.color_probability, settings_.color_degrees, settings_.color_saturation,
             settings_.color_gain}};
  }

  /// The run's own pictures are no faces, where it lies among them.
  Dataset faces_for(Split split) {
    auto faces = Dataset::open(settings_.data, split, N::spec.resolution, ex_.pool(), settings_.recursive,
                               folder_.path());
    failures_.insert(failures_.end(), faces.failures().begin(), faces.failures().end());
    warnings_.insert(warnings_.end(), faces.warnings().begin(), faces.warnings().end());
    return faces;
  }

  void make_validation_sets() {
    constexpr std::uint64_t seed = 7;
    const Dataset faces = faces_for(Split::validation);
    if (settings_.restores()) {
      sets_.push_back(degraded_set(ex_, faces, degradation(settings_.degradation), seed, "degraded"));
      sets_.push_back(degraded_set(ex_, faces, degradation("hard"), seed, "hard"));
    } else {
      sets_.push_back(clean_set(faces));
    }
  }

  void take_step(Loader& loader) {
    std::vector<FaceBatch> batches;
    batches.reserve(static_cast<std::size_t>(settings_.accumulation));
    for (int pass = 0; pass < settings_.accumulation; ++pass) batches.push_back(loader.next());
    folder_.add_revived(learner_->step(batches, step_, [&](const std::vector<LossTerm>& terms) {
      check_terms(terms);
      folder_.add_terms(terms);
    }));
  }

  /// Throws Error where a term is no number, or where the pixel term's running mean is several times what it
  /// once was.
  void check_terms(const std::vector<LossTerm>& terms) {
    constexpr double memory = 0.99, too_much = 4;
    constexpr long settled = 200;
    for (const LossTerm& term : terms) {
      if (!is_finite(term.value))
        throw Error("step " + std::to_string(step_) + ": the loss has diverged: " + term.name + " is " +
                    std::to_string(term.value) + "; the last good checkpoint is kept");
      if (std::string(term.name) != "pixel") continue;
      pixel_ = pixel_ == 0 ? term.value : memory * pixel_ + (1 - memory) * term.value;
      if (step_ == settled) lowest_pixel_ = pixel_;
      if (step_ <= settled) continue;
      lowest_pixel_ = std::min(lowest_pixel_, pixel_);
      if (pixel_ > too_much * lowest_pixel_)
        throw Error("step " + std::to_string(step_) + ": the loss has diverged: pixel is " +
                    std::to_string(pixel_) + ", and was " + std::to_string(lowest_pixel_) +
                    "; the last good checkpoint is kept");
    }
  }

  void log() {
    folder_.log(step_, settings_.steps, settings_.rate * rate_factor(settings_, step_),
                settings_.batch * settings_.accumulation);
  }

  void validate_all() {
    std::vector<std::string> names;
    std::vector<double> values;
    const auto add = [&](const std::string& name, double value) {
      names.push_back(name);
      values.push_back(value);
    };
    for (const ValidationSet& set : sets_) {
      const Validation v = validate(ex_, *learner_, set, detector_ ? &*detector_ : nullptr);
      add(set.name + "_psnr", v.restored.psnr);
      add(set.name + "_ssim", v.restored.ssim);
      if (settings_.restores()) {
        add(set.name + "_input_psnr", v.degraded.psnr);
        add(set.name + "_input_ssim", v.degraded.ssim);
      }
      add(set.name + "_sharpness", v.restored.sharpness);
      add(set.name + "_color_error", v.restored.color_error);
      if (settings_.restores()) add(set.name + "_input_color_error", v.degraded.color_error);
      if (detector_) add(set.name + "_landmark_error", v.landmark_error);
      add(set.name + "_entries", v.entries_used);
    }
    folder_.add_validation(step_, names, values);
    const Network<N> average = learner_->average();
    for (const auto& [name, dtype] : {std::pair{"weights.safetensors", io::DType::float32},
                                      std::pair{"weights_float16.safetensors", io::DType::float16}})
      io::save_parameters(average, folder_.path() / name, dtype,
                          {{"network", N::name}, {"steps", std::to_string(step_)}});
  }

  /// Some faces of every validation set: input, output, truth.
  std::vector<io::Image> samples() {
    constexpr std::size_t shown = 8;
    std::vector<io::Image> images;
    for (const ValidationSet& set : sets_) {
      const std::size_t count = std::min(shown, set.pairs.size());
      for (std::size_t i = 0; i < count; ++i) {
        const auto& pair = set.pairs[i * set.pairs.size() / count];
        for (const auto& t : {pair.degraded, learner_->restore(pair.degraded).image, pair.clean})
          images.push_back(photo::to_image(t));
      }
    }
    return images;
  }

  void save() {
    const LearnerState learned = learner_->state();
    const nlohmann::json state{{"step", step_},
                               {"adam_steps", learned.adam_steps},
                               {"judge_steps", learned.judge_steps},
                               {"unused", learned.unused},
                               {"pixel", pixel_},
                               {"lowest_pixel", lowest_pixel_}};
    save_checkpoint(folder_.checkpoint(), learned.parameters,
                    {{"network", N::name}, {"state", state.dump()}});
  }
  void load() {
    const auto checkpoint = io::Checkpoint::open(folder_.checkpoint());
    LearnerState learned = learner_->state();
    load_checkpoint(checkpoint, folder_.checkpoint(), learned.parameters);
    try {
      const auto state = io::parse_json(checkpoint.metadata().at("state"), "state");
      io::check_like(state,
                     {{"step", 0},
                      {"adam_steps", 0},
                      {"judge_steps", learned.judge_steps},
                      {"unused", nlohmann::json::array()},
                      {"pixel", 0},
                      {"lowest_pixel", 0}},
                     "state");
      step_ = state.at("step");
      learned.adam_steps = state.at("adam_steps");
      learned.judge_steps = state.at("judge_steps");
      learned.unused = state.at("unused").template get<std::vector<int>>();
      pixel_ = state.at("pixel");
      lowest_pixel_ = state.at("lowest_pixel");
    } catch (const std::exception& error) {
      throw Error(folder_.checkpoint().string() + ": expected the state of a training run: " + error.what());
    }
    learner_->set_state(learned);
    folder_.resume(step_);
  }

  std::unique_ptr<Learner<N>> learner_;
  const TrainSettings& settings_;
  RunFolder folder_;
  Cpu ex_;
  std::vector<std::string> failures_, warnings_;
  Dataset data_;
  std::optional<CenterFace<>> detector_;
  std::vector<ValidationSet> sets_;
  long step_ = 0;
  double pixel_ = 0, lowest_pixel_ = 0;
};

}  // namespace RFPP_ABI
}  // namespace rfpp

#endif
