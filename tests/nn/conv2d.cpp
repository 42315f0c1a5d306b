#include "rfpp/nn/conv2d.hpp"

#include "nn/golden.hpp"

using namespace rfpp;
using namespace rfpp::test;

namespace {

template <ConvolutionSpec S, class T> void check(const std::string& name, Extents x) {
  Conv2d<S, T> layer;
  fill_convolution<T>(layer, name + ".w", name + ".b");
  Cpu ex(2);
  check_golden(bare(eval(ex, layer(unrounded<T>(name + ".x", x)))), name + ".y");
}
template <class T> void check_all() {
  check<conv3x3(8, 12), T>("conv3x3", {1, 17, 13, 8});
  check<conv1x1(16, 8), T>("conv1x1", {2, 9, 11, 16});
  check<conv_downsample(6), T>("down", {1, 16, 14, 6});
  check<ConvolutionSpec{5, 7, 4, 2, 1, 1}, T>("conv4x4s2", {1, 16, 12, 5});
  check<conv3x3(3, 32), T>("conv3x3_cin3", {1, 20, 20, 3});
  check<conv3x3(32, 3), T>("conv3x3_cout3", {1, 20, 20, 32});
}

}  // namespace

TEST_CASE("convolutions give the golden values") {
  check_all<float>();
  check_all<double>();
}

TEST_CASE("Conv2d's fields are the checkpoint's keys") {
  const Conv2d<conv3x3(8, 12)> layer;
  std::vector<std::string> names;
  walk([&](const std::string& name, const auto&) { names.push_back(name); }, layer);
  CHECK(names == std::vector<std::string>{"weight", "bias"});
  CHECK((layer.weight.extents() == Extents{12, 3, 3, 8}));
  CHECK((layer.bias.extents() == vector_extents(12)));
  CHECK(count_parameters(layer).elements == 12 * 8 * 9 + 12);
}

TEST_CASE("Conv2d refuses other channel counts and unloaded weights when it is evaluated") {
  Cpu ex(1);
  Conv2d<conv3x3(8, 12)> layer;
  const auto x = random_tensor<float>({1, 4, 4, 8}, 1);
  CHECK(contains(error_of([&] { eval(ex, layer(x)); }), "never loaded"));
  fill_convolution<float>(layer, "w", "b");
  CHECK_NOTHROW(eval(ex, layer(x)));
  const std::string message = error_of([&] { eval(ex, layer(random_tensor<float>({1, 4, 4, 7}, 1))); });
  INFO(message);
  CHECK(contains(message, "convolution"));
  CHECK(contains(message, "[1,4,4,7]"));
  CHECK(contains(message, "[12,3,3,8]"));
}

TEST_CASE("a convolution's result carries its channels") {
  Cpu ex(1);
  Conv2d<conv1x1(3, 5)> layer;
  fill_convolution<float>(layer, "w", "b");
  const auto y = eval(ex, layer(random_tensor<float>({1, 2, 2, 3}, 1)));
  CHECK(channels_of<decltype(y)> == 5);
  CHECK((y.extents() == Extents{1, 2, 2, 5}));
}
