#include "rfpp/degrade/stages.hpp"

#include <cmath>

#include "degrade/golden.hpp"
#include "rfpp/cpu/dry_run.hpp"
#include "rfpp/degrade/degradation.hpp"
#include "rfpp/model/hashed.hpp"

using namespace rfpp;
using namespace rfpp::test;
using namespace rfpp::degrade;

namespace {

const Blur pipeline_blur{KernelShape::gaussian, 39, 6, 1.5, 0.7};

Tensor<float> run(Cpu& ex, const std::vector<Stage>& stages, const Tensor<float>& x) {
  return apply(ex, stages, x);
}

/// Of every `step`-th row against the golden ones, in decibels.
double psnr(const Tensor<float>& image, const std::string& name, int step) {
  const auto rows = degraded::array(name);
  const auto row = static_cast<std::size_t>(image.extents().w) * 3;
  double sum = 0;
  for (std::size_t i = 0; i < rows.extents().size(); ++i) {
    const std::size_t y = i / row * static_cast<std::size_t>(step);
    const double d =
        static_cast<double>(image.data()[y * row + i % row]) - static_cast<double>(rows.data()[i]);
    sum += d * d;
  }
  return -10 * std::log10(std::max(sum / static_cast<double>(rows.extents().size()), 1e-30));
}

}  // namespace

TEST_CASE("JPEGs are the golden ones, bit for bit") {
  Cpu ex(2);
  const auto image = degraded::image();
  for (const int quality : {60, 75, 90, 100})
    CHECK(degraded::worst_difference(run(ex, {Jpeg{quality}}, image), "jpeg.q" + std::to_string(quality),
                                     4) == 0);
  Tensor<float> odd(Extents{1, 93, 117, 3});
  for (int y = 0; y < 93; ++y) std::copy_n(image.data() + y * 256 * 3, 117 * 3, odd.data() + y * 117 * 3);
  CHECK(degraded::worst_difference(run(ex, {Jpeg{70}}, odd), "jpeg_odd_93x117.q70", 4) == 0);
}

TEST_CASE("gray, shift and the uneven merge agree with the golden values") {
  Cpu ex(2);
  const auto image = degraded::image();
  CHECK(degraded::worst_difference(run(ex, {Gray{}}, image), "gray") <= 5e-6f);
  CHECK(degraded::worst_difference(eval(ex, shifted(Shift{32, 40, 3}, image)), "shift.v40_h3") <= 5e-6f);
}

TEST_CASE("a whole pass with given noise agrees with the golden values at every step") {
  Cpu ex(2);
  const auto image = degraded::image();
  const auto hazy = run(ex, {pipeline_blur, Haze{0.85}}, image);
  CHECK(degraded::worst_difference(hazy, "pipeline.haze0.85") <= 5e-6f);
  CHECK(psnr(hazy, "pipeline.haze0.85", 16) >= 55);

  auto small = run(ex, {pipeline_blur, Haze{0.85}, degrade::Downsample{2.6}}, image);
  REQUIRE((small.extents() == Extents{1, 98, 98, 3}));
  const Hashed hashed("noise");
  Tensor<float> noise(small.extents());
  for (std::size_t i = 0; i < noise.extents().size(); ++i)
    noise.data()[i] = static_cast<float>(0.03 * hashed(i));
  const auto noisy = eval(ex, clamp_to_unit(small + noise));
  CHECK(degraded::worst_difference(noisy, "pipeline.noisy", 1) <= 5e-6f);
  CHECK(psnr(noisy, "pipeline.noisy", 1) >= 55);

  const auto coded = run(ex, {Jpeg{68}}, noisy);
  CHECK(psnr(coded, "pipeline.jpeg68", 1) >= 55);
  const auto up = run(ex, {Resize{256, 256}}, coded);
  CHECK(psnr(up, "pipeline.up", 16) >= 55);
  CHECK(psnr(eval(ex, round_to_byte(up)), "pipeline.quantised", 4) >= 55);
  const auto uneven = eval(ex, merged(SquareRegion{70, 20, 130}, image, up));
  CHECK(psnr(uneven, "uneven.p130_h70_w20", 16) >= 55);
}

TEST_CASE("each step that follows the noise agrees with the golden values where it starts from them") {
  Cpu ex(2);
  const auto coded = degraded::array("pipeline.jpeg68");
  CHECK(degraded::worst_difference(run(ex, {Jpeg{68}}, degraded::array("pipeline.noisy")), "pipeline.jpeg68",
                                   1) == 0);
  const auto up = run(ex, {Resize{256, 256}}, coded);
  CHECK(degraded::worst_difference(up, "pipeline.up") <= 5e-6f);
  CHECK(psnr(eval(ex, round_to_byte(up)), "pipeline.quantised", 4) >= 75);  // some halves fall the other way
  CHECK(degraded::worst_difference(eval(ex, merged(SquareRegion{70, 20, 130}, degraded::image(), up)),
                                   "uneven.p130_h70_w20") <= 5e-6f);
}

