#ifndef RFPP_CUDA_RECORDED_NETWORK_HPP
#define RFPP_CUDA_RECORDED_NETWORK_HPP

#include <algorithm>
#include <cstddef>
#include <functional>
#include <map>
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
      : ex_(device), host_(ex_.device().host_memory()), exact_(model), keep_(keep), prepared_for_(input) {
    if (input.n < 1) throw Error("network on a GPU: expected images, found " + to_string(input));
    upload_parameters(ex_, exact_);
    fast_ = exact_;
    pack(ex_, fast_, precision);
    // What exact products take beside the recorded outputs is there as well: the images may need them.
    ex_.workspace().reserve(ex_.dry_run_bytes([&] {
      std::vector<Part> parts;
      for_each_part(input.n, [&](int first, int n) {
        if (first == 0 || n < images_at_once) parts.push_back(computed(n));
      });
      run(exact_, inputs(std::min(input.n, images_at_once)));
    }));
    for_each_part(input.n, [&](int, int n) { part_of(n); });
  }
  RecordedNetwork(const RecordedNetwork&) = delete;
  RecordedNetwork& operator=(const RecordedNetwork&) = delete;

  /// Of any number of images. Without what only the decoder needs. Throws Error over images of another size,
  /// or with NaN or infinity in them.
  Output operator()(const Tensor<float>& images) { return start(images)(); }
  /// The same in two steps: gives what waits for the result, to be called once while the network is there.
  /// Other batches may be started before that. Whoever does not call it waits all the same, where it is
  /// destroyed: until then the device writes to its memory.
  std::function<Output()> start(const Tensor<float>& images) {
    check(images.extents());
    const auto batch = std::make_shared<Batch>(*this, in_host_memory(images));
    for_each_part(images.extents().n, [&](int first, int n) {
      const Part& part = part_of(n);
      upload(part.input, batch->images, first);
      part.graph->start(ex_.device());
      download(part.output, *batch, first);
      ex_.device().start_download(&batch->failed_at(first), part.failed.data(), sizeof(int));
    });
    batch->mark = ex_.device().mark();
    return [this, batch] { return finish(*batch); };
  }
  /// Host memory that the device reads by itself: images that are written here are not copied by start(), and
  /// stay as they are until the result is there.
  Tensor<float> host_tensor(Extents e) { return host_tensor_of<float>(e); }

  /// The recorded kernels alone, for so many images of the last calls; does not wait for them.
  void replay(int images) {
    for_each_part(images, [&](int, int n) { part_of(n).graph->start(ex_.device()); });
  }
  auto stream() { return ex_.device().stream(); }
  /// Of device memory: weights, images and workspace.
  std::size_t allocated_bytes() { return ex_.workspace().allocated_bytes(); }

  /// For images of any size, with exact products where faster ones are not enough.
  Encoded encode(const Tensor<float>& images) {
    const auto on_device = ex_.upload(images);
    const OnDevice fast = encoded_by(fast_, on_device);
    ex_.check_finite(fast.encoded.latent);
    if (!ex_.search_failed()) return downloaded(fast);
    return downloaded(encoded_by(exact_, on_device));
  }
  Tensor<float> decode_indices(const Tensor<int>& indices) {
    return ex_.download(exact_.decode_indices(ex_, ex_.upload(indices)));
  }

 private:
  /// So many images on the device, and where the recorded kernels leave what they make of them.
  struct Part {
    Tensor<float> input;
    OnDevice output;
    Tensor<int> failed;  // 1 where that is not finite
    std::unique_ptr<Graph> graph;
  };
  /// A batch on its way, in the device's host memory.
  struct Batch {
    RecordedNetwork& network;
    Tensor<float> images;
    OnDevice output{};
    Tensor<int> failed;  // of each part
    typename Ex::Device::Mark mark{};
    bool done = false;

    Batch(RecordedNetwork& of, Tensor<float> from)
        : network(of),
          images(std::move(from)),
          failed(of.template host_tensor_of<int>({1, 1, 1, images.extents().n})) {}
    Batch(const Batch&) = delete;
    Batch& operator=(const Batch&) = delete;
    ~Batch() {
      if (done) return;
      try {
        network.ex_.device().synchronize();
      } catch (...) {  // whoever asks the device for something next is told
      }
    }
    int& failed_at(int first) const { return failed.data()[first / images_at_once]; }
  };

  void check(Extents images) const {
    Extents expected = prepared_for_;
    expected.n = images.n;
    if (images.n < 1 || !(images == expected))
      throw Error("network on a GPU: prepared for " + to_string(prepared_for_) + ", found " +
                  to_string(images));
  }
  /// f(first, number) for every part of so many images.
  static void for_each_part(int images, auto&& f) {
    for (int first = 0; first < images; first += images_at_once)
      f(first, std::min(images_at_once, images - first));
  }
  /// f(member) for every tensor of an output: member(output) is that tensor.
  static void for_each_tensor(auto&& f) {
    f([](auto& o) -> auto& { return o.image; });
    f([](auto& o) -> auto& { return o.encoded.latent; });
    f([](auto& o) -> auto& { return o.encoded.indices; });
    f([](auto& o) -> auto& { return o.encoded.features.in; });
    for (std::size_t i = 0; i < N::spec.levels; ++i)
      f([i](auto& o) -> auto& { return o.encoded.features.level[i]; });
    f([](auto& o) -> auto& { return o.encoded.features.middle; });
    f([](auto& o) -> auto& { return o.encoded.features.out; });
  }

  template <class T> Tensor<T> host_tensor_of(Extents e) { return {Storage(Tensor<T>::bytes(e), *host_), e}; }
  Tensor<float> in_host_memory(const Tensor<float>& images) {
    if (images.id()->home == &*host_) return images;
    const auto copy = host_tensor(images.extents());
    std::ranges::copy(images.elements(), copy.data());
    return copy;
  }

  Tensor<float> inputs(int n) {
    Extents e = prepared_for_;
    e.n = n;
    return ex_.template tensor<float>(e);
  }
  OnDevice run(const Network<N>& model, const Tensor<float>& input) {
    OnDevice output = model(ex_, input, keep_);
    if (keep_ == Keep::decoder_needs) output.encoded.features = {};
    return output;
  }
  /// Of images of zeros.
  Part computed(int n) {
    Part part{inputs(n), {}, ex_.template tensor<int>({}), nullptr};
    ex_.run(part.input, Constant<float>{0, {}});
    part.output = run(fast_, part.input);
    return part;
  }
  /// The part for so many images, recorded when it is first asked for.
  const Part& part_of(int n) {
    const auto found = parts_.find(n);
    if (found != parts_.end()) return found->second;
    Part part = computed(n);  // what the first run allocates and loads may not be recorded
    part.output = {};
    ex_.search_failed();  // of an image of zeros, which nobody has asked for
    part.graph = std::make_unique<Graph>(ex_.device(), [&] {
      part.output = run(fast_, part.input);
      ex_.check_finite(part.output.image);
      ex_.search_failed(part.failed);
    });
    return parts_.emplace(n, std::move(part)).first->second;
  }

  /// To the device, of the batch's images those from `first` on.
  void upload(const Tensor<float>& to, const Tensor<float>& images, int first) {
    const Extents e = to.extents();
    ex_.device().start_upload(to.data(), images.data() + static_cast<std::size_t>(first) * e.image_size(),
                              Tensor<float>::bytes(e));
  }
  /// From the device, the part's results to where the batch has those of all.
  void download(const OnDevice& part, Batch& batch, int first) {
    for_each_tensor([&](auto member) {
      const auto& from = member(part);
      if (!from.has_storage()) return;
      using T = typename std::remove_cvref_t<decltype(from)>::value;
      Extents e = from.extents();
      e.n = batch.images.extents().n;
      auto& to = member(batch.output);
      if (!to.has_storage()) to = host_tensor_of<T>(e);
      ex_.device().start_download(to.data() + static_cast<std::size_t>(first) * e.image_size(), from.data(),
                                  Tensor<T>::bytes(from.extents()));
    });
  }
  /// Parts whose results are not finite are made again. The batches that were started since then are done by
  /// that time, and have been copied: nothing of theirs is on the device.
  Output finish(Batch& batch) {
    ex_.device().wait_for(batch.mark);
    bool repeated = false;
    for_each_part(batch.images.extents().n, [&](int first, int n) {
      if (batch.failed_at(first) == 0) return;
      repeated = true;
      const Tensor<float> input = inputs(n);
      upload(input, batch.images, first);
      download(run(exact_, input), batch, first);
      ex_.check();  // waits for the copies
    });
    batch.done = true;
    return {std::move(batch.output), repeated};
  }

  OnDevice encoded_by(const Network<N>& model, const Tensor<float>& images) {
    OnDevice output{{}, model.encode(ex_, images, keep_)};
    if (keep_ == Keep::decoder_needs) output.encoded.features = {};
    return output;
  }
  Encoded downloaded(OnDevice output) {
    for_each_tensor([&](auto member) {
      if (member(output).has_storage()) member(output) = ex_.download(member(output));
    });
    return std::move(output.encoded);
  }

  Ex ex_;
  WorkspaceHandle host_;
  Network<N> exact_, fast_;
  Keep keep_;
  Extents prepared_for_;
  std::map<int, Part> parts_;  // by their number of images
};

}  // namespace RFPP_ABI
}  // namespace rfpp

#endif
