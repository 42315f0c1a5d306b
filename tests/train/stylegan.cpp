#include "finite_differences.hpp"
#include "rfpp/model/gfpgan.hpp"

using namespace rfpp;
using namespace rfpp::test;

namespace {

struct MicroGfpgan {
  static constexpr const char* name = "gfpgan micro";
  static constexpr GfpganSpec spec{{8, 3, 1, {4, 4}}};
};

}  // namespace

TEST_CASE("gradients of resampling by 2 agree with finite differences") {
  RandomShapes shapes;
  for (std::uint64_t seed = 1; seed <= 3; ++seed) {
    const Extents e = shapes.next(), even{e.n, 2 * e.h, 2 * e.w, e.c};
    const auto x = random_tensor<double>(e, seed), large = random_tensor<double>(even, seed);
    check_gradients("bilinear", {x}, [&](auto& ex) { return eval(ex, bilinear_upsample2(silu(x))); });
    check_gradients("bilinear, zeros", {x},
                    [&](auto& ex) { return eval(ex, bilinear_upsample2(x, Border::zero)); });
    check_gradients("mean of 2x2", {large}, [&](auto& ex) { return eval(ex, mean2(large)); });
  }
}

TEST_CASE("gradients of modulated convolutions agree with finite differences") {
  RandomShapes shapes;
  for (std::uint64_t seed = 1; seed <= 2; ++seed) {
    const Extents e = shapes.next(4);
    const auto x = random_tensor<double>(e, seed), style = random_tensor<double>({1, 1, e.n, 3}, seed),
               noise = random_tensor<double>({1, e.h, e.w, 1}, seed);
    ModulatedConv2d<ModulatedSpec{.style = 3, .in = 4, .out = 5, .gain_squared = 3}, double> layer;
    check_gradients("demodulated", with_parameters(layer, {x, style, noise}),
                    [&](auto& ex) { return eval(ex, leaky_relu(layer(ex, x, style) + noise * 0.5, 0.2)); });
    ModulatedConv2d<ModulatedSpec{.style = 3, .in = 4, .out = 5, .use = FilterUse::modulated_transposed},
                    double>
        transposed;
    check_gradients("transposed", with_parameters(transposed, {x, style}),
                    [&](auto& ex) { return eval(ex, bare(transposed(ex, x, style)) * 0.5); });
    ModulatedConv2d<ModulatedSpec{.style = 3, .in = 4, .out = 5, .kernel = 1, .equalized = true}, double> rgb;
    check_gradients("modulated", with_parameters(rgb, {x, style}),
                    [&](auto& ex) { return eval(ex, rgb.modulated(ex, x, style)); });
    check_gradients("equalized", with_parameters(rgb, {x, style}),
                    [&](auto& ex) { return eval(ex, rgb(ex, x, style)); });
  }
}

TEST_CASE("gradients of a whole GFPGAN agree with finite differences") {
  Network<MicroGfpgan, double> model;
  const auto x = random_tensor<double>({2, 8, 8, 3}, 1);
  check_gradients("gfpgan", with_parameters(model, {x}), [&](auto& ex) { return model(ex, x).image; });
}