TEST_CASE("stages that were merged into one filter do what they do one by one") {
  Cpu ex(2);
  const auto x = random_tensor<float>({1, 40, 30, 3}, 1, 0, 1);
  const std::vector<std::vector<Stage>> lists{
      {pipeline_blur, Haze{0.8}, degrade::Downsample{2.6}, Resize{40, 30}},
      {Haze{0.8}, Haze{0.9}, pipeline_blur, pipeline_blur},
      {degrade::Downsample{1.7}, pipeline_blur, Haze{0.7}},
      {Resize{9, 70}, Resize{20, 20}, Gray{}},
      {Haze{0.5}}};
  for (const auto& stages : lists) {
    Tensor<float> one_by_one = x;
    for (const Stage& stage : stages) one_by_one = run(ex, {stage}, one_by_one);
    check_close(run(ex, stages, x), one_by_one, 2e-6, std::to_string(&stages - lists.data()));
  }
  CHECK(same_bits(run(ex, {}, x), x));
}

TEST_CASE("a dry run says how much memory stages need") {
  const std::vector<Stage> stages{
      pipeline_blur, Haze{0.8},     degrade::Downsample{2.6}, GaussianNoise{9, {1, 2, 3}}, Jpeg{70},
      Gray{},        Resize{40, 30}};
  const auto x = random_tensor<float>({1, 40, 30, 3}, 1, 0, 1);
  for (const int threads : {1, 3}) {
    DryRun dry(threads);
    apply(dry, stages, Tensor<float>::declared(x.extents()));
    Cpu ex(threads);
    ex.workspace().reserve(dry.peak_bytes());
    apply(ex, stages, x);
    CHECK(ex.workspace().allocated_bytes() == dry.peak_bytes());
    CHECK(ex.workspace().peak_bytes() == dry.peak_bytes());
  }
}

TEST_CASE("noise has the strength that its stage says") {
  Cpu ex(2);
  Tensor<float> gray(Extents{1, 200, 200, 3});
  std::fill_n(gray.data(), gray.extents().size(), 0.5f);
  const auto deviation = [&](const Stage& stage) {
    const auto noisy = run(ex, {stage}, gray);
    double sum = 0, squares = 0;
    for (const float v : noisy.elements()) {
      sum += static_cast<double>(v);
      squares += static_cast<double>(v) * static_cast<double>(v);
    }
    const auto count = static_cast<double>(noisy.extents().size());
    CHECK(sum / count == Approx(0.5).margin(0.002));
    return std::sqrt(squares / count - sum / count * (sum / count));
  };
  CHECK(deviation(GaussianNoise{20, {1, 2, 3}}) == Approx(20 / 255.0).epsilon(0.02));
  CHECK(deviation(PoissonNoise{100, {1, 2, 3}}) == Approx(std::sqrt(0.5 / 100)).epsilon(0.02));
  CHECK(deviation(PoissonNoise{12, {1, 2, 3}}) == Approx(std::sqrt(0.5 / 12)).epsilon(0.03));
}

TEST_CASE("color jitter shifts channels and clips") {
  Cpu ex(1);
  Tensor<float> x(Extents{1, 2, 2, 3});
  std::fill_n(x.data(), x.extents().size(), 0.5f);
  const auto y = run(ex, {ColorJitter{20, -10, 200}}, x);
  CHECK(y.data()[0] == Approx(0.5 + 20 / 255.0));
  CHECK(y.data()[1] == Approx(0.5 - 10 / 255.0));
  CHECK(y.data()[2] == 1);
}

TEST_CASE("rounding to 8 bits is half to even, and clamps") {
  Cpu ex(1);
  const auto x = tensor_of<float>({1, 1, 1, 6}, {-1, 0.5f / 255, 1.5f / 255, 2.5f / 255, 2, 200.4f / 255});
  const auto y = eval(ex, round_to_byte(x));
  const float expected[] = {0, 0, 2, 2, 255, 200};
  for (std::size_t i = 0; i < 6; ++i) CHECK(y.data()[i] == expected[i] / 255);
}

TEST_CASE("impossible stages are refused in one sentence") {
  Cpu ex(1);
  const auto x = random_tensor<float>({1, 16, 16, 3}, 1, 0, 1);
  const auto message = [&](const Stage& stage) { return error_of([&] { run(ex, {stage}, x); }); };
  CHECK(contains(message(Jpeg{0}), "jpeg: expected a quality of 1 to 100"));
  CHECK(contains(message(GaussianNoise{-1, {}}), "gaussian_noise: expected a sigma"));
  CHECK(contains(message(PoissonNoise{0, {}}), "poisson_noise"));
  CHECK(contains(message(Haze{1.5}), "haze"));
  CHECK(contains(message(Haze{std::nan("")}), "haze"));
  CHECK(contains(message(degrade::Downsample{0}), "downsample"));
  CHECK(contains(message(degrade::Downsample{17}), "resize: expected sides"));
  CHECK(contains(message(Resize{0, 5}), "resize: expected sides"));
  CHECK(contains(message(Resize{5, 1 << 20}), "resize: expected sides"));
  CHECK(contains(message(Resize{16000, 16000}), "resize: expected at most"));
  CHECK(contains(message(ColorJitter{0, 300, 0}), "color_jitter"));
  CHECK(contains(error_of([&] { run(ex, {}, Tensor<float>(Extents{2, 16, 16, 3})); }), "[2,16,16,3]"));
}
