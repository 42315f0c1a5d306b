#ifndef RFPP_RESTORER_VQFR_HPP
#define RFPP_RESTORER_VQFR_HPP

#include <tuple>

#include "rfpp/model/vqfr.hpp"
#include "rfpp/restorer/network_on.hpp"

namespace rfpp {
inline namespace RFPP_ABI {

struct VqfrDoor {
  using Model = Network<Vqfr>;
  static constexpr NetworkInfo info{.name = Vqfr::name,
                                    .resolution = 512,
                                    .fidelity = 0,
                                    .codebook_entries = Vqfr::spec.codebook_entries,
                                    .code_side = 512 / Vqfr::spec.side_multiple()};

  static NetworkOutput run(auto& ex, const Model& model, const Tensor<float>& faces,
                           const NetworkSettings& settings, bool keeps_features) {
    auto output = model(ex, faces, settings.fidelity);
    NetworkOutput result{std::move(output.image), std::move(output.encoded.indices)};
    if (!keeps_features) return result;
    result.features.emplace_back("enc_feat", std::move(output.encoded.latent));
    result.features.emplace_back("logits", std::move(output.encoded.logits));
    return result;
  }
  static Tensor<int> encode(auto& ex, const Model& model, const Tensor<float>& faces) {
    return model.encode(ex, faces).indices;
  }
};

struct VqfrFamily {
  using Doors = std::tuple<VqfrDoor>;
};

}  // namespace RFPP_ABI
}  // namespace rfpp

#endif
