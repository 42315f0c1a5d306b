#ifndef RFPP_TRAIN_TRAINER_HPP
#define RFPP_TRAIN_TRAINER_HPP

#include <chrono>
#include <cstdio>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "rfpp/io/image_write.hpp"
#include "rfpp/model/network.hpp"
#include "rfpp/train/checkpoint.hpp"
#include "rfpp/train/initialise.hpp"
#include "rfpp/train/loader.hpp"
#include "rfpp/train/pictures.hpp"
#include "rfpp/train/reconstruction.hpp"
#include "rfpp/train/revive.hpp"
#include "rfpp/train/settings.hpp"
#include "rfpp/train/table.hpp"
#include "rfpp/train/validation.hpp"

namespace rfpp::inline v0 {

/// Trains one network in a folder of its own:
///   config.json                 the settings
///   checkpoint.safetensors      everything that the next step depends on
///   training.csv, validation.csv
///   samples/000002000.png       validation faces: input, output, truth
///   weights.safetensors, weights_float16.safetensors   the averaged network, as `restore` loads it
template <class N> class Trainer {
 public:
  using Model = Network<N>;

  /// A new run, or, where `resumes`, the one that the folder holds. Throws Error over settings, faces or a
  /// checkpoint that do not fit.
  Trainer(TrainSettings settings, std::filesystem::path folder, bool resumes, int threads)
      : settings_(std::move(settings)),
        folder_(std::move(folder)),
        ex_(threads),
        data_(Dataset::open(settings_.data, Split::train, N::spec.resolution, ex_.pool())),
        model_(initial_model(settings_)),
        average_(copy_of(model_)),
        adam_(model_, {settings_.beta1, settings_.beta2, 1e-8}),
        use_(N::spec.codebook_entries, settings_.revival_patience),
        training_log_(folder_ / "training.csv"),
        validation_log_(folder_ / "validation.csv") {
    make_validation_sets();
    std::filesystem::create_directories(folder_ / "samples");
    if (resumes) load();
  }

  long step() const { return step_; }
  const Model& model() const { return model_; }

  /// Trains until the last step, or until stop() is true after a step; the checkpoint is then that step's.
  /// Throws Error where the loss is no number or has grown out of bounds: the checkpoint is then the last
  /// good one.
  void run(const std::function<bool()>& stop) {
    Loader loader(data_, sampling(),
                  {settings_.seed, settings_.batch, 1, static_cast<std::uint64_t>(step_ * settings_.accumulation)});
    started_ = std::chrono::steady_clock::now();
    first_step_ = step_;
    while (step_ < settings_.steps) {
      train_step(loader);
      ++step_;
      if (step_ % settings_.log_every == 0) log();
      if (step_ % settings_.validate_every == 0) validate_all();
      if (step_ % settings_.samples_every == 0) write_samples();
      if (step_ % settings_.checkpoint_every == 0) save();
      if (stop()) break;
    }
    if (step_ % settings_.checkpoint_every != 0) save();
  }

 private:
  static Model initial_model(const TrainSettings& s) {
    Model model;
    initialise(model, s.seed);
    if (!s.start.empty()) load_matching(model, s.start);
    return model;
  }
  bool restores() const { return settings_.stage == "restorer"; }
  degrade::Preset degradation() const {
    return degrade::scaled(degrade::preset_named(settings_.degradation), N::spec.resolution);
  }
  SampleSettings sampling() const {
    return {{settings_.augmentation_probability, settings_.augmentation_degrees, settings_.augmentation_scale,
             settings_.augmentation_shift},
            degradation(),
            restores()};
  }
  ParameterGroups groups() const {
    if (!restores()) return {};
    return {{is_codebook, 0}, {is_decoder_attention, settings_.attention_rate}};
  }

  void make_validation_sets() {
    constexpr std::uint64_t seed = 7;
    const auto faces = Dataset::open(settings_.data, Split::validation, N::spec.resolution, ex_.pool());
    if (restores()) {
      sets_.push_back(degraded_set(ex_, faces, degradation(), seed, "degraded"));
      sets_.push_back(degraded_set(ex_, faces, hard_preset(degradation()), seed, "hard"));
    } else {
      sets_.push_back(clean_set(faces));
    }
  }

  void train_step(Loader& loader) {
    Model gradients;
    for (int pass = 0; pass < settings_.accumulation; ++pass) {
      FaceBatch faces = loader.next();
      if (!restores()) revive_entries(faces.truth, pass);
      const TrainingBatch<float> batch{faces.degraded, faces.truth};
      const auto result = objective_.generator(ex_, model_, batch, step_);
      use_.note(result.indices.elements());
      note_terms(result.terms);
      add_gradients(ex_, model_, result.gradients, gradients);
    }
    const double decay = std::min(settings_.ema_decay, (1.0 + static_cast<double>(step_)) /
                                                           (10.0 + static_cast<double>(step_)));
    const Schedule schedule{settings_.rate, settings_.milestones, settings_.milestone_factor};
    adam_.step(ex_, model_, gradients, 1.0 / settings_.accumulation, schedule.at(step_), groups(), &average_,
               decay);
  }

  void revive_entries(const Tensor<float>& images, int pass) {
    const bool due = pass == 0 && settings_.revival_every > 0 && step_ <= settings_.revival_until &&
                     step_ % settings_.revival_every == 0;
    if (!due || use_.dead(settings_.revival_patience).empty()) return;
    constexpr std::uint32_t revival_stage = 18;
    const auto encoded = model_.encode(ex_, images);
    const std::array tables{model_.quantize.weight, average_.quantize.weight};
    const std::array moments{adam_.first.quantize.weight, adam_.second.quantize.weight};
    revived_ += revive<float>(use_, settings_.revival_patience, encoded.latent, encoded.indices, tables, moments,
                              {settings_.seed, static_cast<std::uint64_t>(step_), revival_stage});
  }

  /// Adds a pass's terms to those of the log's next row.
  void note_terms(const std::vector<LossTerm>& terms) {
    if (terms_.empty())
      for (const LossTerm& term : terms) terms_.push_back({term.name, 0});
    for (std::size_t i = 0; i < terms.size(); ++i) {
      if (!std::isfinite(terms[i].value))
        throw Error("step " + std::to_string(step_) + ": the term " + terms[i].name + " is " +
                    std::to_string(terms[i].value) + "; the last good checkpoint is kept");
      terms_[i].value += terms[i].value;
    }
    ++passes_;
  }

  void log() {
    const double seconds =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - started_).count();
    const double per_step = seconds / static_cast<double>(step_ - first_step_);
    const Schedule schedule{settings_.rate, settings_.milestones, settings_.milestone_factor};
    std::vector<std::string> columns{"step", "rate", "seconds_per_step", "revived"};
    std::vector<double> row{static_cast<double>(step_), schedule.at(step_), per_step,
                            static_cast<double>(revived_)};
    std::string line;
    for (const LossTerm& term : terms_) {
      columns.emplace_back(term.name);
      row.push_back(term.value / passes_);
      char text[64];
      std::snprintf(text, sizeof text, "  %s %.4f", term.name, term.value / passes_);
      line += text;
    }
    training_log_.add(columns, row);
    const double left = per_step * static_cast<double>(settings_.steps - step_);
    std::printf("step %ld of %ld%s  %.2f faces/s  %d h %02d min left\n", step_, settings_.steps, line.c_str(),
                settings_.batch * settings_.accumulation / per_step, static_cast<int>(left / 3600),
                static_cast<int>(left / 60) % 60);
    std::fflush(stdout);
    terms_.clear();
    passes_ = revived_ = 0;
  }

