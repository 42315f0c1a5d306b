#include "rfpp/nn/attention.hpp"

#include "cpu/naive.hpp"
#include "nn/golden.hpp"

using namespace rfpp;
using namespace rfpp::test;

namespace {

template <AttentionSpec S, class T> MultiHeadAttnBlock<S, T> block(const std::string& prefix) {
  MultiHeadAttnBlock<S, T> layer;
  fill_norm<T>(layer.norm1, prefix + ".norm1.weight", prefix + ".norm1.bias");
  fill_norm<T>(layer.norm2, prefix + ".norm2.weight", prefix + ".norm2.bias");
  fill_convolution<T>(layer.q, prefix + ".q.weight", prefix + ".q.bias");
  fill_convolution<T>(layer.k, prefix + ".k.weight", prefix + ".k.bias");
  fill_convolution<T>(layer.v, prefix + ".v.weight", prefix + ".v.bias");
  fill_convolution<T>(layer.proj_out, prefix + ".proj_out.weight", prefix + ".proj_out.bias");
  return layer;
}

template <int Heads, class T> void check_golden_attention() {
  const std::string prefix = "attn" + std::to_string(Heads);
  const auto layer = block<AttentionSpec{64, Heads}, T>(prefix);
  const auto prior = unrounded<T>(prefix + ".x", {2, 6, 5, 64}),
             degraded = unrounded<T>(prefix + ".c", {2, 6, 5, 64});
  Cpu ex(2);
  check_golden(bare(layer(ex, prior, degraded)), prefix + ".y");
  check_golden(bare(layer(ex, prior)), prefix + ".self_y");
}
template <class T> void check_attention() {
  check_golden_attention<1, T>();
  check_golden_attention<4, T>();
  check_golden_attention<8, T>();
}

constexpr AttentionSpec small{12, 3, 4};

}  // namespace

TEST_CASE("attention with 1, 4 and 8 heads, cross and self, gives the golden values") {
  check_attention<float>();
  check_attention<double>();
}

TEST_CASE("self-attention of VQGAN is that with one head and one norm") {
  SelfAttnBlock<64, 32, double> layer;
  fill_norm<double>(layer.norm, "attn1.norm1.weight", "attn1.norm1.bias");
  fill_convolution<double>(layer.q, "attn1.q.weight", "attn1.q.bias");
  fill_convolution<double>(layer.k, "attn1.k.weight", "attn1.k.bias");
  fill_convolution<double>(layer.v, "attn1.v.weight", "attn1.v.bias");
  fill_convolution<double>(layer.proj_out, "attn1.proj_out.weight", "attn1.proj_out.bias");
  Cpu ex(2);
  check_golden(bare(layer(ex, unrounded<double>("attn1.x", {2, 6, 5, 64}))), "attn1.self_y");
}

TEST_CASE("attention has the same bits for any threads, and for an image alone") {
  const auto layer = block<small, float>("a");
  Cpu one(1), two(2), three(3);
  for (const Extents e : {Extents{3, 1, 1, 12}, {2, 2, 3, 12}, {3, 7, 5, 12}, {2, 13, 17, 12}}) {
    INFO(to_string(e));
    const auto x = random_tensor<float>(e, 1), c = random_tensor<float>(e, 2);
    const auto cross = bare(layer(one, x, c)), self = bare(layer(one, x));
    CHECK(same_bits(bare(layer(two, x, c)), cross));
    CHECK(same_bits(bare(layer(three, x, c)), cross));
    CHECK(same_bits(bare(layer(three, x)), self));
    for (int n = 0; n < e.n; ++n) {
      CHECK(same_bits(bare(layer(two, image_of(x, n), image_of(c, n))), image_of(cross, n)));
      CHECK(same_bits(bare(layer(two, image_of(x, n))), image_of(self, n)));
    }
  }
}

TEST_CASE("the residual of a cross-attention is the stream that the spec names") {
  const auto prior = block<small, double>("a");
  const auto degraded = block<AttentionSpec{12, 3, 4, Residual::degraded}, double>("a");
  Cpu ex(1);
  const auto x = random_tensor<double>({2, 4, 3, 12}, 1), c = random_tensor<double>({2, 4, 3, 12}, 2);
  const auto a = eval(ex, bare(prior(ex, x, c)) - x), b = eval(ex, bare(degraded(ex, x, c)) - c);
  check_close(a, b, 1e-13, "without the residual");
}

TEST_CASE("streams of different extents are an error that names both") {
  const auto layer = block<small, float>("a");
  Cpu ex(1);
  const Tensor<float> x({1, 4, 3, 12}), c({1, 3, 4, 12});
  const std::string message = error_of([&] { layer(ex, x, c); });
  INFO(message);
  CHECK(contains(message, "cross-attention"));
  CHECK(contains(message, "[1,4,3,12]"));
  CHECK(contains(message, "[1,3,4,12]"));
}

TEST_CASE("attention's fields are the checkpoint's keys") {
  const MultiHeadAttnBlock<small> layer;
  std::vector<std::string> names;
  walk([&](const std::string& name, const auto&) { names.push_back(name); }, layer);
  CHECK(names == std::vector<std::string>{"norm1.weight", "norm1.bias", "norm2.weight", "norm2.bias",
                                          "q.weight", "q.bias", "k.weight", "k.bias", "v.weight", "v.bias",
                                          "proj_out.weight", "proj_out.bias"});
}
