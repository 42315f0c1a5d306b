#ifndef RFPP_EXAMPLES_GPU_INSTRUMENTS_HPP
#define RFPP_EXAMPLES_GPU_INSTRUMENTS_HPP

#include <memory>

#include "../instruments.hpp"
#include "gpu.hpp"

/// Instruments on a device. Throws Error where it is not there.
std::unique_ptr<Instruments> instruments_on_gpu(int device, const InstrumentFiles& files);
#if !defined(RFPP_CUDA)
inline std::unique_ptr<Instruments> instruments_on_gpu(int, const InstrumentFiles&) { refuse_gpu(); }
#endif

#endif
