#include "rfpp/nn/modulated_conv2d.hpp"

#include "rfpp/cpu/prepare.hpp"
#include "rfpp/io/parameters.hpp"
#include "rfpp/model/hashed.hpp"
#include "rfpp/nn/bilinear.hpp"
#include "support.hpp"

using namespace rfpp;
using namespace rfpp::test;

namespace {

constexpr int style_width = 6;
template <int In, int Out, int Kernel = 3, bool Equalized = false, class T = double>
using Modulated = ModulatedConv2d<ModulatedSpec{.style = style_width,
                                                .in = In,
                                                .out = Out,
                                                .kernel = Kernel,
                                                .equalized = Equalized,
                                                .gain_squared = 3},
                                  T>;

/// The definition: a weight of every image's own, modulated, then normalized, then convolved with.
template <int In, int Out, int Kernel, bool Equalized>
Tensor<double> by_own_weights(const auto& layer, const Tensor<double>& x, const Tensor<double>& styles,
                              bool demodulates) {
  Cpu ex(1);
  const Extents e = x.extents();
  const double weight_scale = Equalized ? 1 / std::sqrt(In * Kernel * Kernel) : 1,
               style_scale = Equalized ? 1 / std::sqrt(style_width) : 1;
  Tensor<double> y(Extents{e.n, e.h, e.w, Out});
  for (int n = 0; n < e.n; ++n) {
    Filter<double> own(layer.weight.extents());
    const auto weight = copy_of(layer.weight.raw());
    for (int o = 0; o < Out; ++o) {
      double* row = weight.data() + o * Kernel * Kernel * In;
      double sum = 0;
      for (int k = 0; k < Kernel * Kernel * In; ++k) {
        double factor = layer.linear.bias.data()[k % In];
        for (int s = 0; s < style_width; ++s)
          factor += style_scale * layer.linear.weight.data()[k % In * style_width + s] *
                    styles.data()[n * style_width + s];
        row[k] *= weight_scale * factor;
        sum += row[k] * row[k];
      }
      for (int k = 0; k < Kernel * Kernel * In && demodulates; ++k)
        row[k] *= std::sqrt(3.) / std::sqrt(sum + 1e-8);
    }
    own.assign(weight);
    const auto image = eval(ex, anchor(ConvolutionCore<Tensor<double>>{
                                    {Kernel, 1, Kernel / 2, Kernel / 2}, image_of(x, n), own}));
    std::ranges::copy(image.elements(), image_of(y, n).data());
  }
  return y;
}

template <int In, int Out, int Kernel, bool Equalized> void check_modulated(Extents e) {
  INFO("kernel " << Kernel << ", equalized " << Equalized << ", " << to_string(e));
  Modulated<In, Out, Kernel, Equalized> layer;
  fill_hashed(layer);
  const auto x = random_tensor<double>(e, 1), styles = random_tensor<double>({1, 1, e.n, style_width}, 2);
  const auto own = [&](bool demodulates) {
    return by_own_weights<In, Out, Kernel, Equalized>(layer, x, styles, demodulates);
  };
  Cpu ex(2);
  check_close(bare(eval(ex, layer(ex, x, styles))), own(true), 1e-12, "demodulated");
  check_close(bare(eval(ex, layer.modulated(ex, x, styles))), own(false), 1e-12, "modulated");
}

}  // namespace

TEST_CASE("a modulated convolution is one with a weight of every image's own") {
  check_modulated<5, 7, 3, false>({3, 4, 6, 5});
  check_modulated<5, 7, 1, false>({2, 4, 6, 5});
  check_modulated<5, 7, 3, true>({2, 5, 3, 5});
}

TEST_CASE("a transposed modulated convolution is the plain one of the image with zeros between its pixels") {
  Modulated<5, 7> plain;
  ModulatedConv2d<
      ModulatedSpec{
          .style = style_width, .in = 5, .out = 7, .gain_squared = 3, .use = FilterUse::modulated_transposed},
      double>
      transposed;
  fill_hashed(plain);
  transposed.weight.assign(plain.weight.raw());
  transposed.linear = plain.linear;
  const auto x = random_tensor<double>({3, 4, 6, 5}, 1),
             styles = random_tensor<double>({1, 1, 3, style_width}, 2);
  Cpu ex(2);
  const auto y = bare(eval(ex, transposed(ex, x, styles)));
  REQUIRE((y.extents() == Extents{3, 9, 13, 7}));
  const auto wide = eval(ex, zero_inserted2(x));  // 7x11; the plain one pads once more
  Tensor<double> padded(Extents{3, 9, 13, 5});
  for (int n = 0; n < 3; ++n)
    for (int row = 0; row < 7; ++row)
      std::copy_n(wide.data() + (n * 7 + row) * 11 * 5, 11 * 5,
                  padded.data() + ((n * 9 + row + 1) * 13 + 1) * 5);
  check_close(y, bare(eval(ex, plain(ex, padded, styles))), 1e-12, "transposed");
}

TEST_CASE("a modulated convolution joins what is before and behind it") {
  Modulated<16, 32, 3, false, float> layer;
  fill_hashed(layer);
  const auto x = random_tensor<float>({2, 20, 36, 16}, 1),
             styles = random_tensor<float>({1, 1, 2, style_width}, 2),
             noise = random_tensor<float>({1, 40, 72, 1}, 3),
             bias = random_tensor<float>(vector_extents(32), 4);
  Cpu ex(2);
  for (const auto kind : {CpuPacking::panels, CpuPacking::winograd_f2, CpuPacking::winograd_f4}) {
    auto packed = layer;
    prepare(ex, packed, PackingPlan{{"weight", kind}});
    const auto fused =
        eval(ex, leaky_relu(bare(packed(ex, bilinear_upsample2(x), styles)) + noise * 0.5 + bias, 0.2));
    const auto larger = eval(ex, bilinear_upsample2(x));
    const auto convolved = bare(eval(ex, layer(ex, larger, styles)));
    check_close(fused, eval(ex, leaky_relu(convolved + noise * 0.5 + bias, 0.2)), 2e-6,
                "packing " + std::to_string(static_cast<int>(kind)));
  }
}

TEST_CASE("a modulated filter that dropped its weight keeps what demodulation needs") {
  Modulated<16, 32, 3, true, float> layer;
  fill_hashed(layer);
  const auto x = random_tensor<float>({2, 5, 6, 16}, 1),
             styles = random_tensor<float>({1, 1, 2, style_width}, 2);
  Cpu ex(2);
  prepare(ex, layer);
  const auto kept = bare(eval(ex, layer(ex, x, styles)));
  prepare(ex, layer, RawWeights::drop);
  CHECK(!layer.weight.has_raw());
  check_close(bare(eval(ex, layer(ex, x, styles))), kept, 1e-6, "dropped");
}

TEST_CASE("a modulated weight has five dimensions in files") {
  const Modulated<3, 4, 3> layer;
  const auto in_files = io::parameter_shapes(layer);
  CHECK((in_files.at("weight") == std::vector<std::int64_t>{1, 4, 3, 3, 3}));
  CHECK((in_files.at("modulation.weight") == std::vector<std::int64_t>{3, 6}));
}
