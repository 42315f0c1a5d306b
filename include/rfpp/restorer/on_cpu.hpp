#ifndef RFPP_RESTORER_ON_CPU_HPP
#define RFPP_RESTORER_ON_CPU_HPP

#include <memory>

#include "rfpp/cpu/cpu.hpp"
#include "rfpp/restorer/device.hpp"

namespace rfpp {
inline namespace RFPP_ABI {

template <class Service, class... Arguments>
std::unique_ptr<typename Service::Interface> on_cpu(int place, const Arguments&... arguments) {
  return std::make_unique<typename Service::template On<Cpu>>(place, arguments...);
}

}  // namespace RFPP_ABI
}  // namespace rfpp

#endif
