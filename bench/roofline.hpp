#ifndef RFPP_BENCH_ROOFLINE_HPP
#define RFPP_BENCH_ROOFLINE_HPP

#include <benchmark/benchmark.h>

#include <algorithm>
#include <chrono>
#include <map>

#include "rfpp/cpu/cpu.hpp"

namespace bench {

/// The least seconds of several calls.
template <class F> double best_seconds(int calls, F&& f) {
  double best = 1e9;
  for (int i = 0; i < calls; ++i) {
    const auto start = std::chrono::steady_clock::now();
    f();
    best = std::min(best, std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
  }
  return best;
}

/// What the machine can do with so many threads, measured: fused multiply-adds on registers, and reading and
/// writing main memory.
struct Roofline {
  double flops, bytes;  // per second

  explicit Roofline(int threads) {
    rfpp::ThreadPool pool(threads);
    using V = rfpp::cpu::Lanes<float>;
    constexpr int chains = 12, steps = 1 << 18;
    const double seconds = best_seconds(10, [&] {
      pool.for_each(threads, [&](int, int) {
        V sum[chains] = {}, factor = rfpp::splat<V>(1.0f);
        benchmark::DoNotOptimize(factor);
        for (auto& s : sum) benchmark::DoNotOptimize(s);  // else the compiler sees that they are equal
        for (int step = 0; step < steps; ++step) {
#pragma GCC unroll 12
          for (auto& s : sum) s = s * factor + factor;
        }
        for (auto& s : sum) benchmark::DoNotOptimize(s);
      });
    });
    flops = 2.0 * chains * rfpp::cpu::lane_count<float> * steps * threads / seconds;

    constexpr int parts = 64;
    constexpr std::size_t part = std::size_t{1} << 18;
    const rfpp::Tensor<float> a({1, 1, parts, int{part}}), b({1, 1, parts, int{part}});
    const double copying = best_seconds(10, [&] {
      pool.for_each(parts, [&](int i, int) {
        const std::size_t begin = static_cast<std::size_t>(i) * part;
        for (std::size_t k = begin; k < begin + part; k += rfpp::cpu::lane_count<float>)
          rfpp::cpu::stream_lanes(b.data() + k, rfpp::load_lanes<V>(a.data() + k));
        rfpp::cpu::stream_fence();
      });
    });
    bytes = 2.0 * parts * part * sizeof(float) / copying;
  }

  static const Roofline& of(int threads) {
    static std::map<int, Roofline> measured;
    return measured.try_emplace(threads, threads).first->second;
  }
};

/// Counters of a benchmark whose every iteration does so many floating-point operations and moves so many
/// bytes.
inline void count(benchmark::State& state, double flops, double bytes, int threads) {
  using benchmark::Counter;
  const auto rate = Counter::kIsIterationInvariantRate;
  const Roofline& roofline = Roofline::of(threads);
  if (flops > 0) {
    state.counters["GFLOP/s"] = Counter(flops / 1e9, rate);
    state.counters["of_peak"] = Counter(flops / roofline.flops, rate);
  }
  if (bytes > 0) {
    state.counters["GB/s"] = Counter(bytes / 1e9, rate);
    state.counters["of_bandwidth"] = Counter(bytes / roofline.bytes, rate);
  }
}

/// Elements in (-1, 1), the same every time.
inline rfpp::Tensor<float> noise(rfpp::Extents e, float scale = 1) {
  auto t = rfpp::Tensor<float>::uninitialized(e);
  std::uint32_t state = 1;
  for (float& v : t.elements()) {
    state = state * 1664525u + 1013904223u;
    v = scale * (static_cast<float>(state >> 8) * 0x1p-23f - 1);
  }
  return t;
}

}  // namespace bench

#endif
