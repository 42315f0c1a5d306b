#ifndef RFPP_CUDA_RECORDED_NETWORK_HPP
#define RFPP_CUDA_RECORDED_NETWORK_HPP

#include <algorithm>
#include <cstddef>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "rfpp/cuda/precision.hpp"
#include "rfpp/expr/transfer.hpp"
#include "rfpp/model/network.hpp"

namespace rfpp {
inline namespace RFPP_ABI {

/// Rounds the filters of a network whose raw weights are on the device.
template <class Ex, class N> void pack(Ex& ex, Network<N>& model, CudaPrecision precision) {
  Parameters(model).for_each([&](const std::string& name, auto& parameter) {
    const bool encodes = name.starts_with("encoder.") || name.starts_with("quant_conv.");
    if constexpr (std::is_same_v<std::remove_cvref_t<decltype(parameter)>, Filter<float>>)
      ex.pack(parameter, encodes ? precision.encoder : precision.decoder);
  });
}

/// A network on a GPU that takes and gives host tensors. For images of one size its kernels are recorded
/// once, and then neither wait for the host nor allocate. Where a faster decoder's result is not finite, the
/// images are made again with exact products. Not for several threads.
///
/// `Ex` is the executor, a MixedPrecision.
template <class N, class Ex> class RecordedNetwork {
  using OnDevice = typename Network<N>::Output;
  using Graph = typename Ex::Device::Graph;

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
  RecordedNetwork(int device, const Network<N>& model, Extents input, CudaPrecision precision = {},
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
    // What exact products take beside the recorded outputs is there as well: the images may need them.
    ex_.workspace().reserve(ex_.dry_run_bytes([&] {
      const auto recorded = run_all(fast_);
      run_all(exact_);
    }));
    run_all(fast_);
    ex_.device().synchronise();
    ex_.search_failed();  // of an image of zeros, which nobody has asked for
    graph_ = std::make_unique<Graph>(ex_.device(), [&] {
      outputs_ = run_all(fast_);
      for (const OnDevice& output : outputs_) ex_.check_finite(output.image);
    });
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
    if (!ex_.search_failed()) return {downloaded(outputs_), false};
    return {downloaded(run_all(exact_)), true};
  }
  /// The recorded kernels alone, for the images of the last call; does not wait for them.
  void start() { graph_->start(ex_.device()); }
  auto stream() { return ex_.device().stream(); }
  /// Of device memory: weights, images and workspace.
  std::size_t allocated_bytes() { return ex_.workspace().allocated_bytes(); }

  /// For images of any size, with exact products where faster ones are not enough.
  Encoded encode(const Tensor<float>& images) {
    const auto on_device = ex_.upload(images);
    const auto fast = encoded_by(fast_, on_device);
    ex_.check_finite(fast.front().encoded.latent);
    if (!ex_.search_failed()) return downloaded(fast).encoded;
    return downloaded(encoded_by(exact_, on_device)).encoded;
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
  /// The results for all parts, in vectors of their own: an error on the way leaves the recorded ones alone.
  std::vector<OnDevice> run_all(const Network<N>& model) {
    std::vector<OnDevice> outputs;
    for (const Tensor<float>& input : inputs_) {
      outputs.push_back(model(ex_, input, keep_));
      if (keep_ == Keep::decoder_needs) outputs.back().encoded.features = {};
    }
    return outputs;
  }
  std::vector<OnDevice> encoded_by(const Network<N>& model, const Tensor<float>& images) {
    OnDevice output{{}, model.encode(ex_, images, keep_)};
    if (keep_ == Keep::decoder_needs) output.encoded.features = {};
    return {std::move(output)};
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

  Ex ex_;
  Network<N> exact_, fast_;
  Keep keep_;
  std::vector<Tensor<float>> inputs_;
  std::vector<OnDevice> outputs_;  // where the recorded kernels leave them
  std::unique_ptr<Graph> graph_;
};

}  // namespace RFPP_ABI
}  // namespace rfpp

#endif
