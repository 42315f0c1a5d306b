#ifndef RFPP_CPU_PREPARE_HPP
#define RFPP_CPU_PREPARE_HPP

#include <unordered_map>

#include "rfpp/core/fields.hpp"
#include "rfpp/cpu/cpu.hpp"
#include "rfpp/cpu/dry_run.hpp"

namespace rfpp::inline v0 {

enum class RawWeights { keep, drop };

namespace detail {
template <class Model> void prepare(Cpu& ex, Model& model, RawWeights raw, auto&& kind_of) {
  walk(
      [&](const std::string&, auto& parameter) {
        if constexpr (is_filter<std::remove_cvref_t<decltype(parameter)>>) {
          if (parameter.has_raw() || parameter.packing().kind == Packing::Kind::none)
            ex.pack(parameter, kind_of(parameter));
          if (raw == RawWeights::drop) parameter.drop_raw();
        }
      },
      model);
}
}  // namespace detail

/// Packs every filter of a model for direct convolution, before the model is shared between threads. A model
/// that is not prepared gives the same bits, packing each filter each time. Without its raw weights a model
/// needs half the memory; it can then neither be saved nor trained.
template <class Model> void prepare(Cpu& ex, Model& model, RawWeights raw = RawWeights::keep) {
  detail::prepare(ex, model, raw, [](const auto&) { return Packing::Kind::panels; });
}

/// Packs every filter for the fastest algorithm that `precision` allows, given the sizes that the feature
/// maps have where the model's input is an image of the extents `input`. A model so prepared takes other
/// sizes too, with the same algorithms.
template <class Model>
void prepare(Cpu& ex, Model& model, Extents input, Precision precision = Precision::exact,
             RawWeights raw = RawWeights::keep) {
  std::unordered_map<const Block*, Packing::Kind> kinds;
  DryRun dry;
  dry.on_convolution([&](const ConvolutionShape& shape, const Block* weight) {
    kinds.emplace(weight, cpu::algorithm_for<float>(shape, precision));
  });
  model(dry, Tensor<float>::declared(input));
  detail::prepare(ex, model, raw, [&](const auto& filter) {
    const auto found = kinds.find(filter.raw().id());
    return found == kinds.end() ? Packing::Kind::panels : found->second;
  });
}

}  // namespace rfpp::inline v0

#endif
