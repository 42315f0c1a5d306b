#include "step.hpp"

#include "rfpp/cuda/cuda.hpp"

StepTimes time_steps_on_gpu(int device, const StepSettings& settings) {
  rfpp::Cuda ex(device);
  return time_steps(ex, settings, [&] { ex.synchronize(); });
}
