#include "finite_differences.hpp"
#include "nn/golden.hpp"
#include "rfpp/expr/concatenate.hpp"
#include "rfpp/expr/resize.hpp"
#include "rfpp/model/patch_discriminator.hpp"
#include "rfpp/nn/adaptive_instance_norm.hpp"
#include "rfpp/nn/attention.hpp"
#include "rfpp/nn/deformable_conv2d.hpp"
#include "rfpp/nn/depthwise.hpp"
#include "rfpp/nn/equalized_conv2d.hpp"
#include "rfpp/nn/gram.hpp"
#include "rfpp/nn/linear.hpp"
#include "rfpp/nn/max_pool.hpp"
#include "rfpp/nn/pad.hpp"
#include "rfpp/nn/resample.hpp"
#include "rfpp/nn/roi_align.hpp"
#include "rfpp/nn/transformer.hpp"

using namespace rfpp;
using namespace rfpp::test;

namespace {

constexpr double layer_bar = 2e-6;  // relative L2 of every gradient

template <class T> void check_gradient(const Tensor<T>& found, const std::string& name) {
  static const auto file = io::Checkpoint::open(RFPP_TEST_DATA "/nn/layers.safetensors");
  const auto expected = golden<double>(file, name);
  double norm = 0;
  for (const double v : expected.elements()) norm += v * v;
  if (norm > 1e-24) return check_close(found, expected, layer_bar, name);
  INFO(name << " is zero by mathematics");
  for (const T v : found.elements()) CHECK(std::abs(static_cast<double>(v)) < 1e-6);
}

/// Gradients of f(tape) with the golden cotangent `prefix`.g.
template <class T, class F> Gradients golden_gradients(const std::string& prefix, Tape<Cpu>& tape, F f) {
  const Tensor<T> y = bare(f(tape));
  Gradients cotangents;
  cotangents.put(y.id(), unrounded<T>(prefix + ".g", y.extents()));
  return tape.backward(std::move(cotangents));
}

template <ConvolutionSpec S, class T> void check_convolution(const std::string& prefix, Extents e) {
  Cpu cpu(2);
  Tape<Cpu> tape(cpu);
  Conv2d<S, T> layer;
  fill_convolution<T>(layer, prefix + ".w", prefix + ".b");
  const auto x = unrounded<T>(prefix + ".x", e);
  tape.watch(x);
  tape.watch_parameters(layer);
  const auto gradients = golden_gradients<T>(prefix, tape, [&](auto& ex) { return eval(ex, layer(x)); });
  check_gradient(gradients.of(x), prefix + ".dx");
  check_gradient(gradients.of(layer.weight.raw()), prefix + ".dw");
  check_gradient(gradients.of(layer.bias), prefix + ".db");
}

template <int Heads, class T> void check_attention() {
  const std::string prefix = "attn" + std::to_string(Heads);
  MultiHeadAttnBlock<AttentionSpec{64, Heads}, T> layer;
  fill_norm<T>(layer.norm1, prefix + ".norm1.weight", prefix + ".norm1.bias");
  fill_norm<T>(layer.norm2, prefix + ".norm2.weight", prefix + ".norm2.bias");
  const auto fill = [&](auto& convolution, const std::string& name) {
    fill_convolution<T>(convolution, prefix + name + ".weight", prefix + name + ".bias");
  };
  fill(layer.q, ".q");
  fill(layer.k, ".k");
  fill(layer.v, ".v");
  fill(layer.proj_out, ".proj_out");
  const auto prior = unrounded<T>(prefix + ".x", {2, 6, 5, 64}),
             degraded = unrounded<T>(prefix + ".c", {2, 6, 5, 64});
  Cpu cpu(2);
  Tape<Cpu> tape(cpu);
  tape.watch(prior);
  tape.watch(degraded);
  tape.watch_parameters(layer);
  const auto gradients =
      golden_gradients<T>(prefix, tape, [&](auto& ex) { return layer(ex, prior, degraded); });
  check_gradient(gradients.of(prior), prefix + ".dx");
  check_gradient(gradients.of(degraded), prefix + ".dc");
  walk(
      [&](const std::string& name, const auto& parameter) {
        if constexpr (std::is_same_v<typename std::remove_cvref_t<decltype(parameter)>::value, T>)
          check_gradient(gradients.of(io::raw(parameter)), prefix + ".grad." + name);
      },
      layer);
}

template <class T> void check_golden_layers() {
  check_convolution<conv3x3(8, 12), T>("conv3x3", {1, 17, 13, 8});
  check_convolution<conv1x1(16, 8), T>("conv1x1", {2, 9, 11, 16});
  check_convolution<conv_downsample(6), T>("down", {1, 16, 14, 6});
  check_convolution<conv4x4(5, 7, 2), T>("conv4x4s2", {1, 16, 12, 5});
  check_convolution<conv3x3(3, 32), T>("conv3x3_cin3", {1, 20, 20, 3});
  check_convolution<conv3x3(32, 3), T>("conv3x3_cout3", {1, 20, 20, 32});
  check_attention<1, T>();
  check_attention<4, T>();
  check_attention<8, T>();

  Cpu cpu(2);
  {
    Tape<Cpu> tape(cpu);
    GroupNorm<64, 32, T> norm;
    fill_norm<T>(norm, "gn.w", "gn.b");
    const auto x = unrounded<T>("gn.x", {2, 7, 5, 64});
    tape.watch(x);
    tape.watch_parameters(norm);
    const auto gradients =
        golden_gradients<T>("gn", tape, [&](auto& ex) { return eval(ex, silu(norm(ex, x))); });
    check_gradient(gradients.of(x), "groupnorm_silu.dx");
    check_gradient(gradients.of(norm.weight), "groupnorm_silu.dw");
    check_gradient(gradients.of(norm.bias), "groupnorm_silu.db");
  }
  Tape<Cpu> tape(cpu);
  Upsample<8, T> up;
  fill_convolution<T>(up.conv, "up.conv.weight", "up.conv.bias");
  const auto x = unrounded<T>("up.x", {1, 5, 6, 8});
  tape.watch(x);
  check_gradient(golden_gradients<T>("up", tape, [&](auto& ex) { return eval(ex, up(x)); }).of(x), "up.dx");
}

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

TEST_CASE("gradients of single layers agree with the golden values") {
  check_golden_layers<float>();
  check_golden_layers<double>();
}

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

TEST_CASE("gradients of a transformer's layers agree with finite differences") {
  const auto x = random_tensor<double>({2, 3, 2, 7}, 1);
  LayerNorm<7, double> norm;
  check_gradients("layer norm", with_parameters(norm, {x}),
                  [&](auto& ex) { return eval(ex, square(norm(ex, silu(x)))); });
  UnbiasedLinear<5, 3, double> linear;
  const auto rows = random_tensor<double>({1, 1, 4, 5}, 2);
  check_gradients("linear without a bias", with_parameters(linear, {rows}),
                  [&](auto& ex) { return eval(ex, linear(rows)); });
  constexpr TransformerSpec spec{6, 2, 10, 5};
  const auto tokens = random_tensor<double>({1, 1, 10, 6}, 3),
             places = random_tensor<double>({5, 1, 1, 6}, 4);
  TransformerLayer<spec, double> layer;
  const auto inputs = with_parameters(layer, {tokens, places});
  check_gradients("transformer layer", inputs, [&](auto& ex) { return layer(ex, tokens, places); });
}

TEST_CASE("gradients of VQGAN's self-attention agree with finite differences") {
  const auto x = random_tensor<double>({2, 3, 2, 8}, 1);
  SelfAttnBlock<8, 4, double> block;
  check_gradients("self-attention", with_parameters(block, {x}), [&](auto& ex) { return block(ex, x); });
}

TEST_CASE("gradients of deformable convolutions agree with finite differences") {
  const auto x = random_tensor<double>({2, 5, 4, 4}, 1), features = random_tensor<double>({2, 5, 4, 4}, 2);
  DeformableConv2d<4, 2, double> layer;
  const auto inputs = with_parameters(layer, {x, features});
  check_gradients("deformable", inputs,
                  [&](auto& ex) { return eval(ex, silu(layer(ex, x, silu(features)))); });
  const auto offsets = random_tensor<double>({2, 5, 4, 54}, 3, -2, 2);
  check_gradients("deformed", {x, offsets}, [&](auto& ex) { return eval(ex, deformed(x, offsets, 2)); });
}

TEST_CASE("batch norm in training normalises by the batch, whose statistics are kept on request") {
  Cpu cpu(2);
  Tape<Cpu, Mode::training> tape(cpu);
  BatchNorm<3, double> norm;
  norm.weight = tensor_of<double>(vector_extents(3), {1, 2, 3});
  norm.bias = tensor_of<double>(vector_extents(3), {4, 5, 6});
  norm.running_mean = Tensor<double>(vector_extents(3));
  norm.running_var = Tensor<double>(vector_extents(3));
  const auto x = random_tensor<double>({3, 4, 5, 3}, 1);
  const Tensor<double> y = bare(eval(tape, norm(tape, x)));
  double sum = 0, squares = 0;
  for (std::size_t i = 1; i < 180; i += 3) sum += x.data()[i], squares += x.data()[i] * x.data()[i];
  const double mean = sum / 60, variance = squares / 60 - mean * mean;
  CHECK(y.data()[4] == Approx((x.data()[4] - mean) / std::sqrt(variance + 1e-5) * 2 + 5));
  CHECK(norm.running_mean.data()[1] == 0);
  tape.update_running_statistics();
  CHECK(norm.running_mean.data()[1] == Approx(0.1 * mean));
  CHECK(norm.running_var.data()[1] == Approx(0.1 * variance * 60 / 59));
  tape.update_running_statistics();  // only once
  CHECK(norm.running_mean.data()[1] == Approx(0.1 * mean));
}

TEST_CASE("gradients of depthwise and transposed convolutions are finite differences") {
  const auto x = hashed_tensor<double>("depthwise.x", {2, 5, 4, 3});
  const auto check = [&](auto layer, const std::string& name) {
    fill_hashed(layer);
    check_gradients(name, with_parameters(layer, {x}),
                    [&](auto& ex) { return eval(ex, relu(layer(silu(x)))); });
  };
  check(DepthwiseConv2d<DepthwiseSpec{3}, double>(), "depthwise");
  check(DepthwiseConv2d<DepthwiseSpec{3, 2}, double>(), "depthwise, stride 2");
  check(DepthwiseConv2d<DepthwiseSpec{3, 3, 2, 0}, double>(), "depthwise 2x2, stride 3");
  check(UnbiasedDepthwiseConv2d<DepthwiseSpec{3, 2}, double>(), "depthwise without bias");
  TransposedConv2d<3, 5, double> transposed;
  fill_hashed(transposed);
  check_gradients("transposed", with_parameters(transposed, {x}),
                  [&](auto& ex) { return eval(ex, sigmoid(transposed(ex, silu(x)))); });
}
