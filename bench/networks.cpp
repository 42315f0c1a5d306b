// Whole networks on one face, and what comes before the first: loading, packing, mapping packed weights.
#include <filesystem>

#include "rfpp/cpu/load_prepared.hpp"
#include "rfpp/model/hashed.hpp"
#include "rfpp/model/network.hpp"
#include "rfpp/model/registry.hpp"
#include "roofline.hpp"

using namespace rfpp;
namespace fs = std::filesystem;

namespace {

struct Setting {
  const char* name;
  PackingPolicy policy;
};
constexpr Setting settings[] = {{"reference", Precision::reference},
                                {"exact", Precision::exact},
                                {"exact, low memory", {Precision::exact, true}},
                                {"fast", Precision::fast}};

template <class N> void face(benchmark::State& state, PackingPolicy policy, int threads) {
  constexpr Extents input{1, N::spec.resolution, N::spec.resolution, 3};
  Network<N> model;
  fill_hashed(model);
  Cpu ex(threads);
  prepare(ex, model, input, policy, RawWeights::drop);
  DryRun dry(threads);
  model(dry, Tensor<float>::declared(input));
  ex.workspace().reserve(dry.peak_bytes());
  const auto image = hashed_tensor<float>("input", input);
  model(ex, image);
  for (auto _ : state) benchmark::DoNotOptimize(model(ex, image));
  bench::count(state, 2 * dry.multiply_adds(), 0, threads);
  state.counters["workspace_MB"] = static_cast<double>(dry.peak_bytes()) / 1e6;
}

/// A checkpoint of deterministic weights, there as long as the benchmarks run.
struct Checkpoint {
  fs::path path = fs::temp_directory_path() / ("rfpp-bench-" + std::to_string(::getpid()));
  fs::path weights = path / "weights.safetensors", packed = path / "weights.packed";
  Extents input{1, RestoreFormerPlusPlus::spec.resolution, RestoreFormerPlusPlus::spec.resolution, 3};
  Checkpoint() {
    fs::create_directories(path);
    Network<RestoreFormerPlusPlus> model;
    fill_hashed(model);
    io::save_parameters(model, weights);
  }
  ~Checkpoint() { fs::remove_all(path); }
  static const Checkpoint& instance() {
    static const Checkpoint checkpoint;
    return checkpoint;
  }
};

void load_and_pack(benchmark::State& state) {
  const Checkpoint& checkpoint = Checkpoint::instance();
  Cpu ex;
  for (auto _ : state) {
    Network<RestoreFormerPlusPlus> model;
    load_prepared(ex, model, checkpoint.weights, checkpoint.input);
  }
}
BENCHMARK(load_and_pack)->Unit(benchmark::kMillisecond)->UseRealTime();

void map_packed_weights(benchmark::State& state) {
  const Checkpoint& checkpoint = Checkpoint::instance();
  Cpu ex;
  Network<RestoreFormerPlusPlus> model;
  load_prepared(ex, model, checkpoint.weights, checkpoint.input);
  const PackingPlan plan = plan_packing(model, checkpoint.input);
  save_packed_weights(model, checkpoint.packed, packed_weights_key(ex, checkpoint.weights, plan));
  for (auto _ : state) {
    Network<RestoreFormerPlusPlus> mapped;
    const std::string key = packed_weights_key(ex, checkpoint.weights, plan);
    if (!load_packed_weights(mapped, checkpoint.packed, key, plan))
      state.SkipWithError("the packed weights are not usable");
  }
}
BENCHMARK(map_packed_weights)->Unit(benchmark::kMillisecond)->UseRealTime();

const bool registered = [] {
  PublishedNetworks::for_each([](auto n) {
    using N = decltype(n);
    for (const Setting& setting : settings)
      for (const int threads : {1, 2})
        benchmark::RegisterBenchmark(
            (std::string(N::name) + "/" + setting.name + "/threads:" + std::to_string(threads)).c_str(),
            [policy = setting.policy, threads](benchmark::State& state) { face<N>(state, policy, threads); })
            ->Unit(benchmark::kMillisecond)
            ->UseRealTime();
  });
  return true;
}();

}  // namespace
