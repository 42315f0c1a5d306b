#ifndef RFPP_BENCH_READY_HPP
#define RFPP_BENCH_READY_HPP

#include <string>

#include "rfpp/model/hashed.hpp"
#include "rfpp/cpu/load_prepared.hpp"
#include "rfpp/model/network.hpp"

/// Makes a network ready for inputs of `input` extents: weights from a file, or the deterministic ones where
/// there is none; packed, and with its whole workspace reserved.
template <class Model>
void make_ready(rfpp::Cpu& ex, Model& model, const std::string& weights, rfpp::Extents input,
                rfpp::PackingPolicy policy) {
  if (weights.empty()) {
    fill_hashed(model);
    prepare(ex, model, input, policy, rfpp::RawWeights::drop);
  } else {
    rfpp::load_prepared(ex, model, weights, input, policy);
  }
  rfpp::DryRun dry(ex.threads());
  model(dry, rfpp::Tensor<float>::declared(input));
  ex.workspace().reserve(dry.peak_bytes());
}

#endif
