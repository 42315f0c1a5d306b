#ifndef RFPP_EXAMPLES_GPU_DEGRADER_HPP
#define RFPP_EXAMPLES_GPU_DEGRADER_HPP

#include <memory>

#include "gpu.hpp"
#include "rfpp/degrade/degradation.hpp"

/// Degrades images on a device. Tensors are in host memory.
class GpuDegrader {
 public:
  virtual ~GpuDegrader() = default;
  virtual rfpp::degrade::DegradedPair degrade(const rfpp::degrade::Degradation& degradation,
                                              const rfpp::Tensor<float>& image) = 0;
};
std::unique_ptr<GpuDegrader> degrader_on_gpu(int device);
#if !defined(RFPP_CUDA)
inline std::unique_ptr<GpuDegrader> degrader_on_gpu(int) { refuse_gpu(); }
#endif

#endif
