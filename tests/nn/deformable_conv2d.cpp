#include "rfpp/nn/deformable_conv2d.hpp"

#include "cpu/fusion.hpp"
#include "rfpp/cpu/prepare.hpp"
#include "rfpp/model/hashed.hpp"

using namespace rfpp;
using namespace rfpp::test;

namespace {

using Layer = DeformableConv2d<32, 4>;

Layer filled_layer() {
  Layer layer;
  fill_hashed(layer);
  return layer;
}

}  // namespace

TEST_CASE("without offsets, a deformable convolution is half a convolution: its masks are 1/2") {
  Layer layer = filled_layer();
  layer.conv_offset.weight.assign(Tensor<float>(layer.conv_offset.weight.extents()));
  layer.conv_offset.bias = Tensor<float>(vector_extents(108));
  Conv2d<conv3x3(32, 32)> plain;
  plain.weight = layer.weight;
  plain.bias = Tensor<float>(vector_extents(32));
  Cpu ex(2);
  const auto x = random_tensor<float>({2, 9, 7, 32}, 1), features = random_tensor<float>({2, 9, 7, 32}, 2);
  const auto expected = eval(ex, bare(plain(x)) * 0.5 + layer.bias);
  check_close(bare(eval(ex, layer(ex, x, features))), expected, 1e-6, "no offsets");
}

TEST_CASE("a deformable convolution fused with what is around it gives what it gives node by node") {
  const Layer layer = filled_layer();
  Cpu ex(3);
  const auto x = random_tensor<float>({2, 9, 7, 32}, 1), features = random_tensor<float>({2, 9, 7, 32}, 2);
  const auto fused = silu(layer(ex, x, features)) + x;
  const auto offsets = bare(eval(ex, layer.conv_offset(features)));
  const auto samples = eval(ex, deformed(x, offsets, 4));
  const auto flat = detail::filter_of_taps(layer.weight);
  const auto product = eval(ex, detail::convolution({1, 1, 0, 0}, samples, flat, layer.bias));
  check_close(bare(eval(ex, fused)), eval(ex, eval(ex, silu(product)) + x), 1e-7, "fused");
}

TEST_CASE("a packed deformable convolution has the bits of one that is not, any threads, any batch") {
  Layer layer = filled_layer();
  Cpu one(1), three(3);
  const auto x = random_tensor<float>({3, 9, 7, 32}, 1), features = random_tensor<float>({3, 9, 7, 32}, 2);
  const auto expected = bare(eval(one, layer(one, x, features)));
  CHECK(same_bits(bare(eval(three, layer(three, x, features))), expected));
  for (int n = 0; n < 3; ++n)
    CHECK(same_bits(bare(eval(three, layer(three, image_of(x, n), image_of(features, n)))),
                    image_of(expected, n)));
  one.pack(layer.weight);
  layer.weight.drop_raw();
  CHECK(same_bits(bare(eval(one, layer(one, x, features))), expected));
}
