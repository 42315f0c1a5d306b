#ifndef RFPP_EXAMPLES_GPU_RECORDED_NETWORK_HPP
#define RFPP_EXAMPLES_GPU_RECORDED_NETWORK_HPP

#include <string>
#include <utility>

#include "network.hpp"
#include "rfpp/cuda/network.hpp"

template <class N> class RecordedNetwork final : public GpuNetwork<N> {
 public:
  using typename GpuNetwork<N>::Output;

  explicit RecordedNetwork(auto&&... arguments) : network_(arguments...) {}
  Output run(const rfpp::Tensor<float>& image) override {
    auto output = network_(image);
    return {{std::move(output.image), std::move(output.encoded)}, output.repeated};
  }
  typename rfpp::Network<N>::Encoded encode(const rfpp::Tensor<float>& image) override {
    return network_.encode(image);
  }
  rfpp::Tensor<float> decode_indices(const rfpp::Tensor<int>& indices) override {
    if constexpr (N::spec.fuses_features())
      throw rfpp::Error(std::string(N::name) + ": the decoder needs more than indices");
    else
      return network_.decode_indices(indices);
  }

 private:
  rfpp::CudaNetwork<N> network_;
};

template <class N>
std::unique_ptr<GpuNetwork<N>> network_on_gpu(int device, const rfpp::Network<N>& model, rfpp::Extents input,
                                              rfpp::CudaPrecision precision, rfpp::Keep keep) {
  return std::make_unique<RecordedNetwork<N>>(device, model, input, precision, keep);
}

#endif
