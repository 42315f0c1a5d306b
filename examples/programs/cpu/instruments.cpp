#include "../instruments_on.hpp"

#include "rfpp/cpu/prepare.hpp"
#include "rfpp/restorer/on_cpu.hpp"

using namespace rfpp;

template <> struct MakeReady<Cpu> {
  void operator()(Cpu& ex, Lpips<float>& model, Extents input) const { (*this)(ex, model.net, input); }
  void operator()(Cpu& ex, auto& model, Extents input) const {
    prepare(ex, model, input, Precision::reference);
  }
};

template std::unique_ptr<Instruments> rfpp::on_cpu<InstrumentsService>(int, const InstrumentFiles&);
