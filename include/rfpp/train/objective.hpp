#ifndef RFPP_TRAIN_OBJECTIVE_HPP
#define RFPP_TRAIN_OBJECTIVE_HPP

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "rfpp/expr/random.hpp"
#include "rfpp/io/parameters.hpp"
#include "rfpp/model/component_discriminator.hpp"
#include "rfpp/model/lpips.hpp"
#include "rfpp/model/network.hpp"
#include "rfpp/model/patch_discriminator.hpp"
#include "rfpp/nn/roi_align.hpp"
#include "rfpp/train/losses.hpp"
#include "rfpp/train/objective_preset.hpp"
#include "rfpp/train/tape.hpp"

namespace rfpp {
inline namespace RFPP_ABI {

/// The parts of a face that have a discriminator of their own.
enum class Component { left_eye, right_eye, mouth };
inline constexpr std::array components_of_faces{Component::left_eye, Component::right_eye, Component::mouth};
constexpr std::size_t index_of(Component which) { return static_cast<std::size_t>(which); }

/// The region of a component whose box has this center and half side, in pixels: that of an eye is enlarged
/// by 1.4. It may leave the image.
inline Region component_region(Component which, int image, double x, double y, double half) {
  const double h = which == Component::mouth ? half : 1.4 * half;
  return {image, x - h + 1, y - h + 1, x + h, y + h};
}
/// Crops as a component's discriminator sees them in square images of n x n: eyes 80, mouths 120 pixels where
/// n is 512. Like the released code, values are scaled by n / 512 too.
template <class T>
Tensor<T> component_crops(auto& ex, Component which, const Tensor<T>& images,
                          const std::vector<Region>& regions) {
  const double scale = images.extents().w / 512.0;
  const int size = static_cast<int>((which == Component::mouth ? 120 : 80) * scale);
  return eval(ex, roi_align(ex, images, regions, size) * scale);
}

/// Faces {n,h,w,3}, RGB in [-1, 1], and for each component its regions in those images where it is known.
template <class T = float> struct TrainingBatch {
  Tensor<T> degraded, truth;
  std::array<std::vector<Region>, components_of_faces.size()> regions;
};

struct LossTerm {
  const char* name;
  double value;
};

/// What a step of the generator found. `terms` has always the same names in the same order, weighted: the
/// first, "total", is the sum of those that follow, but for the last, "adversarial_weight".
template <class T> struct GeneratorStep {
  Gradients gradients;  // of the network's parameters
  std::vector<LossTerm> terms;
  Tensor<T> image;
  Tensor<int> indices;
};

/// What a step of a discriminator found: gradients of its parameters. There are none (and the loss is 0)
/// where it does not train yet, or has nothing to look at.
struct DiscriminatorStep {
  Gradients gradients;
  double loss = 0;
};

/// What a network is trained for, with the networks that judge it. Parameters are those of the
/// discriminators, under the names that released checkpoints have behind "loss."; running statistics of batch
/// norms are among them, and have no gradients.
/// One step of training: generator(); then, over the updated network's image, image_discriminator() and
/// component_discriminator() for each component; every one followed by its own optimizer.
/// Width: channels of the image discriminator's first convolution. Source: the released code of arXiv
/// 2308.07228.
template <class T = float, int Width = 64> struct Objective {
  ObjectivePreset preset;
  /// In the second stage the dictionary stays as the first has left it. Its term still counts in the loss.
  bool codebook_frozen = false;
  /// What is kept of the network's blocks.
  Activations activations = Activations::keep;
  PatchDiscriminator<Width, T> discriminator{};
  std::array<ComponentDiscriminator<T>, components_of_faces.size()> components{};
  /// Pretrained; terms whose network is null are off.
  std::shared_ptr<const Lpips<T>> perceptual{};
  std::shared_ptr<const ArcFaceResnet18<T>> identity{};
  std::shared_ptr<const CenterFace<T>> detector{};

  /// Random discriminators, as training starts with: weights of the image's N(0, 0.02) and of its norms
  /// N(1, 0.02), of the components' N(0, 1); biases 0. Without the batch's statistics the image's filters keep
  /// the variance of what they read (He et al. 2015).
  void initialize(auto& ex, std::uint64_t seed) {
    std::uint32_t number = 0;
    walk(
        [&](const std::string& name, auto& parameter) {
          const bool is_weight = name.ends_with("weight"), is_vector = parameter.extents().pixels() == 1;
          const double mean = (is_weight && is_vector) || name.ends_with("running_var") ? 1 : 0;
          const double kept = std::sqrt(2.0 / static_cast<double>(parameter.extents().image_size()));
          const double deviation = !is_weight                             ? 0
                                   : !name.starts_with("discriminator.")  ? 1
                                   : preset.batch_statistics || is_vector ? 0.02
                                                                          : kept;
          using V = typename std::remove_cvref_t<decltype(parameter)>::value;
          const Normal<V> normal{{seed, 0, number++}, parameter.extents()};
          io::assign(parameter, eval(ex, normal * deviation + Constant<V>{static_cast<V>(mean), {}}));
        },
        *this);
  }

  /// Gradients of the whole objective, in one pass forward and one back.
  template <class N>
  GeneratorStep<T> generator(auto& ex, const Network<N, T>& network, const TrainingBatch<T>& batch,
                             long step) const;

  /// The hinge loss, of the truth and of the updated network's output. Updates the running statistics.
  DiscriminatorStep image_discriminator(auto& ex, const Tensor<T>& truth, const Tensor<T>& output,
                                        long step) const;

  /// The logistic loss, of crops of the truth and of the updated network's output.
  DiscriminatorStep component_discriminator(auto& ex, Component which, const Tensor<T>& truth,
                                            const Tensor<T>& output, const std::vector<Region>& regions,
                                            long step) const;

  static void fields(auto&& f, auto&... models) {
    f("discriminator", models.discriminator...);
    f("net_d_left_eye", models.components[0]...);
    f("net_d_right_eye", models.components[1]...);
    f("net_d_mouth", models.components[2]...);
  }

 private:
  template <class Executor, Mode M = Mode::evaluation>
  using TapeOn = Tape<std::remove_reference_t<Executor>, M>;

  /// f(the tape that the image's discriminator is on).
  auto with_judging_tape(auto& ex, auto&& f) const {
    if (preset.batch_statistics) {
      TapeOn<decltype(ex), Mode::training> tape(ex);
      return f(tape);
    }
    TapeOn<decltype(ex)> tape(ex);
    return f(tape);
  }

  struct Term {
    double value = 0;
    Tensor<T> gradient{};  // with respect to the image; none where the term is off
  };
  /// Terms that look at the image, and the gradient of their sum: the way back through the network then needs
  /// nothing of what they have computed.
  struct Judgement {
    std::vector<LossTerm> terms;
    Tensor<T> gradient;

    void add(auto& ex, const char* name, const Term& term, double weight = 1) {
      terms.push_back({name, weight * term.value});
      if (!term.gradient.has_storage()) return;
      gradient = gradient.has_storage() ? eval(ex, gradient + term.gradient * weight)
                                        : eval(ex, term.gradient * weight);
    }
  };
  /// The term whose value a tape that watches the image has computed.
  static Term term_of(auto& tape, const Tensor<T>& image, const Tensor<T>& value, double weight) {
    const auto weighted = eval(tape, value * weight);
    return {number_of(tape, weighted), tape.backward(weighted).of(image)};
  }

  /// Adds pixel, color, texture, perceptual and detector terms; returns the style's.
  Term reconstruct(auto& ex, const Tensor<T>& image, const Tensor<T>& truth, Judgement& j) const {
    TapeOn<decltype(ex)> tape(ex);
    tape.watch(image);
    j.add(ex, "pixel", term_of(tape, image, losses::l1(tape, image, truth), preset.pixel));
    Term blurred;
    if (preset.color > 0) blurred = term_of(tape, image, losses::color(tape, image, truth), preset.color);
    j.add(ex, "color", blurred);
    Term detail;
    if (preset.texture > 0)
      detail = term_of(tape, image, losses::texture(tape, image, truth), preset.texture);
    j.add(ex, "texture", detail);
    Term perception, style;
    if (perceptual && (preset.perceptual > 0 || preset.style > 0)) {
      const auto found = perceptual->compare(tape, image, truth, preset.style > 0);
      perception = term_of(tape, image, losses::mean(tape, found.distance), preset.perceptual);
      if (preset.style > 0) style = term_of(tape, image, found.style, preset.style);
    }
    j.add(ex, "perceptual", perception);
    Term seen;
    if (detector && preset.detector > 0)
      seen = term_of(tape, image, losses::detector(tape, *detector, image, truth), preset.detector);
    j.add(ex, "detector", seen);
    return style;
  }

  /// Adds the adversarial term, with a weight that makes its gradient at the network's last convolution as
  /// large as that of the terms before it (Esser et al. 2021, equation 7); returns the weight.
  double fool_discriminator(auto& ex, auto& network_tape, const Tensor<T>& last, const Tensor<T>& image,
                            Judgement& j) const {
    const Term term = with_judging_tape(ex, [&](auto& tape) {
      tape.watch(image);
      return term_of(tape, image, losses::adversarial(tape, discriminator(tape, image)), 1);
    });
    const auto norm_at_last = [&](const Tensor<T>& cotangent) {
      Gradients cotangents;
      cotangents.put(image.id(), cotangent);
      const Tensor<T> g = network_tape.backward(std::move(cotangents), {last.id()}).of(last);
      return std::sqrt(number_of(ex, eval(ex, reduce<Sum>(square(g), Over::all))));
    };
    const double ratio = norm_at_last(j.gradient) / (norm_at_last(term.gradient) + 1e-4);
    const double weight = preset.adversarial * std::clamp(ratio, 0.0, 1e4);
    j.add(ex, "adversarial", term, weight);
    return weight;
  }

  /// Adds the components' terms: fooling their discriminators, and the style of what those look at.
  void fool_components(auto& ex, const Tensor<T>& image, const TrainingBatch<T>& batch, bool active,
                       Judgement& j) const {
    constexpr const char* names[] = {"left_eye", "right_eye", "mouth"};
    Judgement styles;
    double style = 0;
    for (const Component which : components_of_faces) {
      const auto& regions = batch.regions[index_of(which)];
      if (!active || regions.empty() || preset.component <= 0) {
        j.add(ex, names[index_of(which)], {});
        continue;
      }
      const auto& network = components[index_of(which)];
      TapeOn<decltype(ex)> tape(ex);
      tape.watch(image);
      const auto fake = network(tape, component_crops(tape, which, image, regions));
      j.add(ex, names[index_of(which)],
            term_of(tape, image, losses::non_saturating(tape, fake.score), preset.component));
      if (preset.component_style <= 0) continue;
      const auto real = network(tape, component_crops(tape, which, batch.truth, regions));
      const auto fine = losses::style(tape, fake.features[0], real.features[0]);
      const auto coarse = losses::style(tape, fake.features[1], real.features[1]);
      styles.add(ex, "", term_of(tape, image, eval(tape, fine * 0.5 + coarse), preset.component_style));
      style += styles.terms.back().value;
    }
    j.add(ex, "component_style", {style, styles.gradient});
  }

  Term keep_identity(auto& ex, const Tensor<T>& image, const Tensor<T>& truth) const {
    if (!identity || preset.identity <= 0) return {};
    TapeOn<decltype(ex)> tape(ex);
    tape.watch(image);
    return term_of(tape, image, losses::identity(tape, *identity, image, truth), preset.identity);
  }

  template <class N>
  Tensor<T> codebook_term(auto& tape, const Network<N, T>& network, const auto& encoded) const {
    if constexpr (N::spec.start == Latent::dictionary)
      return codebook_loss(tape, encoded.latent, network.quantize.lookup(encoded.indices),
                           {preset.commitment, preset.codebook});
    else
      return eval(tape, Constant<T>{T(0), {}});
  }
};

// Not inline, so that a program of many files can instantiate them once.
template <class T, int Width>
template <class N>
GeneratorStep<T> Objective<T, Width>::generator(auto& ex, const Network<N, T>& network,
                                                const TrainingBatch<T>& batch, long step) const {
  TapeOn<decltype(ex)> tape(ex, activations);
  tape.watch_parameters(
      network, [&](const std::string& name) { return !(codebook_frozen && name.starts_with("quantize.")); });
  auto output = network(tape, batch.degraded);
  const Tensor<T>& image = output.image;

  Judgement j;
  const Term style = reconstruct(ex, image, batch.truth, j);
  double weight = 0;
  if (step >= preset.discriminator_start && preset.adversarial > 0)
    weight = fool_discriminator(ex, tape, network.decoder.conv_out.weight.raw(), image, j);
  else
    j.add(ex, "adversarial", {});
  j.add(ex, "style", style);
  const bool in_parts = step > preset.discriminator_start;
  fool_components(ex, image, batch, in_parts, j);
  j.add(ex, "identity", in_parts ? keep_identity(ex, image, batch.truth) : Term{});

  const Tensor<T> dictionary = codebook_term(tape, network, output.encoded);
  j.terms.push_back({"codebook", number_of(ex, dictionary)});
  Gradients cotangents;
  cotangents.put(image.id(), j.gradient);
  cotangents.put(dictionary.id(), eval(ex, Constant<T>{T(1), {}}));
  double total = 0;
  for (const LossTerm& term : j.terms) total += term.value;
  j.terms.insert(j.terms.begin(), {"total", total});
  j.terms.push_back({"adversarial_weight", weight});
  return {tape.backward(std::move(cotangents)), std::move(j.terms), image, output.encoded.indices};
}

template <class T, int Width>
DiscriminatorStep Objective<T, Width>::image_discriminator(auto& ex, const Tensor<T>& truth,
                                                           const Tensor<T>& output, long step) const {
  if (step < preset.discriminator_start || preset.adversarial <= 0) return {};
  return with_judging_tape(ex, [&](auto& tape) -> DiscriminatorStep {
    tape.watch_parameters(discriminator);
    const auto real = discriminator(tape, truth), fake = discriminator(tape, output);
    const auto loss = losses::hinge(tape, real, fake);
    tape.update_running_statistics();
    return {tape.backward(loss), number_of(ex, loss)};
  });
}

template <class T, int Width>
DiscriminatorStep Objective<T, Width>::component_discriminator(auto& ex, Component which,
                                                               const Tensor<T>& truth,
                                                               const Tensor<T>& output,
                                                               const std::vector<Region>& regions,
                                                               long step) const {
  if (step < preset.discriminator_start || preset.component <= 0 || regions.empty()) return {};
  const auto& network = components[index_of(which)];
  TapeOn<decltype(ex)> tape(ex);
  tape.watch_parameters(network);
  const auto real = network(tape, component_crops(ex, which, truth, regions)).score;
  const auto fake = network(tape, component_crops(ex, which, output, regions)).score;
  const auto loss = losses::logistic(tape, real, fake);
  return {tape.backward(loss), number_of(ex, loss)};
}

}  // namespace RFPP_ABI
}  // namespace rfpp

#endif
