#ifndef RFPP_EXAMPLES_GPU_HPP
#define RFPP_EXAMPLES_GPU_HPP

#include <string>

#include "rfpp/core/error.hpp"

// What examples do on a GPU lies behind functions: nvcc compiles it apart from what runs on the processor.

/// What those functions do in a program that was built without CUDA.
[[noreturn]] inline void refuse_gpu() {
  throw rfpp::Error("--device cuda: this program was built without CUDA; configure it with -DRFPP_CUDA=ON");
}

/// The number of a device "cuda" or "cuda:n"; -1 for "cpu". Throws Error over anything else.
inline int gpu_index(const std::string& device) {
  if (device == "cpu") return -1;
  if (device == "cuda") return 0;
  const bool numbered = device.starts_with("cuda:") && device.size() > 5 && device.size() < 8 &&
                        device.find_first_not_of("0123456789", 5) == std::string::npos;
  if (!numbered) throw rfpp::Error("--device: expected cpu, cuda or cuda:N, found '" + device + "'");
  return std::stoi(device.substr(5));
}

#endif
