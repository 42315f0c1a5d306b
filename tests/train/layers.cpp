#include "finite_differences.hpp"
#include "nn/golden.hpp"
#include "rfpp/expr/concatenate.hpp"
#include "rfpp/expr/resize.hpp"
#include "rfpp/model/patch_discriminator.hpp"
#include "rfpp/nn/adaptive_instance_norm.hpp"
#include "rfpp/nn/attention.hpp"
#include "rfpp/nn/equalized_conv2d.hpp"
#include "rfpp/nn/gram.hpp"
#include "rfpp/nn/linear.hpp"
#include "rfpp/nn/max_pool.hpp"
#include "rfpp/nn/pad.hpp"
#include "rfpp/nn/resample.hpp"
#include "rfpp/nn/roi_align.hpp"

using namespace rfpp;
using namespace rfpp::test;

namespace {

/// A convolution over random shapes that it can take.
template <ConvolutionSpec S> void check_random_convolution(const std::string& name) {
  RandomShapes shapes;
  for (std::uint64_t seed = 1; seed <= 3; ++seed) {
    Extents e = shapes.next(S.in);
    e.h += 3, e.w += 3;
    const auto x = random_tensor<double>(e, seed);
    Conv2d<S, double> layer;
    check_gradients(name, with_parameters(layer, {x}), [&](auto& ex) { return eval(ex, layer(silu(x))); });
  }
}

}  // namespace

TEST_CASE("gradients of convolutions agree with finite differences") {
  check_random_convolution<conv3x3(3, 5)>("3x3");
  check_random_convolution<conv3x3(16, 3)>("3x3, few outputs");
  check_random_convolution<conv1x1(4, 7)>("1x1");
  check_random_convolution<conv4x4(5, 6, 2)>("4x4, stride 2");
  check_random_convolution<conv4x4(5, 6, 1)>("4x4");
  check_random_convolution<conv4x4(7, 1, 1)>("4x4, one output");
  check_random_convolution<conv_downsample(4)>("downsample");
}

TEST_CASE("gradients of the discriminators' layers agree with finite differences") {
  RandomShapes shapes;
  for (std::uint64_t seed = 1; seed <= 2; ++seed) {
    Extents e = shapes.next(4);
    e.h += 2, e.w += 3;
    const auto x = random_tensor<double>(e, seed);
    EqualizedConv2d<conv3x3(4, 6), double> equalized;
    check_gradients("equalized", with_parameters(equalized, {x}),
                    [&](auto& ex) { return eval(ex, equalized(x)); });
    EqualizedDownsample<4, 6, double> down;
    check_gradients("equalized downsample", with_parameters(down, {x}),
                    [&](auto& ex) { return eval(ex, down(ex, leaky_relu(x, 0.2))); });
    BatchNorm<4, double> norm;
    const auto inputs = with_parameters(norm, {x});
    check_gradients<Mode::training>("batch norm in training", inputs,
                                    [&](auto& ex) { return eval(ex, silu(norm(ex, x))); });
    norm.running_var = random_tensor<double>(vector_extents(4), 3, 0.5, 2);
    check_gradients("batch norm in evaluation", inputs,
                    [&](auto& ex) { return eval(ex, silu(norm(ex, x))); });
    check_gradients("batch moments", {x}, [&](auto& ex) { return eval(ex, batch_moments(x, 1e-5)); });
  }
}

TEST_CASE("gradients of adaptive instance norm agree with finite differences") {
  RandomShapes shapes;
  for (std::uint64_t seed = 1; seed <= 3; ++seed) {
    Extents e = shapes.next();
    e.h += 1, e.w += 2;
    const auto x = random_tensor<double>(e, seed), style = random_tensor<double>(e, seed + 10, -1, 3);
    check_gradients("adaptive instance norm", {x, style},
                    [&](auto& ex) { return adaptive_instance_norm(ex, x, style); });
  }
}

