#ifndef RFPP_CUDA_NETWORK_HPP
#define RFPP_CUDA_NETWORK_HPP

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "rfpp/core/finite.hpp"
#include "rfpp/cuda/mixed_precision.hpp"
#include "rfpp/cuda/precision.hpp"
#include "rfpp/model/network.hpp"

namespace rfpp::inline v0 {

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

/// Rounds the filters of a network whose raw weights are on the device.
template <class N> void pack(MixedPrecisionCuda& ex, Network<N>& model, CudaPrecision precision) {
  Parameters(model).for_each([&](const std::string& name, auto& parameter) {
    const bool encodes = name.starts_with("encoder.") || name.starts_with("quant_conv.");
    if constexpr (std::is_same_v<std::remove_cvref_t<decltype(parameter)>, Filter<float>>)
      ex.pack(parameter, encodes ? precision.encoder : precision.decoder);
  });
}

/// A network on a GPU that takes and gives host tensors. For images of one size its kernels are recorded
/// once, and then neither wait for the host nor allocate. Where a faster decoder's result is not finite, the
/// images are made again with exact products. Not for several threads.
template <class N> class CudaNetwork {
  using OnDevice = typename Network<N>::Output;

 public:
  static constexpr NetworkSpec spec = N::spec;
  /// A larger batch is worked on in parts: they fill a device, and take less memory.
  static constexpr int images_at_once = 4;
  using Encoded = typename Network<N>::Encoded;
  struct Output : OnDevice {
    bool repeated;  ///< whether the precision asked for did not do
  };

  /// For images of `input` extents. `model` has its raw weights in host memory. Throws Error where there is
  /// no such device, or no memory.
  CudaNetwork(int device, const Network<N>& model, Extents input, CudaPrecision precision = {},
              Keep keep = Keep::decoder_needs)
      : ex_(device), exact_(model), keep_(keep) {
    if (input.n < 1) throw Error("network on a GPU: expected images, found " + to_string(input));
    upload_parameters(ex_, exact_);
    fast_ = exact_;
    pack(ex_, fast_, precision);
    for (int done = 0; done < input.n; done += images_at_once) {
      Extents part = input;
      part.n = std::min(images_at_once, input.n - done);
      inputs_.push_back(ex_.upload(Tensor<float>(part)));
    }
    ex_.workspace().reserve(ex_.dry_run_bytes([&] {
      run_all(fast_);
      outputs_.clear();
    }));
    run_all(fast_);
    ex_.synchronise();
    outputs_.clear();
    graph_ = std::make_unique<cuda::Graph>(stream(), [&] { run_all(fast_); });
  }

  /// Without what only the decoder needs. Throws Error over images of other extents, or with NaN or infinity
  /// in them.
  Output operator()(const Tensor<float>& images) {
    check(images.extents());
    const float* from = images.data();
    for (const Tensor<float>& input : inputs_) {
      ex_.device().upload(input.data(), from, Tensor<float>::bytes(input.extents()));
      from += input.extents().size();
    }
    start();
    if (!ex_.search_failed()) {
      Output output{downloaded(outputs_), false};
      const auto finite = [](float v) { return is_finite(v); };
      if (std::ranges::all_of(output.image.elements(), finite)) return output;
    }
    const auto recorded = std::exchange(outputs_, {});
    run_all(exact_);
    Output output{downloaded(outputs_), true};
    outputs_ = recorded;
    return output;
  }
  /// The recorded kernels alone, for the images of the last call; does not wait for them.
  void start() { graph_->start(stream()); }
  cudaStream_t stream() { return ex_.device().stream(); }
  /// Of device memory: weights, images and workspace.
  std::size_t allocated_bytes() { return ex_.workspace().allocated_bytes(); }

  /// For images of any size.
  Encoded encode(const Tensor<float>& images) {
    OnDevice output{{}, fast_.encode(ex_, ex_.upload(images), keep_)};
    if (keep_ == Keep::decoder_needs) output.encoded.features = {};
    return downloaded({std::move(output)}).encoded;
  }
  Tensor<float> decode_indices(const Tensor<int>& indices) {
    return ex_.download(exact_.decode_indices(ex_, ex_.upload(indices)));
  }

 private:
  void check(Extents images) const {
    Extents expected = inputs_.front().extents();
    expected.n = 0;
    for (const Tensor<float>& input : inputs_) expected.n += input.extents().n;
    if (!(images == expected))
      throw Error("network on a GPU: prepared for " + to_string(expected) + ", found " + to_string(images));
  }
  void run_all(const Network<N>& model) {
    for (const Tensor<float>& input : inputs_) {
      outputs_.push_back(model(ex_, input, keep_));
      if (keep_ == Keep::decoder_needs) outputs_.back().encoded.features = {};
    }
  }
  OnDevice downloaded(const std::vector<OnDevice>& parts) {
    OnDevice host;
    const auto join = [&](auto&& member) { member(host) = joined(parts, member); };
    join([](auto& o) -> auto& { return o.image; });
    join([](auto& o) -> auto& { return o.encoded.latent; });
    join([](auto& o) -> auto& { return o.encoded.indices; });
    join([](auto& o) -> auto& { return o.encoded.features.in; });
    for (std::size_t i = 0; i < N::spec.levels; ++i)
      join([i](auto& o) -> auto& { return o.encoded.features.level[i]; });
    join([](auto& o) -> auto& { return o.encoded.features.middle; });
    join([](auto& o) -> auto& { return o.encoded.features.out; });
    return host;
  }
  /// The parts' tensors as one in host memory.
  auto joined(const std::vector<OnDevice>& parts, const auto& member) {
    auto host = member(parts.front());
    if (!host.has_storage()) return host;
    Extents e = host.extents();
    e.n = 0;
    for (const OnDevice& part : parts) e.n += member(part).extents().n;
    host = decltype(host)::uninitialised(e);
    auto* to = host.data();
    for (const OnDevice& part : parts) {
      const auto t = ex_.download(member(part));
      to = std::ranges::copy(t.elements(), to).out;
    }
    return host;
  }

  MixedPrecisionCuda ex_;
  Network<N> exact_, fast_;
  Keep keep_;
  std::vector<Tensor<float>> inputs_;
  std::vector<OnDevice> outputs_;  // where the recorded kernels leave them
  std::unique_ptr<cuda::Graph> graph_;
};

}  // namespace rfpp::inline v0

#endif
