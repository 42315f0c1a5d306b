#ifndef RFPP_CUDA_NETWORK_HPP
#define RFPP_CUDA_NETWORK_HPP

#include "rfpp/cuda/cuda.hpp"
#include "rfpp/cuda/mixed_precision.hpp"
#include "rfpp/cuda/recorded_network.hpp"

namespace rfpp {
inline namespace RFPP_ABI {

using MixedPrecisionCuda = MixedPrecision<cuda::CudaStream>;

/// A network on a GPU, recorded as a CUDA graph.
template <class N> using CudaNetwork = RecordedNetwork<N, MixedPrecisionCuda>;

}  // namespace RFPP_ABI
}  // namespace rfpp

#endif
