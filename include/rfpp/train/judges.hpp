#ifndef RFPP_TRAIN_JUDGES_HPP
#define RFPP_TRAIN_JUDGES_HPP

#include <array>
#include <string>
#include <utility>
#include <vector>

#include "rfpp/train/checkpoint.hpp"
#include "rfpp/train/objective.hpp"
#include "rfpp/train/optimizer.hpp"

namespace rfpp {
inline namespace RFPP_ABI {

/// An objective with the optimizers of its discriminators. Those that the objective's weights leave out take
/// no part, and are in no checkpoint.
template <int Width> class Judges {
 public:
  /// The components' discriminators learn ten times as fast as the image's.
  Judges(auto& ex, Objective<float, Width> objective, std::uint64_t seed, double rate)
      : objective_(initialized(ex, std::move(objective), seed)),
        image_(ex, objective_.discriminator, {0.5, 0.9, 1e-8}),
        components_{Adam{ex, objective_.components[0], component_adam},
                    Adam{ex, objective_.components[1], component_adam},
                    Adam{ex, objective_.components[2], component_adam}},
        rate_(rate) {}

  const Objective<float, Width>& objective() const { return objective_; }

  /// Whether a discriminator trains at this step.
  bool active(long step) const {
    return step >= objective_.preset.discriminator_start && (judges_image() || judges_components());
  }

  /// One step of every discriminator, over batches and what the updated network makes of them. Returns the
  /// losses' means: the image's, and those of the components.
  std::vector<LossTerm> step(auto& ex, const std::vector<TrainingBatch<float>>& batches,
                             const std::vector<Tensor<float>>& outputs, double rate_factor, long step) {
    std::vector<LossTerm> losses;
    losses.push_back(
        {"image_discriminator",
         train(ex, objective_.discriminator, image_, rate_ * rate_factor, batches.size(), [&](std::size_t i) {
           return objective_.image_discriminator(ex, batches[i].truth, outputs[i], step);
         })});
    double sum = 0;
    for (const Component which : components_of_faces) {
      const std::size_t k = index_of(which);
      sum += train(ex, objective_.components[k], components_[k], 10 * rate_ * rate_factor, batches.size(),
                   [&](std::size_t i) {
                     return objective_.component_discriminator(ex, which, batches[i].truth, outputs[i],
                                                               batches[i].regions[k], step);
                   });
    }
    losses.push_back({"component_discriminators", sum});
    return losses;
  }

  void name_parameters(std::vector<NamedParameter>& list) const {
    const auto add = [&](const std::string& name, const auto& network, const auto& adam) {
      rfpp::name_parameters(list, "loss." + name + ".", network);
      rfpp::name_parameters(list, "adam.first.loss." + name + ".", adam.first);
      rfpp::name_parameters(list, "adam.second.loss." + name + ".", adam.second);
    };
    if (judges_image()) add("discriminator", objective_.discriminator, image_);
    constexpr std::array names{"net_d_left_eye", "net_d_right_eye", "net_d_mouth"};
    for (std::size_t k = 0; judges_components() && k < names.size(); ++k)
      add(names[k], objective_.components[k], components_[k]);
  }
  std::array<long, 4> steps() const {
    return {image_.steps, components_[0].steps, components_[1].steps, components_[2].steps};
  }
  void set_steps(const std::array<long, 4>& steps) {
    image_.steps = steps[0];
    for (std::size_t k = 0; k < components_.size(); ++k) components_[k].steps = steps[k + 1];
  }

 private:
  static constexpr AdamSettings component_adam{0.9, 0.99, 1e-8};

  static Objective<float, Width> initialized(auto& ex, Objective<float, Width> objective,
                                             std::uint64_t seed) {
    objective.initialize(ex, seed);
    return objective;
  }
  bool judges_image() const { return objective_.preset.adversarial > 0; }
  bool judges_components() const { return objective_.preset.component > 0; }

  /// Gradients of all batches, then a step.
  template <class Model, class F>
  double train(auto& ex, Model& model, Adam<Model>& adam, double rate, std::size_t batches, F&& judge) {
    Model gradients;
    double loss = 0;
    const double share = 1.0 / static_cast<double>(batches);
    bool learns = false;
    for (std::size_t i = 0; i < batches; ++i) {
      const DiscriminatorStep found = judge(i);
      loss += share * found.loss;
      learns = add_gradients(ex, model, found.gradients, gradients) || learns;
    }
    if (learns) adam.step(ex, model, gradients, share, rate);
    return loss;
  }

  Objective<float, Width> objective_;
  Adam<PatchDiscriminator<Width, float>> image_;
  std::array<Adam<ComponentDiscriminator<float>>, components_of_faces.size()> components_;
  double rate_;
};

}  // namespace RFPP_ABI
}  // namespace rfpp

#endif
