#ifndef RFPP_RESTORER_CUDA_ON_CUDA_HPP
#define RFPP_RESTORER_CUDA_ON_CUDA_HPP

#include <memory>

#include "rfpp/cuda/cuda.hpp"
#include "rfpp/restorer/device.hpp"

namespace rfpp {
inline namespace RFPP_ABI {

#if defined(RFPP_CUDA)
template <class Service, class... Arguments>
std::unique_ptr<typename Service::Interface> on_cuda(int place, const Arguments&... arguments) {
  return std::make_unique<typename Service::template On<Cuda>>(place, arguments...);
}
#endif

}  // namespace RFPP_ABI
}  // namespace rfpp

#endif
