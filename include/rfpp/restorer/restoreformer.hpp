#ifndef RFPP_RESTORER_RESTOREFORMER_HPP
#define RFPP_RESTORER_RESTOREFORMER_HPP

#include <string>
#include <tuple>

#include "rfpp/model/network.hpp"
#include "rfpp/restorer/network_on.hpp"

namespace rfpp {
inline namespace RFPP_ABI {

/// A network of the RestoreFormer family, described by N.
template <class N> struct RestoreFormerDoor {
  using Model = Network<N>;
  static constexpr NetworkInfo info{.name = N::name,
                                    .resolution = N::spec.resolution,
                                    .codebook_entries = N::spec.codebook_entries,
                                    .code_side = N::spec.resolution / N::spec.side_multiple(),
                                    .codes_suffice = !N::spec.fuses_features()};

  static NetworkOutput run(auto& ex, const Model& model, const Tensor<float>& faces, const NetworkSettings&,
                           bool keeps_features) {
    auto output = model(ex, faces, keeps_features ? Keep::all : Keep::decoder_needs);
    NetworkOutput result = named(output, keeps_features);
    if (keeps_features)
      result.features.emplace_back(
          "codebook_loss",
          codebook_loss(ex, output.encoded.latent, model.quantize.lookup(output.encoded.indices)));
    return result;
  }
  static Tensor<int> encode(auto& ex, const Model& model, const Tensor<float>& faces) {
    return model.encode(ex, faces).indices;
  }
  static Tensor<float> decode(auto& ex, const Model& model,
                              const Tensor<int>& indices) requires(!N::spec.fuses_features()) {
    return model.decode_indices(ex, indices);
  }

  /// The features under the names that the published code gives them.
  static NetworkOutput named(const typename Model::Output& output, bool keeps_features) {
    const auto& [features, latent, indices] = output.encoded;
    NetworkOutput result{output.image, indices};
    if (!keeps_features) return result;
    constexpr int last = N::spec.levels - 1;
    result.features.emplace_back("latent", latent);
    result.features.emplace_back("hs.in", features.in);
    for (int i = 0; i <= last; ++i)
      result.features.emplace_back("hs.block_" + std::to_string(i) + (i == last ? "_atten" : ""),
                                   features.level[static_cast<std::size_t>(i)]);
    result.features.emplace_back("hs.mid_atten", features.middle);
    result.features.emplace_back("hs.out", features.out);
    return result;
  }
};

struct RestoreFormerFamily {
  using Doors = std::tuple<RestoreFormerDoor<RestoreFormerPlusPlus>, RestoreFormerDoor<RestoreFormer>,
                           RestoreFormerDoor<Rohqd>, RestoreFormerDoor<RestoreFormerPlusPlusMedium>,
                           RestoreFormerDoor<RohqdMedium>>;
};

}  // namespace RFPP_ABI
}  // namespace rfpp

#endif
