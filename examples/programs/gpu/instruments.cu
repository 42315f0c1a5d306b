#include "instruments.hpp"

#include "../instruments_on.hpp"
#include "rfpp/cuda/cuda.hpp"
#include "rfpp/expr/transfer.hpp"

namespace {
struct Upload {
  void operator()(rfpp::Cuda& ex, const rfpp::Parameters& model, rfpp::Extents) const {
    upload_parameters(ex, model);
  }
};
}  // namespace

std::unique_ptr<Instruments> instruments_on_gpu(int device, const InstrumentFiles& files) {
  return std::make_unique<InstrumentsOn<rfpp::Cuda, Upload>>(files, device);
}
