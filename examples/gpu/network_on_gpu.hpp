#ifndef RFPP_EXAMPLES_NETWORK_ON_GPU_HPP
#define RFPP_EXAMPLES_NETWORK_ON_GPU_HPP

#include <memory>
#include <utility>

#include "gpu.hpp"
#include "rfpp/cuda/network.hpp"

template <class N> GpuNetwork network_on_gpu(int device, const rfpp::Network<N>& model, rfpp::Extents input) {
  auto network = std::make_shared<rfpp::CudaNetwork<N>>(device, model, input);
  return [network](const rfpp::Tensor<float>& face) {
    auto output = (*network)(network->executor(), face);
    return GpuOutput{std::move(output.image), std::move(output.indices), output.repeated};
  };
}

#endif
