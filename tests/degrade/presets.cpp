#include "rfpp/degrade/presets.hpp"

#include <cmath>
#include <string>

#include "degrade/golden.hpp"
#include "rfpp/degrade/components.hpp"

using namespace rfpp;
using namespace rfpp::test;
using namespace rfpp::degrade;

namespace {

constexpr int draws = 20000;

/// What was drawn for one parameter.
struct Draws {
  int count = 0;
  double sum = 0, lowest = 1e300, highest = -1e300;

  void add(double v) {
    ++count;
    sum += v;
    lowest = std::min(lowest, v);
    highest = std::max(highest, v);
  }
};

void check_probability(const char* what, int hits, int trials, double p) {
  INFO(what << ": " << hits << " of " << trials << ", expected a part of " << p);
  CHECK(std::abs(hits - p * trials) <= 4 * std::sqrt(p * (1 - p) * trials));
}
/// Uniform over the range: mean within 4 standard errors, the ends nearly reached and not passed. `step` is 1
/// for integers low, ..., high.
void check_uniform(const char* what, const Draws& s, Range range, double step = 0) {
  const double width = range.high - range.low + step;
  INFO(what << ": mean " << s.sum / s.count << ", " << s.lowest << " to " << s.highest);
  CHECK(std::abs(s.sum / s.count - (range.low + range.high) / 2) <= 4 * width / std::sqrt(12.0 * s.count));
  CHECK(s.lowest >= range.low);
  CHECK(s.highest <= range.high);
  CHECK(s.lowest <= range.low + 20 * width / s.count + step);
  CHECK(s.highest >= range.high - 20 * width / s.count - step);
}

struct Drawn {
  int flips = 0, shifts = 0, unevens = 0, grays = 0, jitters = 0, passes = 0, isotropic = 0, larger = 0,
      hazes = 0;
  Draws shift_down, shift_right, side, top, left, sigma_x, sigma_y, theta, clean, ratio, noise, quality;

  void add_pass(const Preset& preset, const std::vector<Stage>& stages) {
    ++passes;
    for (const Stage& stage : stages) {
      if (const auto* blur = std::get_if<Blur>(&stage)) {
        sigma_x.add(blur->sigma_x);
        larger += blur->size == 2 * preset.blur_radii[1] + 1;
        const bool round = blur->sigma_x == blur->sigma_y;
        isotropic += round;
        if (!round) sigma_y.add(blur->sigma_y), theta.add(blur->theta);
      }
      if (const auto* haze = std::get_if<Haze>(&stage)) ++hazes, clean.add(haze->clean);
      if (const auto* down = std::get_if<degrade::Downsample>(&stage)) ratio.add(down->ratio);
      if (const auto* gaussian = std::get_if<GaussianNoise>(&stage)) noise.add(gaussian->sigma);
      if (const auto* jpeg = std::get_if<Jpeg>(&stage)) quality.add(jpeg->quality);
    }
  }
  void add(const Preset& preset, const Degradation& d) {
    flips += d.flip;
    grays += d.gray;
    jitters += d.color_jitter.has_value();
    add_pass(preset, d.stages);
    if (d.shift) ++shifts, shift_down.add(d.shift->down), shift_right.add(d.shift->right);
    if (!d.uneven) return;
    ++unevens;
    side.add(d.uneven->square.side);
    top.add(static_cast<double>(d.uneven->square.top) / (512 - d.uneven->square.side));
    left.add(static_cast<double>(d.uneven->square.left) / (512 - d.uneven->square.side));
    add_pass(preset, d.uneven->outside);
  }
};

}  // namespace

TEST_CASE("drawn parameters have the probabilities, ranges and means of their preset") {
  for (const Preset& preset : presets::all) {
    INFO(preset.name);
    Drawn drawn;
    for (std::uint64_t i = 0; i < draws; ++i) drawn.add(preset, draw(preset, 2026, i, 512, 512));
    check_probability("flip", drawn.flips, draws, 0.5);
    check_probability("shift", drawn.shifts, draws, preset.shift_probability);
    check_probability("uneven", drawn.unevens, draws, preset.uneven_probability);
    check_probability("gray", drawn.grays, draws, preset.gray_probability);
    check_probability("isotropic", drawn.isotropic, drawn.passes, 0.5);
    check_probability("larger kernel", drawn.larger, drawn.passes, 0.5);
    check_probability("haze", drawn.hazes, drawn.passes, preset.haze_probability);
    CHECK(drawn.jitters == 0);
    check_uniform("sigma_x", drawn.sigma_x, preset.blur_sigma);
    check_uniform("sigma_y", drawn.sigma_y, preset.blur_sigma);
    check_uniform("theta", drawn.theta, {-std::numbers::pi, std::numbers::pi});
    check_uniform("ratio", drawn.ratio, preset.ratio);
    check_uniform("noise", drawn.noise, preset.noise_sigma);
    check_uniform("quality", drawn.quality, {preset.quality.low, preset.quality.high - 1}, 1);
    if (drawn.hazes > 0) check_uniform("clean part", drawn.clean, preset.clean_part);
    if (drawn.shifts > 0) {
      check_uniform("shift down", drawn.shift_down, {0, 64}, 1);
      check_uniform("shift right", drawn.shift_right, {0, 64}, 1);
    }
    if (drawn.unevens > 0) {
      check_uniform("side", drawn.side, {128, 256}, 1);
      check_uniform("top", drawn.top, {0, 1});
      check_uniform("left", drawn.left, {0, 1});
    }
  }
}

