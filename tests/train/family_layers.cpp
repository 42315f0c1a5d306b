#include "finite_differences.hpp"
#include "rfpp/nn/attention.hpp"
#include "rfpp/nn/deformable_conv2d.hpp"
#include "rfpp/nn/depthwise.hpp"
#include "rfpp/nn/transformer.hpp"

using namespace rfpp;
using namespace rfpp::test;

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

TEST_CASE("batch norm in training normalizes by the batch, whose statistics are kept on request") {
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
