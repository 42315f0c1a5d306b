#ifndef RFPP_CPU_PREPARE_HPP
#define RFPP_CPU_PREPARE_HPP

#include <map>
#include <string>
#include <unordered_map>

#include "rfpp/core/fields.hpp"
#include "rfpp/cpu/cpu.hpp"
#include "rfpp/cpu/dry_run.hpp"

namespace rfpp::inline v0 {

enum class RawWeights { keep, drop };

/// The packings of a model's filters, by their names in the model.
using PackingPlan = std::map<std::string, Packing::Kind>;

/// What is the fastest algorithm for every filter that `policy` allows, given the sizes that the feature maps
/// have where the model's input is an image of the extents `input`. Parameters need no storage.
template <class Model> PackingPlan plan_packing(Model model, Extents input, PackingPolicy policy = {}) {
  std::unordered_map<const Block*, Packing::Kind*> kinds;  // by the filter's raw weight
  PackingPlan plan;
  walk(
      [&](const std::string& name, auto& parameter) {
        using P = std::remove_cvref_t<decltype(parameter)>;
        if constexpr (is_filter<P>) {
          Packing::Kind& kind = plan[name] = Packing::Kind::panels;
          // Storage without elements, to be told apart by.
          parameter.assign({Storage(0, HostMemory::instance()), parameter.extents()});
          if (std::is_same_v<typename P::value, float>) kinds[parameter.raw().id()] = &kind;
        }
      },
      model);
  DryRun dry;
  dry.on_convolution([&](const ConvolutionShape& shape, const Block* weight) {
    if (const auto found = kinds.find(weight); found != kinds.end())
      *found->second = cpu::algorithm_for<float>(shape, policy);
  });
  model(dry, Tensor<float>::declared(input));
  return plan;
}

namespace detail {
template <class Model> void prepare(Cpu& ex, Model& model, RawWeights raw, auto&& kind_of) {
  walk(
      [&](const std::string& name, auto& parameter) {
        if constexpr (is_filter<std::remove_cvref_t<decltype(parameter)>>) {
          if (parameter.has_raw() || parameter.packing().kind == Packing::Kind::none)
            ex.pack(parameter, kind_of(name));
          if (raw == RawWeights::drop) parameter.drop_raw();
        }
      },
      model);
}
}  // namespace detail

/// Packs every filter of a model for direct convolution, before the model is shared between threads. A model
/// that is not prepared packs each filter each time it is used. Without its raw weights a model needs half
/// the memory; it can then neither be saved nor trained.
template <class Model> void prepare(Cpu& ex, Model& model, RawWeights raw = RawWeights::keep) {
  detail::prepare(ex, model, raw, [](const std::string&) { return Packing::Kind::panels; });
}

/// Packs every filter as plan_packing() says. A model so prepared takes other sizes too, with the same
/// algorithms.
template <class Model>
void prepare(Cpu& ex, Model& model, Extents input, PackingPolicy policy = {},
             RawWeights raw = RawWeights::keep) {
  const PackingPlan plan = plan_packing(model, input, policy);
  detail::prepare(ex, model, raw, [&](const std::string& name) { return plan.at(name); });
}

}  // namespace rfpp::inline v0

#endif
