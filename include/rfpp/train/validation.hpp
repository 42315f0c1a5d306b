#ifndef RFPP_TRAIN_VALIDATION_HPP
#define RFPP_TRAIN_VALIDATION_HPP

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "rfpp/detect/landmark_error.hpp"
#include "rfpp/metrics/appearance.hpp"
#include "rfpp/metrics/similarity.hpp"
#include "rfpp/photo/restore.hpp"
#include "rfpp/train/learner.hpp"
#include "rfpp/train/loader.hpp"

namespace rfpp {
inline namespace RFPP_ABI {

/// Faces that never change, to measure a network on.
struct ValidationSet {
  std::string name;
  std::vector<degrade::DegradedPair> pairs;
};

/// Faces as they are.
inline ValidationSet clean_set(const Dataset& data) {
  ValidationSet set{"clean", {}};
  for (std::size_t i = 0; i < data.size(); ++i) {
    auto face = Tensor<float>::uninitialized({1, data.side(), data.side(), 3});
    std::ranges::transform(data.pixels(i), face.data(),
                           [](std::uint8_t v) { return static_cast<float>(v) / 127.5f - 1.0f; });
    set.pairs.push_back({face, face});
  }
  return set;
}

/// Face i degraded as image i of the seed, neither mirrored nor moved nor gray.
inline ValidationSet degraded_set(Cpu& ex, const Dataset& data, degrade::Preset preset, std::uint64_t seed,
                                  std::string name) {
  preset.flip_probability = preset.shift_probability = preset.gray_probability = 0;
  ValidationSet set{std::move(name), {}};
  for (std::size_t i = 0; i < data.size(); ++i) {
    const degrade::Degradation d = draw(preset, seed, i, data.side(), data.side());
    set.pairs.push_back(degrade::degrade(ex, d, moved(data.pixels(i), data.side(), photo::Affine{})));
  }
  return set;
}

struct Similarity {
  double psnr = 0, ssim = 0;
  double sharpness = 0;  ///< share of the truth's
  double color_error = 0;
};

/// Of 8-bit images, as they would be written.
inline Similarity similarity(Cpu& ex, const Tensor<float>& image, const Tensor<float>& truth) {
  const auto bytes = [](const Tensor<float>& t) {
    auto out = Tensor<double>::uninitialized(t.extents());
    std::ranges::transform(t.elements(), out.data(), [](float v) {
      return static_cast<double>(io::round_to_byte((v + 1.0f) * 127.5f));
    });
    return out;
  };
  const auto a = bytes(image), b = bytes(truth);
  const double sharpness = metrics::sharpness(b);
  return {metrics::psnr(ex, a, b), metrics::ssim(ex, a, b),
          sharpness > 0 ? metrics::sharpness(a) / sharpness : 1, metrics::color_error(a, b)};
}

/// Means over a set (of sharpness the median), of the average's images and of what it was given; and the
/// entries that it used.
struct Validation {
  Similarity restored, degraded;
  double landmark_error = 0;  ///< over the faces that the detector finds in the truth; 0 without one
  int entries_used = 0;
};
/// Means, and of sharpness the median. Throws Error where there is none.
inline Similarity mean_of(std::vector<Similarity> all) {
  if (all.empty()) throw Error("validation: no face to average over");
  Similarity mean;
  const auto count = static_cast<double>(all.size());
  for (const Similarity& s : all) {
    mean.psnr += s.psnr / count;
    mean.ssim += s.ssim / count;
    mean.color_error += s.color_error / count;
  }
  std::ranges::sort(all, {}, &Similarity::sharpness);
  mean.sharpness = (all[(all.size() - 1) / 2].sharpness + all[all.size() / 2].sharpness) / 2;
  return mean;
}
template <class N>
Validation validate(Cpu& ex, Learner<N>& learner, const ValidationSet& set, const CenterFace<>* detector) {
  Validation found;
  std::vector<bool> used(static_cast<std::size_t>(N::spec.codebook_entries), false);
  std::vector<Similarity> restored, degraded;
  std::vector<double> errors;
  for (const auto& pair : set.pairs) {
    const auto output = learner.restore(pair.degraded);
    restored.push_back(similarity(ex, output.image, pair.clean));
    if (pair.degraded.id() != pair.clean.id()) degraded.push_back(similarity(ex, pair.degraded, pair.clean));
    for (const int index : output.indices.elements()) used[static_cast<std::size_t>(index)] = true;
    if (detector == nullptr) continue;
    if (const auto error =
            detect::landmark_error(ex, *detector, photo::to_image(output.image), photo::to_image(pair.clean)))
      errors.push_back(*error);
  }
  found.restored = mean_of(std::move(restored));
  if (!degraded.empty()) found.degraded = mean_of(std::move(degraded));
  for (const double error : errors) found.landmark_error += error / static_cast<double>(errors.size());
  found.entries_used = static_cast<int>(std::ranges::count(used, true));
  return found;
}

}  // namespace RFPP_ABI
}  // namespace rfpp

#endif
