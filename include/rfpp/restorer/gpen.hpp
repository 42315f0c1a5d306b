#ifndef RFPP_RESTORER_GPEN_HPP
#define RFPP_RESTORER_GPEN_HPP

#include <tuple>

#include "rfpp/model/gpen.hpp"
#include "rfpp/restorer/face_network.hpp"

namespace rfpp {
inline namespace RFPP_ABI {

struct GpenDoor {
  using Model = Network<Gpen>;
  static constexpr NetworkInfo info{
      .name = Gpen::name,
      .resolution = Gpen::spec.resolution,
      .license = "its authors publish these weights without a license: ask them before you use them",
      .alignment = {{{202.04068, 242.88396},
                     {309.43025, 242.28998},
                     {256.07680, 303.95917},
                     {211.95977, 366.82819},
                     {300.89112, 366.33631}}},
      .parsed_mask = {.sigma = 4, .margin = 26, .blurs_margin = true, .has_neck = true},
      .smoothed_below = 100};

  static NetworkOutput run(auto& ex, const Model& model, const Tensor<float>& faces, const NetworkSettings&,
                           bool) {
    return {model(ex, faces).image};
  }
};

struct GpenFamily {
  using Doors = std::tuple<GpenDoor>;
};

}  // namespace RFPP_ABI
}  // namespace rfpp

#endif
