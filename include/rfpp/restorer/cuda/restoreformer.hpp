#ifndef RFPP_RESTORER_CUDA_RESTOREFORMER_HPP
#define RFPP_RESTORER_CUDA_RESTOREFORMER_HPP

#include <functional>
#include <string>
#include <utility>

#include "rfpp/cuda/network.hpp"
#include "rfpp/restorer/cuda/network_on_cuda.hpp"
#include "rfpp/restorer/restoreformer.hpp"

namespace rfpp {
inline namespace RFPP_ABI {

/// What a precision is on a GPU.
inline CudaPrecision cuda_precision(Precision precision) {
  if (precision == Precision::reference) return {CudaPacking::split_tf32, CudaPacking::split_tf32};
  if (precision == Precision::fast) return {CudaPacking::tf32, CudaPacking::float16};
  return {};
}

/// The RestoreFormer family is recorded, and computes in numbers of its own before and behind the search for
/// entries.
template <class N> class NetworkOn<RestoreFormerDoor<N>, Cuda> final : public FaceNetwork {
  using Door = RestoreFormerDoor<N>;

 public:
  NetworkOn(int device, const NetworkRequest& request)
      : tell_(request.options.on_message), keeps_features_(request.keeps_features), ex_(device) {
    Network<N> model;
    load_raw(model, request.weights);
    if (keeps_features_) {
      codebook_ = model.quantize;
      upload_parameters(ex_, codebook_);
    }
    network_ = std::make_unique<CudaNetwork<N>>(device, model, request.faces,
                                                cuda_precision(request.options.precision),
                                                keeps_features_ ? Keep::all : Keep::decoder_needs);
  }
  NetworkOutput run(const Tensor<float>& faces, const NetworkSettings& settings) override {
    return start(faces, settings)();
  }
  std::function<NetworkOutput()> start(const Tensor<float>& faces, const NetworkSettings&) override {
    return [this, result = network_->start(faces)] { return finished(result()); };
  }
  Tensor<float> tensor(Extents e) override { return network_->host_tensor(e); }
  Tensor<int> encode(const Tensor<float>& faces) override { return network_->encode(faces).indices; }
  Tensor<float> decode(const Tensor<int>& indices) override {
    if constexpr (N::spec.fuses_features())
      throw Error(std::string(N::name) + ": the decoder needs more than indices");
    else
      return network_->decode_indices(indices);
  }
  void on_progress(std::function<bool(double)>) override {}

 private:
  NetworkOutput finished(const typename CudaNetwork<N>::Output& output) {
    if (output.repeated && tell_)
      tell_("a face was beyond the range of 16-bit numbers, and was made again with others");
    NetworkOutput result = Door::named(output, keeps_features_);
    if (keeps_features_) {
      const auto latent = ex_.upload(output.encoded.latent);
      const auto loss = codebook_loss(ex_, latent, codebook_.lookup(ex_.upload(output.encoded.indices)));
      result.features.emplace_back("codebook_loss", ex_.download(loss));
    }
    return result;
  }

  std::function<void(const std::string&)> tell_;
  bool keeps_features_;
  Cuda ex_;
  decltype(Network<N>::quantize) codebook_;
  std::unique_ptr<CudaNetwork<N>> network_;
};

}  // namespace RFPP_ABI
}  // namespace rfpp

#endif
