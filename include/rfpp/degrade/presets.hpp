#ifndef RFPP_DEGRADE_PRESETS_HPP
#define RFPP_DEGRADE_PRESETS_HPP

#include <array>
#include <cmath>
#include <cstdint>
#include <numbers>
#include <string>
#include <string_view>

#include "rfpp/degrade/degradation.hpp"

namespace rfpp::degrade {
inline namespace RFPP_ABI {

/// Uniform from low to high.
struct Range {
  double low, high;
};

/// How degradations are distributed. Lengths are in pixels of images whose shorter side is `side`.
struct Preset {
  const char* name;
  int side = 512;
  double flip_probability = 0.5;
  double shift_probability = 0;
  int shift_margin = 0;
  std::array<int, 2> blur_radii{19, 20};  ///< equally likely; the kernel's size is 2 * radius + 1
  double isotropic_probability = 0.5;
  Range blur_sigma{0.1, 10};
  double haze_probability = 0;  ///< of each pass
  Range clean_part{1, 1};
  Range ratio{0.8, 8};
  Range noise_sigma{0, 20};  ///< levels of an 8-bit image
  Range quality{60, 100};    ///< rounded down
  double uneven_probability = 0;
  Range square_side{0, 0};
  double gray_probability = 0;
  double jitter_probability = 0;
  double jitter_shift = 20;  ///< the largest, levels of an 8-bit image
};

namespace presets {
/// What the authors' code draws, with which the released weights were trained.
inline constexpr Preset code{.name = "code",
                             .shift_probability = 0.2,
                             .shift_margin = 32,
                             .haze_probability = 0.008,
                             .clean_part = {0.75, 0.95},
                             .uneven_probability = 0.1,
                             .square_side = {128, 256},
                             .gray_probability = 0.008};
/// The ranges in the text of the RestoreFormer++ paper (section 3.3). It states no probabilities: those of
/// the code.
inline constexpr Preset paper{.name = "paper",
                              .shift_probability = 0.2,
                              .shift_margin = 32,
                              .blur_sigma = {0.2, 10},
                              .haze_probability = 0.008,
                              .clean_part = {0.7, 1},
                              .ratio = {1, 8},
                              .uneven_probability = 0.1,
                              .square_side = {128, 256}};
/// The conference paper's: blur, downsampling, noise and JPEG alone (Wang et al., RestoreFormer, 2022).
inline constexpr Preset restoreformer{.name = "restoreformer"};
/// Strong degradations alone, to measure restorers with.
inline constexpr Preset hard{.name = "hard", .ratio = {4, 8}, .noise_sigma = {10, 20}, .quality = {60, 75}};

inline constexpr std::array all{code, paper, restoreformer, hard};
}  // namespace presets

/// Throws Error where there is no preset of that name.
inline const Preset& preset_named(std::string_view name) {
  std::string names;
  for (const Preset& preset : presets::all) {
    if (name == preset.name) return preset;
    names += (names.empty() ? "" : ", ") + std::string(preset.name);
  }
  throw Error("unknown preset \"" + std::string(name) + "\", expected one of " + names);
}

/// The preset for images whose shorter side is `side`: all lengths in proportion.
inline Preset scaled(Preset preset, int side) {
  const double scale = static_cast<double>(side) / preset.side;
  preset.side = side;
  preset.shift_margin = static_cast<int>(preset.shift_margin * scale);
  for (int& radius : preset.blur_radii) radius = static_cast<int>(radius * scale);
  for (Range* range : {&preset.blur_sigma, &preset.square_side})
    *range = {range->low * scale, range->high * scale};
  return preset;
}

namespace detail {
/// The stream of stage 0 of an image, one element per parameter: what is drawn for one does not depend on
/// whether another is.
struct Draws {
  enum Parameter : std::uint32_t {
    flip,
    shift,
    shift_down,
    shift_right,
    uneven,
    side,
    top,
    left,
    jitter,
    red,
    green,
    blue,
    gray,
    pass_0 = 32,
    pass_1 = 64
  };
  enum PassParameter : std::uint32_t {
    radius,
    isotropic,
    sigma_x,
    sigma_y,
    theta,
    haze,
    clean,
    ratio,
    noise,
    quality
  };

  RandomStream stream;

  bool chance(std::uint32_t parameter, double probability) const {
    return uniform(stream, parameter) < probability;
  }
  double in(std::uint32_t parameter, Range range) const {
    return range.low + (range.high - range.low) * uniform(stream, parameter);
  }
  /// Uniform over low, ..., high.
  int integer(std::uint32_t parameter, int low, int high) const {
    return low + static_cast<int>(uniform(stream, parameter) * (high - low + 1));
  }
};

/// Blur, haze, downsampling, noise, JPEG, and back to height x width. Its noise is the stream of stage
/// `pass`.
inline std::vector<Stage> draw_pass(const Preset& preset, const Draws& draws, std::uint32_t pass, int height,
                                    int width) {
  const std::uint32_t first = pass == 1 ? Draws::pass_0 : Draws::pass_1;
  Blur blur;
  blur.size = 2 * preset.blur_radii[draws.chance(first + Draws::radius, 0.5) ? 0 : 1] + 1;
  blur.sigma_x = draws.in(first + Draws::sigma_x, preset.blur_sigma);
  blur.sigma_y = blur.sigma_x;
  if (!draws.chance(first + Draws::isotropic, preset.isotropic_probability)) {
    blur.sigma_y = draws.in(first + Draws::sigma_y, preset.blur_sigma);
    blur.theta = draws.in(first + Draws::theta, {-std::numbers::pi, std::numbers::pi});
  }
  std::vector<Stage> stages{blur};
  if (draws.chance(first + Draws::haze, preset.haze_probability))
    stages.emplace_back(Haze{draws.in(first + Draws::clean, preset.clean_part)});
  stages.emplace_back(Downsample{draws.in(first + Draws::ratio, preset.ratio)});
  RandomStream noise = draws.stream;
  noise.stage = pass;
  stages.emplace_back(GaussianNoise{draws.in(first + Draws::noise, preset.noise_sigma), noise});
  stages.emplace_back(Jpeg{static_cast<int>(draws.in(first + Draws::quality, preset.quality))});
  stages.emplace_back(Resize{height, width});
  return stages;
}
}  // namespace detail

/// The degradation of image `image` under a seed: the same whatever else is drawn. Throws Error where the
/// preset's square does not fit into the image; scaled() makes a preset fit.
inline Degradation draw(const Preset& preset, std::uint64_t seed, std::uint64_t image, int height,
                        int width) {
  using detail::Draws;
  const Draws draws{{seed, image, 0}};
  Degradation d;
  d.flip = draws.chance(Draws::flip, preset.flip_probability);
  if (draws.chance(Draws::shift, preset.shift_probability)) {
    const int last = 2 * preset.shift_margin;
    d.shift = {preset.shift_margin, draws.integer(Draws::shift_down, 0, last),
               draws.integer(Draws::shift_right, 0, last)};
  }
  d.stages = detail::draw_pass(preset, draws, 1, height, width);
  if (draws.chance(Draws::uneven, preset.uneven_probability)) {
    SquareRegion square;
    square.side = draws.integer(Draws::side, static_cast<int>(preset.square_side.low),
                                static_cast<int>(preset.square_side.high));
    square.top = draws.integer(Draws::top, 0, height - square.side);
    square.left = draws.integer(Draws::left, 0, width - square.side);
    d.uneven = {square, detail::draw_pass(preset, draws, 2, height, width)};
  }
  if (draws.chance(Draws::jitter, preset.jitter_probability)) {
    const Range shift{-preset.jitter_shift, preset.jitter_shift};
    d.color_jitter = {draws.in(Draws::red, shift), draws.in(Draws::green, shift),
                      draws.in(Draws::blue, shift)};
  }
  d.gray = draws.chance(Draws::gray, preset.gray_probability);
  check(d, height, width);
  return d;
}

}  // namespace RFPP_ABI
}  // namespace rfpp::degrade

#endif
