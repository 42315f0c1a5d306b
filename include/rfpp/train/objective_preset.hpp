#ifndef RFPP_TRAIN_OBJECTIVE_PRESET_HPP
#define RFPP_TRAIN_OBJECTIVE_PRESET_HPP

#include <string>
#include <string_view>

#include "rfpp/core/error.hpp"

namespace rfpp {
inline namespace RFPP_ABI {

/// The weights of the objective's terms; 0 leaves a term out. `adversarial` multiplies the adaptive weight of
/// the image discriminator; `codebook` moves the dictionary's entries towards the latents, `commitment` the
/// latents towards the entries. Discriminators, components and identity start at a step of training.
struct ObjectivePreset {
  const char* name;
  double pixel, perceptual, style;
  double adversarial;
  double codebook, commitment;
  double component, component_style;
  double identity;
  long discriminator_start;
  double detector = 0;  ///< distance of what a face detector sees; published networks have no such term
  double color = 0;     ///< of blurred images, in CIELAB; published networks have no such term
  double texture = 0;   ///< of the strength of fine detail; published networks have no such term
  /// Whether the image discriminator's norms take the statistics of the images at hand, as published, or fixed
  /// ones. Since real and restored images are judged apart, their statistics hide how sharp each are.
  bool batch_statistics = true;
};

/// The first three as the released code trains them. `paper`: as the text of arXiv 2308.07228 has it; the
/// distance of the latent to the prior, there a term of its own, is the commitment.
inline constexpr ObjectivePreset objective_presets[] = {
    {.name = "restoreformer++",
     .pixel = 1,
     .perceptual = 1,
     .style = 0,
     .adversarial = 0.8,
     .codebook = 0.25,
     .commitment = 1,
     .component = 1,
     .component_style = 0,
     .identity = 1,
     .discriminator_start = 10001},
    {.name = "restoreformer",
     .pixel = 1,
     .perceptual = 1,
     .style = 1e9,
     .adversarial = 0.8,
     .codebook = 0.25,
     .commitment = 1,
     .component = 1.5,
     .component_style = 2000,
     .identity = 3,
     .discriminator_start = 10001},
    {.name = "rohqd",
     .pixel = 1,
     .perceptual = 1,
     .style = 0,
     .adversarial = 0.8,
     .codebook = 0.25,
     .commitment = 1,
     .component = 0,
     .component_style = 0,
     .identity = 0,
     .discriminator_start = 30001},
    {.name = "paper",
     .pixel = 1,
     .perceptual = 1,
     .style = 0,
     .adversarial = 0.8,
     .codebook = 1,
     .commitment = 0.25,
     .component = 1,
     .component_style = 0,
     .identity = 1,
     .discriminator_start = 10001},
};

/// Throws Error over a name that no preset has.
inline ObjectivePreset objective_named(std::string_view name) {
  std::string names;
  for (const auto& preset : objective_presets) {
    if (preset.name == name) return preset;
    names += (names.empty() ? "" : ", ") + std::string(preset.name);
  }
  throw Error("unknown objective \"" + std::string(name) + "\", expected one of " + names);
}

}  // namespace RFPP_ABI
}  // namespace rfpp

#endif
