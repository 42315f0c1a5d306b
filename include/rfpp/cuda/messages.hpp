#ifndef RFPP_CUDA_MESSAGES_HPP
#define RFPP_CUDA_MESSAGES_HPP

#include <string>

#include "rfpp/core/config.hpp"

namespace rfpp::cuda {
inline namespace RFPP_ABI {

/// Why the driver is not enough for a program of this toolkit. Both as CUDA numbers its versions, 13020
/// for 13.2; the driver is 0 where there is none, which CUDA reports as one that is too old.
inline std::string driver_message(int driver, int toolkit) {
  if (driver == 0) return "CUDA: no NVIDIA driver was found; --device cpu needs none";
  const auto version = [](int v) { return std::to_string(v / 1000) + "." + std::to_string(v % 1000 / 10); };
  return "CUDA: expected a driver for CUDA " + version(toolkit) + " or later, found one for " +
         version(driver) + "; --device cpu needs none";
}

}  // namespace RFPP_ABI
}  // namespace rfpp::cuda

#endif
