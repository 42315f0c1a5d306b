#ifndef RFPP_CPU_PREPARE_HPP
#define RFPP_CPU_PREPARE_HPP

#include <map>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "rfpp/core/fields.hpp"
#include "rfpp/cpu/cpu.hpp"
#include "rfpp/cpu/dry_run.hpp"

namespace rfpp {
inline namespace RFPP_ABI {

enum class RawWeights { keep, drop };

/// The packings of a model's filters, by their names in the model.
using PackingPlan = std::map<std::string, Packing::Kind>;

namespace detail {
/// Gives every filter storage without elements, to be told apart by. All are planned as panels.
inline PackingPlan distinguish_filters(const Parameters& model,
                                       std::unordered_map<const Block*, Packing::Kind*>& kinds) {
  PackingPlan plan;
  model.for_each([&](const std::string& name, auto& parameter) {
    using P = std::remove_cvref_t<decltype(parameter)>;
    if constexpr (is_filter<P>) {
      Packing::Kind& kind = plan[name] = CpuPacking::panels;
      parameter.assign({Storage(0, HostMemory::instance()), parameter.extents()});
      if (std::is_same_v<typename P::value, float>) kinds[parameter.raw().id()] = &kind;
    }
  });
  return plan;
}
}  // namespace detail

/// What is the fastest algorithm for every filter that `policy` allows, given the sizes that the feature maps
/// have where the model's input is an image of the extents `input`.
template <class Model> PackingPlan plan_packing(const Model&, Extents input, PackingPolicy policy = {}) {
  Model model;
  std::unordered_map<const Block*, Packing::Kind*> kinds;  // by the filter's raw weight
  PackingPlan plan = detail::distinguish_filters(model, kinds);
  std::vector<std::pair<ConvolutionShape, Packing::Kind*>> found;
  DryRun dry;
  dry.on_convolution([&](const ConvolutionShape& shape, const Block* weight) {
    if (const auto kind = kinds.find(weight); kind != kinds.end()) found.emplace_back(shape, kind->second);
  });
  Cpu& ex = dry;
  model(ex, Tensor<float>::declared(input));
  for (auto& [shape, kind] : found) {
    shape.after_codebook = shape.after_codebook || !dry.quantized();  // no index depends on it
    *kind = cpu::algorithm_for<float>(shape, policy);
  }
  return plan;
}

/// Packs every filter of a model as `plan` says, or for direct convolution where it says nothing, before the
/// model is shared between threads. A model that is not prepared packs each filter each time it is used.
/// Without its raw weights a model needs half the memory; it can then neither be saved nor trained.
inline void prepare(Cpu& ex, const Parameters& model, const PackingPlan& plan,
                    RawWeights raw = RawWeights::keep) {
  model.for_each([&](const std::string& name, auto& parameter) {
    if constexpr (is_filter<std::remove_cvref_t<decltype(parameter)>>) {
      const auto found = plan.find(name);
      if (parameter.has_raw() || parameter.packing().kind == Packing::Kind::none)
        ex.pack(parameter, found == plan.end() ? CpuPacking::panels : found->second);
      if (raw == RawWeights::drop) parameter.drop_raw();
    }
  });
}
/// The same, all for direct convolution.
inline void prepare(Cpu& ex, const Parameters& model, RawWeights raw = RawWeights::keep) {
  prepare(ex, model, PackingPlan{}, raw);
}
/// The same, as plan_packing() says. A model so prepared takes other sizes too, with the same algorithms.
template <class Model>
void prepare(Cpu& ex, Model& model, Extents input, PackingPolicy policy = {},
             RawWeights raw = RawWeights::keep) {
  prepare(ex, model, plan_packing(model, input, policy), raw);
}

}  // namespace RFPP_ABI
}  // namespace rfpp

#endif
