#ifndef RFPP_EXAMPLES_GPU_HPP
#define RFPP_EXAMPLES_GPU_HPP

#include <functional>
#include <string>

#include "rfpp/model/network.hpp"

// Networks on a GPU, behind a function: nvcc compiles them apart from what runs on the processor.

/// What a GPU makes of a face; `repeated`, whether the decoder's faster numbers did not do for it.
struct GpuOutput {
  rfpp::Tensor<float> image;
  rfpp::Tensor<int> indices;
  bool repeated;
};
using GpuNetwork = std::function<GpuOutput(const rfpp::Tensor<float>& face)>;

/// A network with its weights in host memory, moved to a device and recorded for faces of `input` extents.
/// Throws Error where there is no such device.
template <class N> GpuNetwork network_on_gpu(int device, const rfpp::Network<N>& model, rfpp::Extents input);
#if !defined(RFPP_CUDA)
[[noreturn]] inline void throw_without_cuda() {
  throw rfpp::Error("--device cuda: this program was built without CUDA; configure it with -DRFPP_CUDA=ON");
}
template <class N> GpuNetwork network_on_gpu(int, const rfpp::Network<N>&, rfpp::Extents) {
  throw_without_cuda();
}
#endif

/// The number of a device "cuda" or "cuda:n"; -1 for "cpu". Throws Error over anything else.
inline int gpu_index(const std::string& device) {
  if (device == "cpu") return -1;
  int index = 0;
  const bool numbered = device.starts_with("cuda:") && device.size() > 5 && device.size() < 8 &&
                        device.find_first_not_of("0123456789", 5) == std::string::npos;
  if (numbered)
    index = std::stoi(device.substr(5));
  else if (device != "cuda")
    throw rfpp::Error("--device: expected cpu, cuda or cuda:N, found '" + device + "'");
  return index;
}

#endif
