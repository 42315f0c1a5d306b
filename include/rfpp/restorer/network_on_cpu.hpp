#ifndef RFPP_RESTORER_NETWORK_ON_CPU_HPP
#define RFPP_RESTORER_NETWORK_ON_CPU_HPP

#include <algorithm>
#include <functional>
#include <memory>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "rfpp/cpu/load_prepared.hpp"
#include "rfpp/restorer/network_on.hpp"
#include "rfpp/restorer/networks.hpp"
#include "rfpp/restorer/on_cpu.hpp"

namespace rfpp {
inline namespace RFPP_ABI {

/// Fills a network with packed weights from the cache beside the checkpoint, which is made where there is
/// none for this checkpoint and this program.
inline void load_cached(Cpu& ex, const Parameters& model, const NetworkRequest& request,
                        const PackingPlan& plan) {
  const std::string file = request.weights.file.string();
  const std::string cache = file + "." + std::to_string(cpu::vector_bytes * 8) + "bit.packed";
  const std::string key = packed_weights_key(ex, file, plan);
  if (load_packed_weights(model, cache, key, plan)) return;
  load_prepared(ex, model, file, plan);
  try {
    save_packed_weights(model, cache, key);
    request.tell("packed weights are kept in " + cache);
  } catch (const Error& error) {  // the face can be restored all the same
    request.tell(std::string("packed weights are not kept: ") + error.what());
  }
}

/// On the processor: packed, and with its whole workspace reserved.
template <class Door> class NetworkOn<Door, Cpu> final : public FaceNetwork {
  using Model = typename Door::Model;
  /// With these a network runs all that it has.
  static constexpr NetworkSettings everything{.fidelity = 1};
  /// The network as plan_packing runs it.
  struct Planned : Model {
    auto operator()(auto& ex, const Tensor<float>& faces) const {
      return Door::run(ex, *this, faces, everything, false);
    }
  };

 public:
  NetworkOn(int threads, const NetworkRequest& request)
      : ex_(threads), keeps_features_(request.keeps_features) {
    const auto& options = request.options;
    const PackingPlan plan =
        plan_packing(Planned{}, request.faces, PackingPolicy(options.precision, options.low_memory));
    if (request.weights.empty()) {
      fill_hashed(model_);
      prepare(ex_, model_, plan, RawWeights::drop);
    } else if (options.cache && request.weights.on_disk()) {
      load_cached(ex_, model_, request, plan);
    } else {
      load_prepared(ex_, model_, request.weights.open(), request.weights.file.string(), plan);
    }
    DryRun dry(ex_.threads());
    Door::run(static_cast<Cpu&>(dry), model_, Tensor<float>::declared(request.faces), everything,
              keeps_features_);
    ex_.workspace().reserve(dry.peak_bytes());
    multiply_adds_per_pixel_ = dry.multiply_adds() / static_cast<double>(request.faces.size());
  }

  NetworkOutput run(const Tensor<float>& faces, const NetworkSettings& settings) override {
    if (progress_)
      ex_.on_progress([this, all = multiply_adds_per_pixel_ * static_cast<double>(faces.extents().size())](
                          double done) { return progress_(std::min(1.0, done / all)); });
    return Door::run(ex_, model_, faces, settings, keeps_features_);
  }
  Tensor<int> encode(const Tensor<float>& faces) override { return encode_with<Door>(ex_, model_, faces); }
  Tensor<float> decode(const Tensor<int>& indices) override {
    return decode_with<Door>(ex_, model_, indices);
  }
  void on_progress(std::function<bool(double)> callback) override { progress_ = std::move(callback); }

 private:
  Cpu ex_;
  Model model_;
  bool keeps_features_;
  double multiply_adds_per_pixel_ = 0;
  std::function<bool(double)> progress_;
};

template <class Door> NetworkEntry network_entry() {
  return {Door::info, [] { return io::parameter_shapes(typename Door::Model{}); },
          [](const NetworkRequest& request) {
            return on_device<NetworkService<Door>>(request.options.device, request.options.threads, request);
          },
          [](const Weights& weights, const std::filesystem::path& file, io::DType dtype) {
            typename Door::Model model;
            load_raw(model, weights);
            io::save_parameters(model, file, dtype, {{"network", Door::info.name}});
          }};
}

/// Explicitly instantiated in a .cpp file for each family.
template <class Family> std::vector<NetworkEntry> networks_of() {
  return std::apply([](auto... doors) { return std::vector{network_entry<decltype(doors)>()...}; },
                    typename Family::Doors{});
}

}  // namespace RFPP_ABI
}  // namespace rfpp

#endif
