#ifndef RFPP_TRAIN_LEARNER_HPP
#define RFPP_TRAIN_LEARNER_HPP

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "rfpp/expr/remap.hpp"
#include "rfpp/expr/transfer.hpp"
#include "rfpp/metrics/networks.hpp"
#include "rfpp/train/face_batch.hpp"
#include "rfpp/train/initialize.hpp"
#include "rfpp/train/judges.hpp"
#include "rfpp/train/revive.hpp"
#include "rfpp/train/settings.hpp"

namespace rfpp {
inline namespace RFPP_ABI {

/// The part of `height` x `width` pixels at row `top` and column `left`. No gradient goes through it.
struct Window {
  static constexpr bool keeps_channels = true;
  int top, left, height, width;

  Extents extents(Extents e) const { return {e.n, height, width, e.c}; }
  RFPP_HD bool map(Pixel& q, int&) const {
    q.h += top;
    q.w += left;
    return true;
  }
};

/// What milestones have made of rates.
inline double rate_factor(const TrainSettings& s, long step) {
  return Schedule{1, s.milestones, s.milestone_factor}.at(step);
}

/// All that a step of training depends on, but its settings, faces and number.
struct LearnerState {
  std::vector<NamedParameter> parameters;  ///< in host memory, of the network, its average, the moments and
                                           ///< the discriminators
  long adam_steps = 0;
  std::array<long, 4> judge_steps{};
  std::vector<int> unused;  ///< see EntryUse
};

/// What training computes, wherever it does: a network, its average, their optimizer and discriminators. What
/// it takes and gives is in host memory; the program around it need not know the executor.
template <class N> class Learner {
 public:
  struct Restored {
    Tensor<float> image;
    Tensor<int> indices;
  };
  using Report = std::function<void(const std::vector<LossTerm>&)>;

  virtual ~Learner() = default;

  virtual const TrainSettings& settings() const = 0;
  /// Whether it degrades faces where it computes, and loaders need not.
  virtual bool degrades() const = 0;
  /// Step `number`, from 0 on, over batches whose gradients are added up. `report` is told the terms of each
  /// batch, and after the network's update those of the discriminators; the step ends where it throws.
  /// Returns how many dead codebook entries were revived.
  virtual int step(const std::vector<FaceBatch>& faces, long number, const Report& report) = 0;
  /// What the average makes of faces {n,h,w,3}, RGB in [-1, 1].
  virtual Restored restore(const Tensor<float>& faces) = 0;

  // A learner on the processor shares the elements of what these return.
  virtual Network<N> model() = 0;
  virtual Network<N> average() = 0;
  virtual LearnerState state() = 0;
  /// Of the state() of a learner with the same network and objective.
  virtual void set_state(const LearnerState& state) = 0;
};

/// Training on an executor. With the same settings and faces a step gives the same bits on every Cpu.
template <class N, class Ex> class LearnerOn : public Learner<N> {
 public:
  using Model = Network<N>;
  using typename Learner<N>::Restored;
  using typename Learner<N>::Report;
  /// Of the image's discriminator: that of the published networks has as many channels as they have.
  static constexpr int judge_width = std::max(32, N::spec.channels);

  /// A new network, by the settings. The executor is made of `arguments`. Throws Error over settings or
  /// weights that do not fit, and where there is no such device.
  template <class... Arguments>
  explicit LearnerOn(TrainSettings settings, const Arguments&... arguments)
      : settings_((check(settings), std::move(settings))),
        ex_(arguments...),
        model_(initial_model(ex_, settings_)),
        average_(copy_of(ex_, model_)),
        adam_(ex_, model_, {settings_.beta1, settings_.beta2, 1e-8}),
        judges_(ex_, objective(ex_, settings_), settings_.seed, settings_.discriminator_rate),
        // Random entries count as dead until they are used, those of trained weights as used.
        use_(N::spec.codebook_entries, settings_.start.empty() ? settings_.revival_patience : 0) {}

  const TrainSettings& settings() const override { return settings_; }
  bool degrades() const override {
    constexpr bool shares_the_host = requires { Ex::runs_on_host; };
    return !shares_the_host;
  }

  int step(const std::vector<FaceBatch>& faces, long number, const Report& report) override {
    std::vector<TrainingBatch<float>> batches;
    batches.reserve(faces.size());
    for (const FaceBatch& batch : faces)
      batches.push_back(
          training_batch(batch, static_cast<std::uint64_t>(number) * faces.size() + batches.size()));
    const int revived = settings_.restores() ? 0 : revive_entries(batches.front().truth, number);
    const bool judges = judges_.active(number);
    Model gradients;
    std::vector<Tensor<float>> outputs;
    for (const auto& batch : batches) {
      const auto found = judges_.objective().generator(ex_, model_, batch, number);
      report(found.terms);
      use_.note(ex_.download(found.indices).elements());
      add_gradients(ex_, model_, found.gradients, gradients);
      if (judges && !settings_.judges_updated) outputs.push_back(found.image);
    }
    // At first the average is that of few models.
    const auto count = static_cast<double>(number);
    const double decay = std::min(settings_.average_decay, (1 + count) / (10 + count));
    adam_.step(ex_, model_, gradients, 1.0 / static_cast<double>(faces.size()),
               settings_.rate * rate_factor(settings_, number), groups(), &average_, decay);
    if (judges && settings_.judges_updated)
      for (const auto& batch : batches) outputs.push_back(model_(ex_, batch.degraded).image);
    report(judges ? judges_.step(ex_, batches, outputs, rate_factor(settings_, number), number)
                  : std::vector<LossTerm>{{"image_discriminator", 0}, {"component_discriminators", 0}});
    return revived;
  }

  Restored restore(const Tensor<float>& faces) override {
    const auto output = average_(ex_, ex_.upload(faces));
    return {ex_.download(output.image), ex_.download(output.encoded.indices)};
  }

  Model model() override { return downloaded(ex_, model_); }
  Model average() override { return downloaded(ex_, average_); }

  LearnerState state() override {
    LearnerState state{parameters(), adam_.steps, judges_.steps(), use_.unused()};
    for (NamedParameter& p : state.parameters) p.elements = ex_.download(p.elements);
    return state;
  }
  void set_state(const LearnerState& state) override {
    const auto own = parameters();
    for (std::size_t i = 0; i < own.size(); ++i)
      ex_.run(own[i].elements, ex_.upload(state.parameters[i].elements));
    adam_.steps = state.adam_steps;
    judges_.set_steps(state.judge_steps);
    use_ = EntryUse(state.unused);
  }

 private:
  static Model initial_model(Ex& ex, const TrainSettings& s) {
    Model model;
    initialize(model, s.seed);
    if (!s.start.empty()) {
      const auto fresh = load_matching(model, s.start);
      std::printf("%s: starts %zu of %d parameters, the others are fresh\n", s.start.c_str(),
                  static_cast<std::size_t>(count_parameters(model).tensors) - fresh.size(),
                  count_parameters(model).tensors);
    }
    upload_parameters(ex, model);
    return model;
  }
  static Objective<float, judge_width> objective(Ex& ex, const TrainSettings& s) {
    Objective<float, judge_width> o;
    o.preset = s.objective;
    o.codebook_frozen = s.restores();
    if (!s.lpips.empty()) {
      auto lpips = std::make_shared<Lpips<float>>();
      metrics::load_lpips(*lpips, {s.lpips});
      upload_parameters(ex, *lpips);
      o.perceptual = lpips;
    } else if (s.objective.perceptual > 0 || s.objective.style > 0) {
      std::printf("no LPIPS weights: the perceptual and style terms are off\n");
    }
    if (!s.arcface.empty()) {
      auto arcface = std::make_shared<ArcFaceResnet18<float>>();
      io::load_parameters(*arcface, s.arcface);
      upload_parameters(ex, *arcface);
      o.identity = arcface;
    } else if (s.objective.identity > 0) {
      std::printf("no ArcFace weights: the identity term is off\n");
    }
    if (!s.centerface.empty()) {
      auto detector = std::make_shared<CenterFace<float>>();
      io::load_parameters(*detector, s.centerface);
      upload_parameters(ex, *detector);
      o.detector = detector;
    } else if (s.objective.detector > 0) {
      std::printf("no CenterFace weights: the detector's term is off\n");
    }
    return o;
  }
  ParameterGroups groups() const {
    if (!settings_.restores()) return {};
    return {{is_codebook, 0}, {is_decoder_attention, settings_.attention_rate}};
  }

  /// The same part of the faces of both tensors, drawn anew for every face of every batch.
  void cut_out(degrade::DegradedPair& pairs, std::uint64_t batch) {
    Extents e = pairs.clean.extents();
    if (settings_.crop == 0 || settings_.crop >= e.h) return;
    constexpr std::uint32_t stage = 19;
    const int room = e.h - settings_.crop + 1;
    e.h = e.w = settings_.crop;
    degrade::DegradedPair parts{ex_.template tensor<float>(e), ex_.template tensor<float>(e)};
    for (int i = 0; i < e.n; ++i) {
      const RandomStream stream{
          settings_.seed, batch * static_cast<std::uint64_t>(e.n) + static_cast<std::uint64_t>(i), stage};
      const Window window{static_cast<int>(uniform(stream, 0) * room),
                          static_cast<int>(uniform(stream, 1) * room), e.h, e.w};
      const auto place = static_cast<std::size_t>(i);
      ex_.run(image_of(parts.clean, place),
              Remap<Window, Tensor<float>>{window, image_of(pairs.clean, place)});
      ex_.run(image_of(parts.degraded, place),
              Remap<Window, Tensor<float>>{window, image_of(pairs.degraded, place)});
    }
    pairs = parts;
  }

  TrainingBatch<float> training_batch(const FaceBatch& faces, std::uint64_t number) {
    auto pairs = degraded_pairs(ex_, faces);
    cut_out(pairs, number);
    TrainingBatch<float> batch{pairs.degraded, pairs.clean, {}};
    for (std::size_t i = 0; i < faces.samples.size(); ++i) {
      if (!faces.samples[i].components) continue;
      const degrade::Components& c = *faces.samples[i].components;
      const std::array boxes{c.left_eye, c.right_eye, c.mouth};
      for (const Component which : components_of_faces) {
        const degrade::Box& b = boxes[index_of(which)];
        batch.regions[index_of(which)].push_back(
            component_region(which, static_cast<int>(i), b.x, b.y, b.half));
      }
    }
    return batch;
  }

  int revive_entries(const Tensor<float>& images, long number) {
    const bool due = settings_.revival_every > 0 && number <= settings_.revival_until &&
                     number % settings_.revival_every == 0;
    if (!due || use_.dead(settings_.revival_patience).empty()) return 0;
    constexpr std::uint32_t stage = 18;
    const auto encoded = model_.encode(ex_, images);
    const std::array own{model_.quantize.weight, average_.quantize.weight, adam_.first.quantize.weight,
                         adam_.second.quantize.weight};
    const std::array tables{ex_.download(own[0]), ex_.download(own[1])};
    const std::array moments{ex_.download(own[2]), ex_.download(own[3])};
    const int revived = revive<float>(use_, settings_.revival_patience, ex_.download(encoded.latent),
                                      ex_.download(encoded.indices), tables, moments,
                                      {settings_.seed, static_cast<std::uint64_t>(number), stage});
    for (std::size_t i = 0; i < own.size(); ++i)
      ex_.run(own[i], ex_.upload(i < 2 ? tables[i] : moments[i - 2]));
    return revived;
  }

  std::vector<NamedParameter> parameters() const {
    std::vector<NamedParameter> list;
    name_parameters(list, "model.", model_);
    name_parameters(list, "ema.", average_);
    name_parameters(list, "adam.first.", adam_.first);
    name_parameters(list, "adam.second.", adam_.second);
    judges_.name_parameters(list);
    return list;
  }

  TrainSettings settings_;
  Ex ex_;
  Model model_, average_;
  Adam<Model> adam_;
  Judges<judge_width> judges_;
  EntryUse use_;
};

}  // namespace RFPP_ABI
}  // namespace rfpp

#endif
