#include "degrader.hpp"
#include "rfpp/cuda/cuda.hpp"

namespace {

class DegraderOnGpu final : public GpuDegrader {
 public:
  explicit DegraderOnGpu(int device) : ex_(device) {}
  rfpp::degrade::DegradedPair degrade(const rfpp::degrade::Degradation& degradation,
                                      const rfpp::Tensor<float>& image) override {
    const auto pair = rfpp::degrade::degrade(ex_, degradation, ex_.upload(image));
    return {ex_.download(pair.clean), ex_.download(pair.degraded)};
  }

 private:
  rfpp::Cuda ex_;
};

}  // namespace

std::unique_ptr<GpuDegrader> degrader_on_gpu(int device) { return std::make_unique<DegraderOnGpu>(device); }
