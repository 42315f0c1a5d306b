#ifndef RFPP_RESTORER_GFPGAN_HPP
#define RFPP_RESTORER_GFPGAN_HPP

#include <tuple>

#include "rfpp/model/gfpgan.hpp"
#include "rfpp/restorer/face_network.hpp"

namespace rfpp::inline v0 {

struct GfpganDoor {
  using Model = Network<Gfpgan>;
  static constexpr NetworkInfo info{
      .name = Gfpgan::name, .resolution = Gfpgan::spec.resolution, .has_noise = true};

  static NetworkOutput run(auto& ex, const Model& model, const Tensor<float>& faces,
                           const NetworkSettings& settings, bool) {
    return {model(ex, faces, {StyleNoise::Kind::seeded, settings.seed}).image};
  }
};

struct GfpganFamily {
  using Doors = std::tuple<GfpganDoor>;
};

}  // namespace rfpp::inline v0

#endif