  void validate_all() {
    std::vector<std::string> columns{"step"};
    std::vector<double> row{static_cast<double>(step_)};
    const auto add = [&](const std::string& name, double value) {
      columns.push_back(name);
      row.push_back(value);
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
      std::printf("step %ld: %s faces: PSNR %.2f dB, SSIM %.4f, %d entries in use\n", step_, set.name.c_str(),
                  v.restored.psnr, v.restored.ssim, v.entries_used);
    }
    validation_log_.add(columns, row);
    io::save_parameters(average_, folder_ / "weights.safetensors", io::DType::float32, {{"network", N::name}});
    io::save_parameters(average_, folder_ / "weights_float16.safetensors", io::DType::float16,
                        {{"network", N::name}});
  }

  void write_samples() {
    constexpr std::size_t shown = 8;
    std::vector<io::Image> images;
    for (const ValidationSet& set : sets_)
      for (std::size_t i = 0; i < std::min(shown, set.pairs.size()); ++i) {
        const auto& pair = set.pairs[i * set.pairs.size() / shown % set.pairs.size()];
        for (const auto& t : {pair.degraded, average_(ex_, pair.degraded).image, pair.clean})
          images.push_back(photo::to_image(t));
      }
    char name[32];
    std::snprintf(name, sizeof name, "%09ld.png", step_);
    io::write_image(folder_ / "samples" / name, grid_of(images, 6));
  }

  auto checkpoint_file() const { return folder_ / "checkpoint.safetensors"; }
  template <class F> void with_parts(F&& f) {
    f(CheckpointPart{"model.", model_}, CheckpointPart{"ema.", average_},
      CheckpointPart{"adam.first.", adam_.first}, CheckpointPart{"adam.second.", adam_.second});
  }
  void save() {
    const nlohmann::json state{{"step", step_}, {"adam_steps", adam_.steps}, {"unused", use_.unused()}};
    with_parts([&](const auto&... parts) {
      save_checkpoint(checkpoint_file(), {{"network", N::name}, {"state", state.dump()}}, parts...);
    });
  }
  void load() {
    const std::string name = checkpoint_file().string();
    const auto checkpoint = io::Checkpoint::open(checkpoint_file());
    with_parts([&](const auto&... parts) { load_checkpoint(checkpoint, name, parts...); });
    const auto state = nlohmann::json::parse(checkpoint.metadata().at("state"));
    step_ = state.at("step");
    adam_.steps = state.at("adam_steps");
    use_ = EntryUse(state.at("unused").template get<std::vector<int>>());
    training_log_.resume(step_);
    validation_log_.resume(step_);
  }

  TrainSettings settings_;
  std::filesystem::path folder_;
  Cpu ex_;
  Dataset data_;
  std::vector<ValidationSet> sets_;
  Model model_, average_;
  Adam<Model> adam_;
  Reconstruction<float> objective_;
  EntryUse use_;
  Table training_log_, validation_log_;
  long step_ = 0, first_step_ = 0;
  std::vector<LossTerm> terms_;
  int passes_ = 0, revived_ = 0;
  std::chrono::steady_clock::time_point started_;
};

}  // namespace rfpp::inline v0

#endif
