#ifndef RFPP_TRAIN_TRAINER_HPP
#define RFPP_TRAIN_TRAINER_HPP

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "rfpp/io/image_write.hpp"
#include "rfpp/metrics/networks.hpp"
#include "rfpp/train/initialise.hpp"
#include "rfpp/train/judges.hpp"
#include "rfpp/train/revive.hpp"
#include "rfpp/train/run_folder.hpp"
#include "rfpp/train/settings.hpp"
#include "rfpp/train/validation.hpp"

namespace rfpp::inline v0 {

/// Trains a network in a run folder (see RunFolder). With the same settings, faces and program a run gives
/// the same weights to the bit, on any number of threads, and whether or not it was stopped and resumed.
template <class N> class Trainer {
 public:
  using Model = Network<N>;
  /// Of the image's discriminator: that of the published networks has as many channels as they have.
  static constexpr int judge_width = N::spec.channels;

  /// A new run, or, where `resumes`, the one whose checkpoint the folder holds. Throws Error over settings,
  /// faces, weights or a checkpoint that do not fit.
  Trainer(TrainSettings settings, const std::filesystem::path& folder, bool resumes, int threads = 0)
      : settings_((check(settings), std::move(settings))),
        folder_(folder),
        ex_(threads),
        data_(Dataset::open(settings_.data, Split::train, N::spec.resolution, ex_.pool())),
        model_(initial_model(settings_)),
        average_(copy_of(model_)),
        adam_(model_, {settings_.beta1, settings_.beta2, 1e-8}),
        judges_(ex_, objective(settings_), settings_.seed, settings_.discriminator_rate),
        use_(N::spec.codebook_entries, settings_.revival_patience) {
    make_validation_sets();
    if (resumes) load();
  }

  long step() const { return step_; }
  const Model& model() const { return model_; }
  const Model& average() const { return average_; }

  /// Trains until the last step, or until stop() is true after a step; leaves a checkpoint of the last one.
  /// Throws Error where a term of the loss is no number or the loss has grown out of bounds: the checkpoint
  /// is then the last one before.
  void run(const std::function<bool()>& stop) {
    const auto first_batch =
        static_cast<std::uint64_t>(step_) * static_cast<std::uint64_t>(settings_.accumulation);
    Loader loader(data_, sampling(), {settings_.seed, settings_.batch, 1, first_batch});
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
  static Model initial_model(const TrainSettings& s) {
    Model model;
    initialise(model, s.seed);
    if (s.start.empty()) return model;
    const auto fresh = load_matching(model, s.start);
    std::printf("%s: starts %zu of %d parameters, the others are fresh\n", s.start.c_str(),
                static_cast<std::size_t>(count_parameters(model).tensors) - fresh.size(),
                count_parameters(model).tensors);
    return model;
  }
  static Objective<float, judge_width> objective(const TrainSettings& s) {
    Objective<float, judge_width> o;
    o.preset = s.objective;
    o.codebook_frozen = s.stage == "restorer";
    if (!s.lpips.empty()) {
      auto lpips = std::make_shared<Lpips<float>>();
      metrics::load_lpips(*lpips, {s.lpips});
      o.perceptual = lpips;
    } else if (s.objective.perceptual > 0 || s.objective.style > 0) {
      std::printf("no LPIPS weights: the perceptual and style terms are off\n");
    }
    if (!s.arcface.empty()) {
      auto arcface = std::make_shared<ArcFaceResnet18<float>>();
      io::load_parameters(*arcface, s.arcface);
      o.identity = arcface;
    } else if (s.objective.identity > 0) {
      std::printf("no ArcFace weights: the identity term is off\n");
    }
    return o;
  }
  bool restores() const { return settings_.stage == "restorer"; }
  static degrade::Preset degradation(const std::string& name) {
    return degrade::scaled(degrade::preset_named(name), N::spec.resolution);
  }
  SampleSettings sampling() const {
    return {{settings_.augmentation_probability, settings_.augmentation_degrees, settings_.augmentation_scale,
             settings_.augmentation_shift},
            degradation(settings_.degradation),
            restores()};
  }
  /// What milestones have made of rates.
  double rate_factor() const {
    return Schedule{1, settings_.milestones, settings_.milestone_factor}.at(step_);
  }
  ParameterGroups groups() const {
    if (!restores()) return {};
    return {{is_codebook, 0}, {is_decoder_attention, settings_.attention_rate}};
  }

  void make_validation_sets() {
    constexpr std::uint64_t seed = 7;
    const auto faces = Dataset::open(settings_.data, Split::validation, N::spec.resolution, ex_.pool());
    if (restores()) {
      sets_.push_back(degraded_set(ex_, faces, degradation(settings_.degradation), seed, "degraded"));
      sets_.push_back(degraded_set(ex_, faces, degradation("hard"), seed, "hard"));
    } else {
      sets_.push_back(clean_set(faces));
    }
  }

  void take_step(Loader& loader) {
    std::vector<TrainingBatch<float>> batches;
    batches.reserve(static_cast<std::size_t>(settings_.accumulation));
    for (int pass = 0; pass < settings_.accumulation; ++pass) batches.push_back(regions_found(loader.next()));
    if (!restores()) revive_entries(batches.front().truth);
    Model gradients;
    for (const auto& batch : batches) {
      const auto found = judges_.objective().generator(ex_, model_, batch, step_);
      check_terms(found.terms);
      folder_.add_terms(found.terms);
      use_.note(found.indices.elements());
      add_gradients(ex_, model_, found.gradients, gradients);
    }
    // At first the average is that of few models.
    const auto count = static_cast<double>(step_);
    const double decay = std::min(settings_.average_decay, (1 + count) / (10 + count));
    adam_.step(ex_, model_, gradients, 1.0 / settings_.accumulation, settings_.rate * rate_factor(), groups(),
               &average_, decay);
    std::vector<Tensor<float>> outputs;
    if (judges_.active(step_))
      for (const auto& batch : batches) outputs.push_back(model_(ex_, batch.degraded).image);
    folder_.add_terms(judges_.active(step_) ? judges_.step(ex_, batches, outputs, rate_factor(), step_)
                                            : std::vector<LossTerm>{{"image_discriminator", 0},
                                                                    {"component_discriminators", 0}});
  }

  static TrainingBatch<float> regions_found(FaceBatch faces) {
    TrainingBatch<float> batch{std::move(faces.degraded), std::move(faces.truth), {}};
    for (std::size_t i = 0; i < faces.components.size(); ++i) {
      if (!faces.components[i]) continue;
      const degrade::Components& c = *faces.components[i];
      const std::array boxes{c.left_eye, c.right_eye, c.mouth};
      for (const Component which : components_of_faces) {
        const degrade::Box& b = boxes[index_of(which)];
        batch.regions[index_of(which)].push_back(
            component_region(which, static_cast<int>(i), b.x, b.y, b.half));
      }
    }
    return batch;
  }

  void revive_entries(const Tensor<float>& images) {
    const bool due = settings_.revival_every > 0 && step_ <= settings_.revival_until &&
                     step_ % settings_.revival_every == 0;
    if (!due || use_.dead(settings_.revival_patience).empty()) return;
    constexpr std::uint32_t stage = 18;
    const auto encoded = model_.encode(ex_, images);
    const std::array tables{model_.quantize.weight, average_.quantize.weight};
    const std::array moments{adam_.first.quantize.weight, adam_.second.quantize.weight};
    const int revived =
        revive<float>(use_, settings_.revival_patience, encoded.latent, encoded.indices, tables, moments,
                      {settings_.seed, static_cast<std::uint64_t>(step_), stage});
    folder_.add_revived(revived);
  }

  /// Throws Error where a term is no number, or where the pixel term's running mean is several times what it
  /// once was.
  void check_terms(const std::vector<LossTerm>& terms) {
    constexpr double memory = 0.99, too_much = 4;
    constexpr long settled = 200;
    for (const LossTerm& term : terms) {
      if (!std::isfinite(term.value))
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
    folder_.log(step_, settings_.steps, settings_.rate * rate_factor(),
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
      const Validation v = validate(ex_, average_, set);
      add(set.name + "_psnr", v.restored.psnr);
      add(set.name + "_ssim", v.restored.ssim);
      if (restores()) {
        add(set.name + "_input_psnr", v.degraded.psnr);
        add(set.name + "_input_ssim", v.degraded.ssim);
      }
      add(set.name + "_entries", v.entries_used);
    }
    folder_.add_validation(step_, names, values);
    for (const auto& [name, dtype] : {std::pair{"weights.safetensors", io::DType::float32},
                                      std::pair{"weights_float16.safetensors", io::DType::float16}})
      io::save_parameters(average_, folder_.path() / name, dtype,
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
        for (const auto& t : {pair.degraded, average_(ex_, pair.degraded).image, pair.clean})
          images.push_back(photo::to_image(t));
      }
    }
    return images;
  }

  std::vector<NamedParameter> all_parameters() const {
    std::vector<NamedParameter> list;
    name_parameters(list, "model.", model_);
    name_parameters(list, "ema.", average_);
    name_parameters(list, "adam.first.", adam_.first);
    name_parameters(list, "adam.second.", adam_.second);
    judges_.name_parameters(list);
    return list;
  }
  void save() const {
    const nlohmann::json state{
        {"step", step_},           {"adam_steps", adam_.steps}, {"judge_steps", judges_.steps()},
        {"unused", use_.unused()}, {"pixel", pixel_},           {"lowest_pixel", lowest_pixel_}};
    save_checkpoint(folder_.checkpoint(), all_parameters(), {{"network", N::name}, {"state", state.dump()}});
  }
  void load() {
    const auto checkpoint = io::Checkpoint::open(folder_.checkpoint());
    load_checkpoint(checkpoint, folder_.checkpoint(), all_parameters());
    try {
      const auto state = nlohmann::json::parse(checkpoint.metadata().at("state"));
      step_ = state.at("step");
      adam_.steps = state.at("adam_steps");
      judges_.set_steps(state.at("judge_steps"));
      use_ = EntryUse(state.at("unused").template get<std::vector<int>>());
      pixel_ = state.at("pixel");
      lowest_pixel_ = state.at("lowest_pixel");
    } catch (const std::exception& error) {
      throw Error(folder_.checkpoint().string() + ": expected the state of a training run: " + error.what());
    }
    folder_.resume(step_);
  }

  TrainSettings settings_;
  RunFolder folder_;
  Cpu ex_;
  Dataset data_;
  std::vector<ValidationSet> sets_;
  Model model_, average_;
  Adam<Model> adam_;
  Judges<judge_width> judges_;
  EntryUse use_;
  long step_ = 0;
  double pixel_ = 0, lowest_pixel_ = 0;
};

}  // namespace rfpp::inline v0

#endif
