#include "rfpp/cpu/cpu.hpp"

#include <thread>
#include <vector>

#include "rfpp/nn/conv2d.hpp"
#include "support.hpp"

using namespace rfpp;
using namespace rfpp::test;

namespace {

template <class Layer> Layer random_layer() {
  Layer layer;
  layer.weight.assign(random_tensor<float>(layer.weight.extents(), 1, -0.3, 0.3));
  layer.bias = random_tensor<float>(layer.bias.extents(), 2);
  return layer;
}

}  // namespace

TEST_CASE("accumulating adds to what is there") {
  for (int threads : {1, 3}) {
    Cpu ex(threads);
    const auto x = random_tensor<double>({2, 9, 7, 19}, 1), start = random_tensor<double>({2, 9, 7, 19}, 2);
    auto check = [&](const auto& e, const char* what) {
      const auto out = copy_of(start);
      ex.run(out, e, true);
      check_close(out, eval(ex, start + eval(ex, e)), 1e-15, what);
    };
    check(silu(x), "map");
    check(x, "tensor");
    check(x * random_tensor<double>({2, 1, 1, 19}, 3), "map that broadcasts");
    Filter<double> filter({19, 3, 3, 19});
    filter.assign(random_tensor<double>(filter.extents(), 4));
    check(anchor(ConvolutionCore<Tensor<double>>{{3, 1, 1, 1}, x, filter}) + x, "convolution");
    const auto sum = tensor_of<double>(Extents{}, {5});
    ex.run(sum, reduce<Sum>(x, Over::all), true);
    CHECK(sum.data()[0] == Approx(5 + eval(ex, reduce<Sum>(x, Over::all)).data()[0]));
  }
}

TEST_CASE("tensors outlive their executor and may die on another thread") {
  Tensor<float> kept, moved;
  const auto x = random_tensor<float>({1, 8, 8, 16}, 1);
  {
    Cpu ex(2);
    kept = eval(ex, silu(x));
    moved = eval(ex, silu(x) * 2.0);
    std::thread([t = std::move(moved)]() mutable { t = {}; }).join();
    // The block is free again, and the first is still whole.
    CHECK(eval(ex, x + x).data() != kept.data());
  }
  Cpu other(1);
  check_close(kept, eval(other, silu(x)), 0, "kept");
}

TEST_CASE("progress is told after every convolution, in multiply-adds since the callback was set") {
  Cpu ex(2);
  const auto first = random_layer<Conv2d<conv3x3(3, 8)>>();
  const auto second = random_layer<Conv2d<conv_downsample(8)>>();
  const auto x = random_tensor<float>({2, 10, 12, 3}, 1);
  auto run = [&] { return eval(ex, second(eval(ex, first(x)))); };
  run();
  std::vector<double> seen;
  ex.on_progress([&](double multiply_adds) {
    seen.push_back(multiply_adds);
    return true;
  });
  const double work[] = {2.0 * 10 * 12 * 8 * 27, 2.0 * 5 * 6 * 8 * 72};
  run();
  CHECK(seen == std::vector<double>{work[0], work[0] + work[1]});
  run();
  CHECK(seen.back() == 2 * (work[0] + work[1]));
  ex.on_progress([&](double multiply_adds) {
    seen.push_back(multiply_adds);
    return true;
  });
  run();
  CHECK(seen.back() == work[0] + work[1]);
  const std::size_t count = seen.size();
  ex.on_progress({});
  run();
  CHECK(seen.size() == count);
}

TEST_CASE("a progress callback that returns false cancels; the executor works on afterwards") {
  for (int threads : {1, 3}) {
    Cpu ex(threads);
    const auto layer = random_layer<Conv2d<conv3x3(8, 8)>>();
    const auto x = random_tensor<float>({1, 20, 20, 8}, 1);
    auto run = [&] {
      auto h = eval(ex, layer(x));
      for (int i = 0; i < 4; ++i) h = eval(ex, layer(silu(h)) + h);
      return h;
    };
    const auto expected = copy_of(bare(run()));
    const std::size_t allocations = ex.workspace().allocations();
    int calls = 0;
    ex.on_progress([&](double) { return ++calls < 3; });
    CHECK_THROWS_AS(run(), Cancelled);
    CHECK(calls == 3);
    CHECK(error_of([&] { run(); }) == "cancelled");
    ex.on_progress({});
    CHECK(same_bits(bare(run()), expected));
    CHECK(ex.workspace().allocations() == allocations);  // the cancelled runs gave everything back
  }
}

TEST_CASE("an exception of the progress callback reaches the caller") {
  Cpu ex(2);
  const auto layer = random_layer<Conv2d<conv1x1(8, 8)>>();
  const auto x = random_tensor<float>({1, 4, 4, 8}, 1);
  ex.on_progress([](double) -> bool { throw std::out_of_range("mine"); });
  CHECK_THROWS_AS(eval(ex, layer(x)), std::out_of_range);
  ex.on_progress({});
  CHECK_NOTHROW(eval(ex, layer(x)));
}

TEST_CASE("an executor works on after an error, and has lost no memory") {
  Cpu ex(3);
  const auto layer = random_layer<Conv2d<conv1x1(8, 8)>>();
  const auto x = random_tensor<float>({2, 9, 9, 8}, 1), table = random_tensor<float>(matrix_extents(4, 8), 2);
  const auto poisoned = copy_of(x);
  for (float& v : poisoned.elements()) v = std::nanf("");
  const auto expected = copy_of(bare(eval(ex, layer(x))));
  eval(ex, nearest(x, table));
  const std::size_t allocations = ex.workspace().allocations();
  for (int i = 0; i < 20; ++i) {
    CHECK_THROWS_AS(eval(ex, nearest(poisoned, table)), Error);
    CHECK_THROWS_AS(eval(ex, Conv2d<conv1x1(8, 8)>{}(x)), Error);
    CHECK(same_bits(bare(eval(ex, layer(x))), expected));
  }
  CHECK(ex.workspace().allocations() == allocations);
}

TEST_CASE("executors of several threads work at the same time") {
  const auto layer = random_layer<Conv2d<conv3x3(8, 8)>>();
  const auto x = random_tensor<float>({1, 30, 20, 8}, 1);
  auto run = [&](Cpu& ex) {
    auto h = eval(ex, layer(x));
    for (int i = 0; i < 5; ++i) h = eval(ex, layer(silu(h)) + h);
    return copy_of(bare(h));
  };
  Cpu ex(1);
  const auto expected = run(ex);
  std::vector<Tensor<float>> results(4);
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < results.size(); ++i)
    threads.emplace_back([&, i] {
      Cpu mine(static_cast<int>(1 + i % 3));
      for (int j = 0; j < 3; ++j) results[i] = run(mine);
    });
  for (auto& thread : threads) thread.join();
  for (const auto& result : results) CHECK(same_bits(result, expected));
}