TEST_CASE("color jitter is drawn where a preset asks for it") {
  Preset preset = presets::code;
  preset.jitter_probability = 0.3;
  int jitters = 0;
  Draws shifts[3];
  for (std::uint64_t i = 0; i < draws; ++i) {
    const Degradation d = draw(preset, 1, i, 512, 512);
    if (!d.color_jitter) continue;
    ++jitters;
    shifts[0].add(d.color_jitter->red);
    shifts[1].add(d.color_jitter->green);
    shifts[2].add(d.color_jitter->blue);
  }
  check_probability("jitter", jitters, draws, 0.3);
  for (const Draws& shift : shifts) check_uniform("shift", shift, {-20, 20});
}

TEST_CASE("the presets are those of the specification") {
  CHECK(presets::code.shift_probability == 0.2);
  CHECK(presets::code.haze_probability == 0.008);
  CHECK(presets::code.uneven_probability == 0.1);
  CHECK(presets::code.gray_probability == 0.008);
  CHECK(presets::paper.blur_sigma.low == 0.2);
  CHECK(presets::paper.clean_part.low == 0.7);
  CHECK(presets::paper.ratio.low == 1);
  CHECK(presets::restoreformer.shift_probability == 0);
  CHECK(&preset_named("paper") == &presets::all[1]);
  CHECK(contains(error_of([] { preset_named("edm"); }), "code, paper, restoreformer, hard"));
}

TEST_CASE("a scaled preset has its lengths in proportion") {
  const Preset half = scaled(presets::code, 256);
  CHECK(half.shift_margin == 16);
  CHECK(half.blur_radii == std::array{9, 10});
  CHECK(half.blur_sigma.high == 5);
  CHECK(half.square_side.low == 64);
  CHECK(half.ratio.high == 8);
  CHECK(half.noise_sigma.high == 20);
  CHECK(scaled(presets::code, 512).blur_radii == presets::code.blur_radii);
  for (std::uint64_t i = 0; i < 200; ++i) {
    draw(half, 1, i, 256, 300);
    draw(scaled(presets::code, 8), 1, i, 8, 9);
  }
  CHECK(contains(error_of([] {
                   for (std::uint64_t i = 0; i < 200; ++i) draw(presets::code, 1, i, 100, 100);
                 }),
                 "uneven: expected a side"));
}

TEST_CASE("image k of seed s is the same whatever is drawn around it, and another for another k or s") {
  const Degradation d = draw(presets::code, 1, 7, 512, 512);
  draw(presets::code, 1, 8, 512, 512);
  CHECK(draw(presets::code, 1, 7, 512, 512) == d);
  CHECK_FALSE(draw(presets::code, 2, 7, 512, 512) == d);
  CHECK_FALSE(draw(presets::code, 1, 8, 512, 512) == d);
}

TEST_CASE("a degraded pair has the same bits for any thread count") {
  Cpu one(1), three(3);
  const auto image = degraded::image();
  const Preset preset = scaled(presets::code, 256);
  for (std::uint64_t i = 0; i < 40; ++i) {
    const Degradation d = draw(preset, 3, i, 256, 256);
    const auto a = degrade::degrade(one, d, image), b = degrade::degrade(three, d, image);
    CHECK(same_bits(a.clean, b.clean));
    CHECK(same_bits(a.degraded, b.degraded));
  }
}

TEST_CASE("landmarks and boxes move as the pixels do") {
  Cpu ex(1);
  Tensor<float> image(Extents{1, 40, 40, 3});
  image.data()[(10 * 40 + 7) * 3] = 1;  // row 10, column 7
  for (const bool flip : {false, true}) {
    Degradation d;
    d.flip = flip;
    d.shift = Shift{5, 2, 9};
    const auto clean = degrade::degrade(ex, d, image).clean;
    photo::Landmarks points{};
    points[0] = {7, 10};
    const auto p = moved(points, d, 40)[flip ? 1 : 0];
    CHECK(clean.data()[static_cast<std::size_t>(p.y * 40 + p.x) * 3] == 1);
    const Components c = moved(Components{{7.5, 10.5, 3}, {20, 10, 4}, {14, 30, 5}}, d, 40);
    const Box& eye = flip ? c.right_eye : c.left_eye;
    CHECK(eye.x == p.x + 0.5);
    CHECK(eye.y == p.y + 0.5);
    CHECK(eye.half == 3);
  }
}

TEST_CASE("impossible degradations are refused in one sentence") {
  Cpu ex(1);
  const auto image = random_tensor<float>({1, 32, 32, 3}, 1, 0, 1);
  const auto message = [&](const Degradation& d) {
    return error_of([&] { degrade::degrade(ex, d, image); });
  };
  Degradation d;
  d.uneven = {SquareRegion{0, 0, 33}, {}};
  CHECK(contains(message(d), "uneven: expected a side of 1 to 32"));
  d.uneven = {SquareRegion{10, 0, 30}, {}};
  CHECK(contains(message(d), "uneven: expected a top row of 0 to 2"));
  d.uneven = {SquareRegion{0, 0, 30}, {Jpeg{0}}};
  CHECK(contains(message(d), "jpeg"));
  d = {};
  d.shift = Shift{4, 9, 0};
  CHECK(contains(message(d), "shift: expected a row of 0 to 8"));
  d = {};
  d.stages = {degrade::Downsample{2}};
  CHECK(contains(message(d), "must end with a resize"));
}
