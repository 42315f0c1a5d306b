#ifndef RFPP_RESTORER_DEVICE_HPP
#define RFPP_RESTORER_DEVICE_HPP

#include <memory>
#include <string>

#include "rfpp/core/error.hpp"

// The one seam between what runs on a processor and what nvcc compiles for GPUs.

namespace rfpp {
inline namespace RFPP_ABI {

/// The number of a device "cuda" or "cuda:n"; -1 for "cpu". Throws Error over anything else.
inline int gpu_index(const std::string& device) {
  if (device == "cpu") return -1;
  if (device == "cuda") return 0;
  const bool numbered = device.starts_with("cuda:") && device.size() > 5 && device.size() < 8 &&
                        device.find_first_not_of("0123456789", 5) == std::string::npos;
  if (!numbered) throw Error("device: expected cpu, cuda or cuda:N, found '" + device + "'");
  return std::stoi(device.substr(5));
}

/// What a Service makes on the processor (`place` is the number of threads) and on a GPU (`place` is its
/// number). A Service is a type that names what it makes, `Interface`, and how, `template <class Ex> class
/// On`, whose constructor takes the place and the arguments. Both are instantiated apart from their callers,
/// for each Service: on_cpu in a .cpp file that includes restorer/on_cpu.hpp, on_cuda in a .cu file that
/// includes restorer/cuda/on_cuda.hpp. In a program that was built without CUDA, on_cuda throws Error.
template <class Service, class... Arguments>
std::unique_ptr<typename Service::Interface> on_cpu(int place, const Arguments&... arguments);
template <class Service, class... Arguments>
std::unique_ptr<typename Service::Interface> on_cuda(int place, const Arguments&... arguments);

#if !defined(RFPP_CUDA)
template <class Service, class... Arguments>
std::unique_ptr<typename Service::Interface> on_cuda(int, const Arguments&...) {
  throw Error("--device cuda: this program was built without CUDA; configure it with -DRFPP_CUDA=ON");
}
#endif

/// The same on the device of that name.
template <class Service, class... Arguments>
std::unique_ptr<typename Service::Interface> on_device(const std::string& device, int threads,
                                                       const Arguments&... arguments) {
  const int gpu = gpu_index(device);
  return gpu >= 0 ? on_cuda<Service>(gpu, arguments...) : on_cpu<Service>(threads, arguments...);
}

}  // namespace RFPP_ABI
}  // namespace rfpp

#endif
