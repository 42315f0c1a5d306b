#ifndef RFPP_TRAIN_VALIDATION_HPP
#define RFPP_TRAIN_VALIDATION_HPP

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "rfpp/metrics/similarity.hpp"
#include "rfpp/photo/restore.hpp"
#include "rfpp/train/learner.hpp"
#include "rfpp/train/loader.hpp"

namespace rfpp::inline v0 {

/// Faces that never change, to measure a network on.
struct ValidationSet {
  std::string name;
  std::vector<degrade::DegradedPair> pairs;
};

/// Faces as they are.
inline ValidationSet clean_set(const Dataset& data) {
  ValidationSet set{"clean", {}};
  for (std::size_t i = 0; i < data.size(); ++i) {
    auto face = Tensor<float>::uninitialised({1, data.side(), data.side(), 3});
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
};

/// Of 8-bit images, as they would be written.
inline Similarity similarity(Cpu& ex, const Tensor<float>& image, const Tensor<float>& truth) {
  const auto bytes = [](const Tensor<float>& t) {
    auto out = Tensor<double>::uninitialised(t.extents());
    std::ranges::transform(t.elements(), out.data(), [](float v) {
      return static_cast<double>(io::round_to_byte((v + 1.0f) * 127.5f));
    });
    return out;
  };
  const auto a = bytes(image), b = bytes(truth);
  return {metrics::psnr(ex, a, b), metrics::ssim(ex, a, b)};
}

/// Means over a set, of the average's images and of what it was given; and the entries that it used.
struct Validation {
  Similarity restored, degraded;
  int entries_used = 0;
};
template <class N> Validation validate(Cpu& ex, Learner<N>& learner, const ValidationSet& set) {
  Validation sum;
  std::vector<bool> used(static_cast<std::size_t>(N::spec.codebook_entries), false);
  const auto add = [&](Similarity& to, Similarity value) {
    to.psnr += value.psnr / static_cast<double>(set.pairs.size());
    to.ssim += value.ssim / static_cast<double>(set.pairs.size());
  };
  for (const auto& pair : set.pairs) {
    const auto output = learner.restore(pair.degraded);
    add(sum.restored, similarity(ex, output.image, pair.clean));
    if (pair.degraded.id() != pair.clean.id()) add(sum.degraded, similarity(ex, pair.degraded, pair.clean));
    for (const int index : output.indices.elements()) used[static_cast<std::size_t>(index)] = true;
  }
  sum.entries_used = static_cast<int>(std::ranges::count(used, true));
  return sum;
}

}  // namespace rfpp::inline v0

#endif
