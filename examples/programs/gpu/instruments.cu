#include "../instruments_on.hpp"

#include "rfpp/expr/transfer.hpp"
#include "rfpp/restorer/cuda/on_cuda.hpp"

template <> struct MakeReady<rfpp::Cuda> {
  void operator()(rfpp::Cuda& ex, const rfpp::Parameters& model, rfpp::Extents) const {
    upload_parameters(ex, model);
  }
};

template std::unique_ptr<Instruments> rfpp::on_cuda<InstrumentsService>(int, const InstrumentFiles&);
