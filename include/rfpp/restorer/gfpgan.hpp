#ifndef RFPP_RESTORER_GFPGAN_HPP
#define RFPP_RESTORER_GFPGAN_HPP

#include <tuple>

#include "rfpp/model/gfpgan.hpp"
#include "rfpp/restorer/face_network.hpp"

namespace rfpp {
inline namespace RFPP_ABI {

struct GfpganDoor {
  using Model = Network<Gfpgan>;
  static constexpr NetworkInfo info{
      .name = Gfpgan::name,
      .resolution = Gfpgan::spec.resolution,
      .has_noise = true,
      .refused = "conv_body_first.0.weight",
      .refusal =
          "GFPGAN version 1, which is another network; expected version 1.2, 1.3 or 1.4, such as "
          "GFPGANv1.4.pth"};

  static NetworkOutput run(auto& ex, const Model& model, const Tensor<float>& faces,
                           const NetworkSettings& settings, bool) {
    return {model(ex, faces, {StyleNoise::Kind::seeded, settings.seed}).image};
  }
};

struct GfpganFamily {
  using Doors = std::tuple<GfpganDoor>;
};

}  // namespace RFPP_ABI
}  // namespace rfpp

#endif
