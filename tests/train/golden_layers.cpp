#include "finite_differences.hpp"
#include "nn/golden.hpp"
#include "rfpp/model/patch_discriminator.hpp"
#include "rfpp/nn/attention.hpp"
#include "rfpp/nn/group_norm.hpp"
#include "rfpp/nn/resample.hpp"

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

}  // namespace

TEST_CASE("gradients of single layers agree with the golden values") {
  check_golden_layers<float>();
  check_golden_layers<double>();
}
