#ifndef RFPP_RESTORER_CUDA_NETWORK_ON_CUDA_HPP
#define RFPP_RESTORER_CUDA_NETWORK_ON_CUDA_HPP

#include <array>
#include <functional>
#include <memory>
#include <tuple>
#include <utility>

#include "rfpp/expr/transfer.hpp"
#include "rfpp/restorer/cuda/on_cuda.hpp"
#include "rfpp/restorer/network_on.hpp"

namespace rfpp {
inline namespace RFPP_ABI {

/// On a GPU, with products as exact as float.
template <class Door> class NetworkOn<Door, Cuda> final : public FaceNetwork {
 public:
  NetworkOn(int device, const NetworkRequest& request)
      : ex_(device), keeps_features_(request.keeps_features) {
    load_raw(model_, request.weights);
    upload_parameters(ex_, model_);
  }
  NetworkOutput run(const Tensor<float>& faces, const NetworkSettings& settings) override {
    NetworkOutput output = Door::run(ex_, model_, ex_.upload(faces), settings, keeps_features_);
    output.image = ex_.download(output.image);
    if (output.indices.has_storage()) output.indices = ex_.download(output.indices);
    for (auto& [name, tensor] : output.features) tensor = ex_.download(tensor);
    return output;
  }
  Tensor<int> encode(const Tensor<float>& faces) override {
    return ex_.download(encode_with<Door>(ex_, model_, ex_.upload(faces)));
  }
  Tensor<float> decode(const Tensor<int>& indices) override {
    return ex_.download(decode_with<Door>(ex_, model_, ex_.upload(indices)));
  }
  void on_progress(std::function<bool(double)>) override {}

 private:
  Cuda ex_;
  typename Door::Model model_;
  bool keeps_features_;
};

/// To be explicitly instantiated in a .cu file for each family: instantiates on_cuda for its networks.
template <class Family> auto networks_on_cuda() {
  return std::apply(
      [](auto... doors) { return std::array{&on_cuda<NetworkService<decltype(doors)>, NetworkRequest>...}; },
      typename Family::Doors{});
}

}  // namespace RFPP_ABI
}  // namespace rfpp

#endif
