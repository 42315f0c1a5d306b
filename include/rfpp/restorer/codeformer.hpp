#ifndef RFPP_RESTORER_CODEFORMER_HPP
#define RFPP_RESTORER_CODEFORMER_HPP

#include <tuple>

#include "rfpp/model/codeformer.hpp"
#include "rfpp/restorer/network_on.hpp"

namespace rfpp {
inline namespace RFPP_ABI {

struct CodeFormerDoor {
  using Model = Network<CodeFormer>;
  static constexpr NetworkInfo info{
      .name = CodeFormer::name,
      .resolution = CodeFormer::spec.resolution,
      .license = "CodeFormer's published weights may not be used commercially (S-Lab License 1.0)",
      .fidelity = CodeFormerOptions{}.fidelity,
      .codebook_entries = CodeFormer::spec.codebook_entries,
      .code_side = CodeFormer::spec.side(CodeFormer::spec.levels - 1)};

  static NetworkOutput run(auto& ex, const Model& model, const Tensor<float>& faces,
                           const NetworkSettings& settings, bool keeps_features) {
    auto output = model(ex, faces, {.fidelity = settings.fidelity});
    NetworkOutput result{std::move(output.image), std::move(output.encoded.indices)};
    if (!keeps_features) return result;
    result.features.emplace_back("lq_feat", std::move(output.encoded.latent));
    result.features.emplace_back("logits", std::move(output.encoded.logits));
    return result;
  }
  static Tensor<int> encode(auto& ex, const Model& model, const Tensor<float>& faces) {
    return model.encode(ex, faces, {.fidelity = 0}).indices;
  }
};

struct CodeFormerFamily {
  using Doors = std::tuple<CodeFormerDoor>;
};

}  // namespace RFPP_ABI
}  // namespace rfpp

#endif
