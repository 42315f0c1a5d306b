#ifndef RFPP_CUDA_NETWORK_HPP
#define RFPP_CUDA_NETWORK_HPP

#include "rfpp/cuda/cuda.hpp"
#include "rfpp/cuda/mixed_precision.hpp"
#include "rfpp/cuda/recorded_network.hpp"

namespace rfpp::inline v0 {

using MixedPrecisionCuda = MixedPrecision<cuda::CudaStream>;

/// A network on a GPU, recorded as a CUDA graph.
template <class N> using CudaNetwork = RecordedNetwork<N, MixedPrecisionCuda>;

}  // namespace rfpp::inline v0

#endif
