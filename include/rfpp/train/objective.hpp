#ifndef RFPP_TRAIN_OBJECTIVE_HPP
#define RFPP_TRAIN_OBJECTIVE_HPP

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

#include "rfpp/model/arcface.hpp"
#include "rfpp/model/component_discriminator.hpp"
#include "rfpp/model/lpips.hpp"
#include "rfpp/model/patch_discriminator.hpp"
#include "rfpp/nn/roi_align.hpp"
#include "rfpp/train/objective_preset.hpp"
#include "rfpp/train/tape.hpp"

namespace rfpp::inline v0 {

/// The parts of a face that have a discriminator of their own.
enum class Component { left_eye, right_eye, mouth };
inline constexpr int component_count = 3;

/// Faces {n,h,w,3}, RGB in [-1, 1], and where their components are: for each component the boxes of those
/// images in which it is known.
template <class T = float> struct TrainingBatch {
  Tensor<T> degraded, truth;
  std::array<std::vector<Region>, component_count> regions;
};

struct LossTerm {
  const char* name;
  double value;
};

/// What a step of the generator found. `terms` always has the same names in the same order; they are
/// weighted, and the first, "total", is their sum, except for "adversarial_weight".
template <class T> struct GeneratorStep {
  Gradients gradients;  // of the network's parameters
  std::vector<LossTerm> terms;
  Tensor<T> image;
  Tensor<int> indices;
};

/// What a step of a discriminator found: gradients of its parameters. Both are empty (and the loss 0) where
/// the discriminator does not train yet, or has nothing to look at.
struct DiscriminatorStep {
  Gradients gradients;
  double loss = 0;
};

/// What a network is trained for, with the networks that judge it. Parameters are those of the
/// discriminators, under the names that released checkpoints have behind "loss.". Running statistics of batch
/// norms are among them, and have no gradients.
/// One step of training: generator(); then, with the updated network's image, image_discriminator() and
/// component_discriminator() for each component, every one followed by its own optimiser.
/// Width: channels of the image discriminator's first convolution.
template <class T = float, int Width = 64> struct Objective {
  ObjectivePreset preset;
  /// Stage 2: the dictionary stays as stage 1 has left it. Its term still counts in the loss.
  bool codebook_frozen = false;
  Activations activations = Activations::keep;
  PatchDiscriminator<Width, T> discriminator;
  std::array<ComponentDiscriminator<T>, component_count> components;
  /// Pretrained; terms whose network is null are off.
  std::shared_ptr<const Lpips<T>> perceptual;
  std::shared_ptr<const ArcFaceResnet18<T>> identity;

  /// Random discriminators, as training starts with.
  void initialise(std::uint64_t seed);

  /// Gradients of the whole objective, in one pass forward and one back.
  GeneratorStep<T> generator(auto& ex, const auto& network, const TrainingBatch<T>& batch, long step) const;
  /// Gradients of the image discriminator's hinge loss; updates its running statistics.
  DiscriminatorStep image_discriminator(auto& ex, const Tensor<T>& truth, const Tensor<T>& output, long step);
  DiscriminatorStep component_discriminator(auto& ex, Component which, const Tensor<T>& truth,
                                            const Tensor<T>& output, const std::vector<Region>& regions,
                                            long step) const;

  static void fields(auto&& f, auto&... models) {
    f("discriminator", models.discriminator...);
    f("net_d_left_eye", models.components[0]...);
    f("net_d_right_eye", models.components[1]...);
    f("net_d_mouth", models.components[2]...);
  }
};

}  // namespace rfpp::inline v0

#endif