TEST_CASE("gradients of concatenations, slices and shuffled pixels agree with finite differences") {
  RandomShapes shapes;
  for (std::uint64_t seed = 1; seed <= 3; ++seed) {
    const Extents e = shapes.next(3), pixel{e.n, 1, 1, 4};
    const auto x = random_tensor<double>(e, seed), y = random_tensor<double>({e.n, e.h, e.w, 5}, seed + 10),
               small = random_tensor<double>(pixel, seed + 20),
               other = random_tensor<double>({e.n, 1, 1, 4}, seed + 30);
    Conv2d<conv3x3(3, 5), double> first;
    Conv2d<conv3x3(16, 8), double> second;
    auto inputs = with_parameters(second, with_parameters(first, {x, y}));
    check_gradients("dense block", inputs, [&](auto& ex) {  // x is read twice
      auto h = eval(ex, leaky_relu(first(x), 0.2));
      return eval(ex, second(concatenate(x, silu(h), y, channel_slice<1, 3>(h))) * 0.2 + concatenate(y, x));
    });
    check_gradients("sums over pixels", {y, small, other}, [&](auto& ex) {
      const auto wide = concatenate(y, channel_slice(y, 0, 3));
      return eval(ex, concatenate(small, other) * wide + channel_slice(small, 2, 1) * square(wide));
    });
    const auto many = random_tensor<double>({e.n, e.h, e.w, 12}, seed),
               even = random_tensor<double>({e.n, 2 * e.h, 2 * e.w, 3}, seed);
    check_gradients("shuffled", {many, even}, [&](auto& ex) {
      return eval(ex, second(concatenate(silu(pixel_unshuffle<2>(even)), channel_slice<0, 4>(many))) +
                          channel_slice<0, 8>(pixel_unshuffle<2>(pixel_shuffle<2>(silu(many)))));
    });
  }
}

TEST_CASE("gradients of resampling agree with finite differences") {
  RandomShapes shapes;
  for (std::uint64_t seed = 1; seed <= 3; ++seed) {
    const Extents e = shapes.next(), even{e.n, 2 * e.h, 2 * e.w, e.c};
    const auto x = random_tensor<double>(e, seed), pooled = random_tensor<double>(even, seed);
    check_gradients("larger", {x}, [&](auto& ex) { return eval(ex, resized(x, 2 * e.h + 1, e.w + 3)); });
    check_gradients("smaller", {x},
                    [&](auto& ex) { return eval(ex, resized(x, (e.h + 1) / 2, std::max(1, e.w - 2))); });
    check_gradients("blurred", {x}, [&](auto& ex) { return eval(ex, blurred(x, 2, 1)); });
    check_gradients("zeros inserted", {x}, [&](auto& ex) { return eval(ex, zero_inserted2(silu(x))); });
    check_gradients("max pooling", {pooled}, [&](auto& ex) { return eval(ex, max_pool2(pooled)); });
    check_gradients("corner to corner", {x},
                    [&](auto& ex) { return eval(ex, resized_corner_to_corner(x, 2 * e.h, e.w + 1)); });
    for (const auto& [h, w] : {std::pair{2 * e.h + 1, e.w + 2}, {(e.h + 1) / 2, e.w}})
      check_gradients("nearest", {x},
                      [&, h = h, w = w](auto& ex) { return eval(ex, resized_nearest(x, h, w)); });
    check_gradients("max pooling of 3x3", {x}, [&](auto& ex) { return eval(ex, max_pool3(exp(x))); });
    const auto grown = random_tensor<double>({e.n, e.h + 1, e.w + 1, e.c}, seed);
    check_gradients("reflected", {grown}, [&](auto& ex) { return eval(ex, reflect_padded(grown)); });
    check_gradients("gram", {x}, [&](auto& ex) { return gram(ex, as_matrices(x)); });
    const std::vector<Region> regions{{0, -1.5, 0.25, 3.5, 3}, {e.n - 1, 1, 1, 1, 4}, {0, 0.5, 0.5, 9, 9}};
    check_gradients("regions", {x}, [&](auto& ex) { return roi_align(ex, x, regions, 3); });
  }
}

TEST_CASE("gradients of linear layers agree with finite differences") {
  RandomShapes shapes;
  for (std::uint64_t seed = 1; seed <= 2; ++seed) {
    const auto x = random_tensor<double>({shapes.between(1, 4), 2, 3, 5}, seed);
    Linear<30, 7, double> linear;
    check_gradients("linear", with_parameters(linear, {x}),
                    [&](auto& ex) { return eval(ex, linear(eval(ex, flatten_channels_first(x)))); });
  }
}
