#ifndef RFPP_DEGRADE_DEGRADATION_HPP
#define RFPP_DEGRADE_DEGRADATION_HPP

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "rfpp/degrade/stages.hpp"

namespace rfpp::degrade {
inline namespace RFPP_ABI {

/// Everything that is done to one image: the extending degrading model with all its parameters fixed, in the
/// order of the members. Source: Wang et al., RestoreFormer++, 2023, section 3.3.
struct Degradation {
  /// Outside the square the image went through other stages.
  struct Uneven {
    SquareRegion square;
    std::vector<Stage> outside;
    friend bool operator==(const Uneven&, const Uneven&) = default;
  };

  bool flip = false;           ///< left to right, of the clean image and so of both
  std::optional<Shift> shift;  ///< likewise
  std::vector<Stage> stages;
  std::optional<Uneven> uneven;
  std::optional<ColorJitter> color_jitter;
  bool gray = false;  ///< of both images

  friend bool operator==(const Degradation&, const Degradation&) = default;
};

/// Throws Error, naming the stage, for parameters that are impossible for an image of height x width.
inline void check(const Degradation& d, int height, int width) {
  const auto in_range = [](int v, int low, int high, const char* stage, const char* what) {
    detail::check_parameter(v >= low && v <= high, stage,
                            std::string(what) + " of " + std::to_string(low) + " to " + std::to_string(high),
                            v);
  };
  if (d.shift) {
    in_range(d.shift->margin, 0, io::max_side, "shift", "a margin");
    in_range(d.shift->down, 0, 2 * d.shift->margin, "shift", "a row");
    in_range(d.shift->right, 0, 2 * d.shift->margin, "shift", "a column");
  }
  for (const Stage& stage : d.stages) check(stage);
  if (d.uneven) {
    const SquareRegion& s = d.uneven->square;
    in_range(s.side, 1, std::min(height, width), "uneven", "a side");
    in_range(s.top, 0, height - s.side, "uneven", "a top row");
    in_range(s.left, 0, width - s.side, "uneven", "a left column");
    for (const Stage& stage : d.uneven->outside) check(stage);
  }
  if (d.color_jitter) check(*d.color_jitter);
}

/// A training pair {1,h,w,3}, RGB in [-1, 1]. The degraded image has 8 bits.
struct DegradedPair {
  Tensor<float> clean, degraded;
};

/// Degrades one image {1,h,w,3}, RGB in [0, 1]. Throws Error for impossible parameters, and where the stages
/// do not end at the image's size.
template <class Ex> DegradedPair degrade(Ex& ex, const Degradation& d, const Tensor<float>& image) {
  const Extents e = image.extents();
  check(d, e.h, e.w);
  Tensor<float> clean = image;
  if (d.flip) clean = eval(ex, mirrored(clean));
  if (d.shift) clean = eval(ex, shifted(*d.shift, clean));
  const auto pass = [&](const std::vector<Stage>& stages) {
    auto degraded = apply(ex, stages, clean);
    if (!(degraded.extents() == e))
      throw Error("degrade: the stages make " + to_string(degraded.extents()) + " of " + to_string(e) +
                  ": they must end with a resize to the image's size");
    return degraded;
  };
  Tensor<float> degraded = pass(d.stages);
  if (d.uneven) degraded = eval(ex, merged(d.uneven->square, degraded, pass(d.uneven->outside)));
  if (d.color_jitter) degraded = eval(ex, color_jittered(*d.color_jitter, degraded));
  if (d.gray) {
    degraded = eval(ex, gray(degraded));
    clean = eval(ex, gray(clean));
  }
  const Constant<float> half{0.5f, {}};
  return {eval(ex, (clean - half) * 2), eval(ex, (round_to_byte(degraded) - half) * 2)};
}

}  // namespace RFPP_ABI
}  // namespace rfpp::degrade

#endif
