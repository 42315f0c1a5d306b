#ifndef RFPP_TESTS_CUDA_GPU_NETWORK_HPP
#define RFPP_TESTS_CUDA_GPU_NETWORK_HPP

#include <memory>

#include "rfpp/cuda/precision.hpp"
#include "rfpp/model/network.hpp"

/// A network on a GPU, as CudaNetwork. Tensors are in host memory.
template <class N> class GpuNetwork {
 public:
  struct Output : rfpp::Network<N>::Output {
    bool repeated;  ///< whether the precision asked for did not do
  };
  virtual ~GpuNetwork() = default;
  virtual Output run(const rfpp::Tensor<float>& image) = 0;
  virtual typename rfpp::Network<N>::Encoded encode(const rfpp::Tensor<float>& image) = 0;
  virtual rfpp::Tensor<float> decode_indices(const rfpp::Tensor<int>& indices) = 0;
};

/// A network with its weights in host memory, moved to a device and recorded for images of `input` extents.
/// Throws Error where there is no such device.
template <class N>
std::unique_ptr<GpuNetwork<N>> network_on_gpu(int device, const rfpp::Network<N>& model, rfpp::Extents input,
                                              rfpp::CudaPrecision precision, rfpp::Keep keep);

#endif
