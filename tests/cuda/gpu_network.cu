#include <string>
#include <utility>

#include "cuda/gpu_network.hpp"
#include "rfpp/cuda/network.hpp"

using namespace rfpp;

namespace {

template <class N> class NetworkOfTests final : public GpuNetwork<N> {
 public:
  using typename GpuNetwork<N>::Output;

  explicit NetworkOfTests(auto&&... arguments) : network_(arguments...) {}
  Output run(const Tensor<float>& image) override {
    auto output = network_(image);
    return {{std::move(output.image), std::move(output.encoded)}, output.repeated};
  }
  typename Network<N>::Encoded encode(const Tensor<float>& image) override { return network_.encode(image); }
  Tensor<float> decode_indices(const Tensor<int>& indices) override {
    if constexpr (N::spec.fuses_features())
      throw Error(std::string(N::name) + ": the decoder needs more than indices");
    else
      return network_.decode_indices(indices);
  }

 private:
  CudaNetwork<N> network_;
};

}  // namespace

template <class N>
std::unique_ptr<GpuNetwork<N>> network_on_gpu(int device, const Network<N>& model, Extents input,
                                              CudaPrecision precision, Keep keep) {
  return std::make_unique<NetworkOfTests<N>>(device, model, input, precision, keep);
}

template std::unique_ptr<GpuNetwork<RestoreFormerPlusPlus>> network_on_gpu(
    int, const Network<RestoreFormerPlusPlus>&, Extents, CudaPrecision, Keep);
template std::unique_ptr<GpuNetwork<RestoreFormer>> network_on_gpu(int, const Network<RestoreFormer>&,
                                                                   Extents, CudaPrecision, Keep);
template std::unique_ptr<GpuNetwork<Rohqd>> network_on_gpu(int, const Network<Rohqd>&, Extents, CudaPrecision,
                                                           Keep);
template std::unique_ptr<GpuNetwork<RestoreFormerPlusPlusMedium>> network_on_gpu(
    int, const Network<RestoreFormerPlusPlusMedium>&, Extents, CudaPrecision, Keep);
template std::unique_ptr<GpuNetwork<RohqdMedium>> network_on_gpu(int, const Network<RohqdMedium>&, Extents,
                                                                 CudaPrecision, Keep);
