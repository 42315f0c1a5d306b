#ifndef RFPP_CUDA_NETWORK_HPP
#define RFPP_CUDA_NETWORK_HPP

#include <algorithm>
#include <cmath>
#include <memory>
#include <string>

#include "rfpp/cuda/cuda.hpp"
#include "rfpp/model/network.hpp"

namespace rfpp::inline v0 {

/// What the products of a network's convolutions are rounded to on a GPU: those before the search for
/// codebook entries, and those after it. One wrong index changes a patch of the face, so the first part is
/// exact by default.
struct CudaPrecision {
  Packing::Kind encoder = Packing::Kind::split_tf32, decoder = Packing::Kind::float16;
};

/// Says by every filter's packing what its products are rounded to.
template <class N> void set_precision(Network<N>& model, CudaPrecision precision) {
  Parameters(model).for_each([&](const std::string& name, auto& parameter) {
    const bool encodes = name.starts_with("encoder.") || name.starts_with("quant_conv.");
    if constexpr (is_filter<std::remove_cvref_t<decltype(parameter)>>)
      parameter.set_packed({encodes ? precision.encoder : precision.decoder, 0}, parameter.raw());
  });
}

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

/// A network on a GPU that takes and gives host tensors of one size: its kernels are recorded once, and then
/// neither wait for the host nor allocate. Where a faster decoder's result is not finite, the image is made
/// again with exact products. Not for several threads.
template <class N> class CudaNetwork {
 public:
  static constexpr NetworkSpec spec = N::spec;
  struct Output {
    Tensor<float> image;
    Tensor<int> indices;
    bool repeated;  // whether the decoder's precision did not do
  };

  /// `model` has its raw weights in host memory. Throws Error where there is no such device, or no memory.
  CudaNetwork(int device, const Network<N>& model, Extents input, CudaPrecision precision = {})
      : ex_(device), exact_(model), input_(ex_.tensor<float>(input)) {
    upload_parameters(ex_, exact_);
    set_precision(exact_, {Packing::Kind::split_tf32, Packing::Kind::split_tf32});
    fast_ = exact_;
    set_precision(fast_, precision);
    ex_.run(input_, Constant<float>{0, input});
    recorded_ = fast_(ex_, input_);  // after which the workspace is large enough
    ex_.synchronise();
    recorded_ = {};
    graph_ = std::make_unique<cuda::Graph>(ex_.device().stream(), [&] { recorded_ = fast_(ex_, input_); });
  }

  Cuda& executor() { return ex_; }

  /// Throws Error over an input of other extents, or with NaN or infinity in it.
  Output operator()(Cuda&, const Tensor<float>& face) {
    if (!(face.extents() == input_.extents()))
      throw Error("network on a GPU: prepared for " + to_string(input_.extents()) + ", found " +
                  to_string(face.extents()));
    ex_.device().upload(input_.data(), face.data(), Tensor<float>::bytes(face.extents()));
    graph_->start(ex_.device().stream());
    const Output output = downloaded(recorded_, false);
    const auto finite = [](float v) { return std::isfinite(v); };
    return std::ranges::all_of(output.image.elements(), finite) ? output
                                                                : downloaded(exact_(ex_, input_), true);
  }

 private:
  using OnDevice = typename Network<N>::Output;
  Output downloaded(const OnDevice& output, bool repeated) {
    const auto& indices = output.encoded.indices;
    return {ex_.download(output.image), indices.has_storage() ? ex_.download(indices) : indices, repeated};
  }

  Cuda ex_;
  Network<N> exact_, fast_;
  Tensor<float> input_;
  OnDevice recorded_;
  std::unique_ptr<cuda::Graph> graph_;
};

}  // namespace rfpp::inline v0

#endif
