#include "../instruments.hpp"

#include "../instruments_on.hpp"
#include "rfpp/cpu/prepare.hpp"

using namespace rfpp;

namespace {
struct Prepare {
  void operator()(Cpu& ex, Lpips<float>& model, Extents input) const { (*this)(ex, model.net, input); }
  void operator()(Cpu& ex, auto& model, Extents input) const {
    prepare(ex, model, input, Precision::reference);
  }
};
}  // namespace

std::unique_ptr<Instruments> instruments_on_cpu(int threads, const InstrumentFiles& files) {
  return std::make_unique<InstrumentsOn<Cpu, Prepare>>(files, threads);
}
