#ifndef RFPP_CUDA_NETWORK_HPP
#define RFPP_CUDA_NETWORK_HPP

#include "rfpp/cuda/mixed_precision.hpp"
#include "rfpp/cuda/recorded_network.hpp"

namespace rfpp {
inline namespace RFPP_ABI {

namespace cuda {
/// Kernels recorded once, to be started together.
class Graph {
 public:
  /// Records what f() asks for on the stream. f may not allocate: it has run before.
  template <class F> Graph(cudaStream_t stream, F&& f) {
    check(cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal), "recording a graph");
    cudaGraph_t graph = nullptr;
    try {
      f();
    } catch (...) {
      cudaStreamEndCapture(stream, &graph);
      if (graph != nullptr) cudaGraphDestroy(graph);
      throw;
    }
    check(cudaStreamEndCapture(stream, &graph), "recording a graph");
    const cudaError_t status = cudaGraphInstantiate(&executable_, graph, 0);
    cudaGraphDestroy(graph);
    check(status, "making a graph");
  }
  Graph(const Graph&) = delete;
  Graph& operator=(const Graph&) = delete;
  ~Graph() { cudaGraphExecDestroy(executable_); }

  void start(cudaStream_t stream) const { check(cudaGraphLaunch(executable_, stream), "starting a graph"); }

 private:
  cudaGraphExec_t executable_ = nullptr;
};
}  // namespace cuda

/// A network on a GPU, recorded as a CUDA graph.
template <class N> using CudaNetwork = RecordedNetwork<N, MixedPrecisionCuda, cuda::Graph>;

}  // namespace RFPP_ABI
}  // namespace rfpp

#endif
