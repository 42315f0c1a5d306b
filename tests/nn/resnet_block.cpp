#include "rfpp/nn/resnet_block.hpp"

#include <thread>

#include "nn/golden.hpp"

using namespace rfpp;
using namespace rfpp::test;

namespace {

template <BlockSpec S, class T> ResnetBlock<S, T> block() {
  ResnetBlock<S, T> layer;
  fill_hashed(layer);
  return layer;
}

/// The block with every operation in an eval of its own.
template <BlockSpec S, class T>
Tensor<T> unfused(Cpu& ex, const ResnetBlock<S, T>& block, const Tensor<T>& x) {
  auto step = [&](const auto& norm, const auto& conv, const Tensor<T>& input) {
    auto normalized = bare(eval(ex, norm(ex, input)));
    auto activated = eval(ex, silu(normalized));
    return bare(eval(ex, conv(activated)));
  };
  auto h = step(block.norm2, block.conv2, step(block.norm1, block.conv1, x));
  auto residual = x;
  if constexpr (S.in != S.out) residual = bare(eval(ex, block.shortcut(x)));
  return eval(ex, h + residual);
}

template <BlockSpec S, class T> void check() {
  const auto layer = block<S, T>();
  Cpu one(1), two(2), three(3);
  for (const Extents e : {Extents{1, 1, 1, S.in}, {2, 2, 3, S.in}, {3, 7, 5, S.in}, {2, 17, 13, S.in}}) {
    const std::string what = to_string(e) + " to " + std::to_string(S.out);
    INFO(what);
    const auto x = random_tensor<T>(e, 1);
    const auto y = bare(layer(one, x));
    check_close(y, unfused(two, layer, x), sizeof(T) == 4 ? 1e-6 : 1e-14, what);
    CHECK(same_bits(bare(layer(two, x)), y));
    CHECK(same_bits(bare(layer(three, x)), y));
    for (int n = 0; n < e.n; ++n) CHECK(same_bits(bare(layer(two, image_of(x, n))), image_of(y, n)));
  }
}

}  // namespace

TEST_CASE("a residual block is its operations, one by one; same bits for any threads and batch") {
  check<BlockSpec{16, 16, 4}, float>();
  check<BlockSpec{5, 33, 1}, float>();
  check<BlockSpec{33, 3, 3}, double>();
}

TEST_CASE("a block that is given its input frees it before its own output is born") {
  const auto layer = block<BlockSpec{32, 16, 4}, float>();
  const auto x = random_tensor<float>({1, 40, 40, 32}, 1);
  Cpu keeping(1), consuming(1);
  keeping.workspace().reserve(8 << 20);
  consuming.workspace().reserve(8 << 20);
  auto kept = eval(keeping, x * 1.0), consumed = eval(consuming, x * 1.0);
  const auto y = bare(layer(keeping, kept));
  CHECK(same_bits(bare(layer(consuming, std::move(consumed))), y));
  CHECK(same_bits(kept, x));
  CHECK(consuming.workspace().peak_bytes() < keeping.workspace().peak_bytes());
}

TEST_CASE("a residual block's fields: the shortcut has some only where the channels change") {
  auto names = [](const auto& model) {
    std::vector<std::string> found;
    walk([&](const std::string& name, const auto&) { found.push_back(name); }, model);
    return found;
  };
  const std::vector<std::string> common = {"norm1.weight", "norm1.bias", "conv1.weight", "conv1.bias",
                                           "norm2.weight", "norm2.bias", "conv2.weight", "conv2.bias"};
  CHECK(names(ResnetBlock<BlockSpec{4, 4, 2}>{}) == common);
  auto longer = common;
  longer.push_back("nin_shortcut.weight");
  longer.push_back("nin_shortcut.bias");
  CHECK(names(ResnetBlock<BlockSpec{4, 6, 2}>{}) == longer);
}

TEST_CASE("one const model may be used by two threads, each with its own executor") {
  const auto layer = block<BlockSpec{16, 33, 1}, float>();
  const auto x = random_tensor<float>({2, 20, 20, 16}, 1);
  Cpu ex(1);
  const auto expected = copy_of(bare(layer(ex, x)));
  std::vector<int> wrong(2, 0);
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < 2; ++i)
    threads.emplace_back([&, i] {
      Cpu mine(static_cast<int>(i + 1));
      for (int j = 0; j < 10; ++j) wrong[i] += !same_bits(bare(layer(mine, x)), expected);
    });
  for (auto& thread : threads) thread.join();
  CHECK(wrong == std::vector<int>(2, 0));
}
