#include "rfpp/nn/group_norm.hpp"

#include "cpu/naive.hpp"
#include "nn/golden.hpp"

using namespace rfpp;
using namespace rfpp::test;

namespace {

template <class T> void check_golden_norm() {
  GroupNorm<64, 32, T> layer;
  fill_norm<T>(layer, "gn.w", "gn.b");
  Cpu ex(2);
  check_golden(bare(eval(ex, silu(layer(ex, unrounded<T>("gn.x", {2, 7, 5, 64}))))), "groupnorm_silu.y");
}

template <int C, int Groups, class T> void check_naive(Extents e) {
  GroupNorm<C, Groups, T> layer;
  fill_norm<T>(layer, "w", "b");
  const auto x = random_tensor<T>(e, 1, -1, 3);
  const auto moments = naive_moments(x, Groups, 1e-6);
  auto expected = Tensor<double>::uninitialized(e);
  for (std::size_t i = 0; i < e.size(); ++i) {
    const auto n = static_cast<int>(i / e.image_size()), c = static_cast<int>(i % C), g = c / (C / Groups);
    expected.data()[i] = (static_cast<double>(x.data()[i]) - element(moments, n, 0, 0, g)) *
                             element(moments, n, 1, 0, g) * static_cast<double>(layer.weight.data()[c]) +
                         static_cast<double>(layer.bias.data()[c]);
  }
  Cpu one(1), three(3);
  const auto y = bare(eval(one, layer(one, x)));
  check_close(y, expected, sizeof(T) == 4 ? 1e-6 : 1e-12,
              std::to_string(Groups) + " groups of " + to_string(e));
  CHECK(same_bits(bare(eval(three, layer(three, x))), y));
  for (int n = 0; n < e.n; ++n)
    CHECK(same_bits(bare(eval(three, layer(three, image_of(x, n)))), image_of(y, n)));
}

}  // namespace

TEST_CASE("group norm and SiLU give the golden values") {
  check_golden_norm<float>();
  check_golden_norm<double>();
}

TEST_CASE("group norm is the formula's, per image and group") {
  for (const Extents e : {Extents{1, 3, 3, 33}, {3, 7, 5, 33}, {2, 40, 30, 33}}) {
    check_naive<33, 1, float>(e);
    check_naive<33, 11, float>(e);
    check_naive<33, 33, double>(e);
  }
  for (const Extents e : {Extents{3, 2, 3, 64}, {2, 17, 13, 64}}) {
    check_naive<64, 32, float>(e);
    check_naive<64, 32, double>(e);
  }
}

TEST_CASE("group norm of one pixel and of a constant is the bias where a group is one channel") {
  GroupNorm<4, 4, double> layer;
  fill_norm<double>(layer, "w", "b");
  Cpu ex(1);
  const auto y = eval(ex, layer(ex, random_tensor<double>({2, 1, 1, 4}, 1)));
  for (int i = 0; i < 8; ++i) CHECK(bare(y).data()[i] == Approx(layer.bias.data()[i % 4]));
}

TEST_CASE("group norm's expression may be kept: it holds its statistics") {
  GroupNorm<4, 2> layer;
  fill_norm<float>(layer, "w", "b");
  Cpu ex(1);
  const auto x = random_tensor<float>({1, 5, 5, 4}, 1);
  const auto lazy = layer(ex, x);
  const auto first = copy_of(bare(eval(ex, lazy)));
  eval(ex, layer(ex, random_tensor<float>({1, 5, 5, 4}, 2)));  // would reuse freed statistics
  CHECK(same_bits(bare(eval(ex, lazy)), first));
}
