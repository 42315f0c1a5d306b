#ifndef RFPP_CUDA_CUDA_HPP
#define RFPP_CUDA_CUDA_HPP

#include "rfpp/cuda/tensor_core_executor.hpp"
#include "rfpp/cuda/tensor_cores.hpp"

namespace rfpp {
inline namespace RFPP_ABI {

/// The executor for an NVIDIA GPU.
using Cuda = TensorCoreExecutor<cuda::CudaStream>;

}  // namespace RFPP_ABI
}  // namespace rfpp

#endif
