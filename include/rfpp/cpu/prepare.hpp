#ifndef RFPP_CPU_PREPARE_HPP
#define RFPP_CPU_PREPARE_HPP

#include "rfpp/core/fields.hpp"
#include "rfpp/cpu/cpu.hpp"

namespace rfpp::inline v0 {

enum class RawWeights { keep, drop };

/// Packs every filter of a model for the executor, before the model is shared between threads. A model that
/// is not prepared gives the same bits, packing each filter each time. Dropping the raw weights halves the
/// model's memory; it can then neither be saved nor trained.
template <class Model> void prepare(Cpu& ex, Model& model, RawWeights raw = RawWeights::keep) {
  walk(
      [&](const std::string&, auto& parameter) {
        if constexpr (is_filter<std::remove_cvref_t<decltype(parameter)>>) {
          ex.pack(parameter);
          if (raw == RawWeights::drop) parameter.drop_raw();
        }
      },
      model);
}

}  // namespace rfpp::inline v0

#endif
