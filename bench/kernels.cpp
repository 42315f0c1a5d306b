// The kernels that networks are made of, beside what the machine could do (see roofline.hpp).
#include "rfpp/expr/functors.hpp"
#include "rfpp/nn/attention.hpp"
#include "roofline.hpp"

using namespace rfpp;
using benchmark::State;

namespace {

/// One register tile, its operands in the first-level cache.
void micro_kernel(State& state) {
  using Tile = cpu::MicroTile<float>;
  const auto depth = static_cast<int>(state.range(0));
  const auto a = bench::noise({1, 1, Tile::rows, depth}), b = bench::noise({1, 1, depth, Tile::columns});
  const Tensor<float> c({1, 1, Tile::rows, Tile::columns});
  const float* rows[Tile::rows];
  for (int i = 0; i < Tile::rows; ++i) rows[i] = a.data() + i * depth;
  for (auto _ : state) {
    cpu::micro_kernel<float>(Tile::columns, 0, depth, rows, b.data(), c.data(), Tile::columns, false);
    benchmark::ClobberMemory();
  }
  bench::count(state, 2.0 * Tile::rows * Tile::columns * depth, 0, 1);
}
BENCHMARK(micro_kernel)->Arg(64)->Arg(128)->Arg(256);

/// Matrix products as attention has them.
void matmul(State& state) {
  Cpu ex(static_cast<int>(state.range(0)));
  const auto rows = static_cast<int>(state.range(1)), depth = static_cast<int>(state.range(2));
  const auto a = bench::noise({4, 1, rows, depth}), b = bench::noise({4, 1, rows, depth});
  for (auto _ : state) benchmark::DoNotOptimize(eval(ex, rfpp::matmul(a, b, false, true)));
  bench::count(state, 2.0 * 4 * rows * rows * depth, 0, ex.threads());
}
BENCHMARK(matmul)->Args({1, 1024, 64})->Args({2, 1024, 64})->Args({2, 256, 128})->UseRealTime();

template <class F> void pointwise(State& state, int threads, double arrays, F&& expression) {
  Cpu ex(threads);
  const auto x = bench::noise({1, 512, 512, 64}, 4), y = bench::noise(x.extents());
  const auto out = bare(eval(ex, expression(x, y)));
  for (auto _ : state) eval_into(ex, out, expression(x, y));
  bench::count(state, 0, arrays * static_cast<double>(x.extents().size()) * sizeof(float), threads);
}
void silu(State& state) {
  pointwise(state, static_cast<int>(state.range(0)), 2, [](auto& x, auto&) { return rfpp::silu(x); });
}
BENCHMARK(silu)->Arg(1)->Arg(2)->UseRealTime();
void add(State& state) {
  pointwise(state, static_cast<int>(state.range(0)), 3, [](auto& x, auto& y) { return x + y; });
}
BENCHMARK(add)->Arg(1)->Arg(2)->UseRealTime();

void group_norm_moments(State& state) {
  Cpu ex(static_cast<int>(state.range(0)));
  const auto x = bench::noise({1, 512, 512, 64});
  for (auto _ : state) benchmark::DoNotOptimize(eval(ex, moments(x, 32, 1e-6)));
  bench::count(state, 0, static_cast<double>(x.extents().size()) * sizeof(float), ex.threads());
}
BENCHMARK(group_norm_moments)->Arg(1)->Arg(2)->UseRealTime();

void softmax(State& state) {
  Cpu ex(static_cast<int>(state.range(0)));
  const auto x = bench::noise({4, 1, 1024, 1024}, 8);
  for (auto _ : state) benchmark::DoNotOptimize(eval(ex, rfpp::softmax(ex, x)));
  bench::count(state, 0, 4.0 * static_cast<double>(x.extents().size()) * sizeof(float), ex.threads());
}
BENCHMARK(softmax)->Arg(1)->Arg(2)->UseRealTime();

void codebook_search(State& state) {
  Cpu ex(static_cast<int>(state.range(0)));
  const auto z = bench::noise({1, 16, 16, 256}), table = bench::noise({1024, 1, 1, 256});
  for (auto _ : state) benchmark::DoNotOptimize(eval(ex, nearest(z, table)));
  bench::count(state, 3.0 * 256 * 1024 * 256, 0, ex.threads());
}
BENCHMARK(codebook_search)->Arg(1)->Arg(2)->UseRealTime();

}  // namespace
