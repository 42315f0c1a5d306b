#ifndef RFPP_RESTORER_NETWORK_ON_HPP
#define RFPP_RESTORER_NETWORK_ON_HPP

#include <memory>
#include <string>

#include "rfpp/io/parameters.hpp"
#include "rfpp/model/hashed.hpp"
#include "rfpp/restorer/device.hpp"
#include "rfpp/restorer/face_network.hpp"

// From a network's own types to FaceNetwork. A network is described by a type, its Door:
//
//   struct CodeFormerDoor {
//     using Model = Network<CodeFormer>;
//     static constexpr NetworkInfo info{.name = "codeformer", .resolution = 512, .fidelity = 0.5};
//     static NetworkOutput run(auto& ex, const Model& model, const Tensor<float>& faces,
//                              const NetworkSettings& settings, bool keeps_features);
//     // where there is a dictionary:
//     static Tensor<int> encode(auto& ex, const Model& model, const Tensor<float>& faces);
//     static Tensor<float> decode(auto& ex, const Model& model, const Tensor<int>& indices);
//   };
//
//   struct CodeFormerFamily {
//     using Doors = std::tuple<CodeFormerDoor>;
//   };
//
// Its functions give tensors of the executor's memory; `run` also runs on a DryRun, which computes nothing.

namespace rfpp {
inline namespace RFPP_ABI {

template <class Door, class Ex> class NetworkOn;
/// How a network comes to a device (see on_device).
template <class Door> struct NetworkService {
  using Interface = FaceNetwork;
  template <class Ex> using On = NetworkOn<Door, Ex>;
};

/// Raw weights from a file, or the deterministic ones where there is none.
template <class Model> void load_raw(Model& model, const Weights& weights) {
  if (weights.empty())
    fill_hashed(model);
  else
    io::load_parameters(model, weights.open(), weights.file.string());
}

/// encode() and decode() of a Door, which throw Error where it has none.
template <class Door>
Tensor<int> encode_with(auto& ex, const typename Door::Model& model, const Tensor<float>& faces) {
  if constexpr (requires { Door::encode(ex, model, faces); })
    return Door::encode(ex, model, faces);
  else
    throw Error(std::string(Door::info.name) + ": has no dictionary, so a face has no indices");
}
template <class Door>
Tensor<float> decode_with(auto& ex, const typename Door::Model& model, const Tensor<int>& indices) {
  if constexpr (requires { Door::decode(ex, model, indices); })
    return Door::decode(ex, model, indices);
  else
    throw Error(std::string(Door::info.name) + ": the decoder needs more than indices");
}

}  // namespace RFPP_ABI
}  // namespace rfpp

#endif
