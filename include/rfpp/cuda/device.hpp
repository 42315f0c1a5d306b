#ifndef RFPP_CUDA_DEVICE_HPP
#define RFPP_CUDA_DEVICE_HPP

#include <concepts>
#include <cstddef>

#include "rfpp/core/workspace.hpp"

// The seam between the executors here and a device: CudaStream is a GPU, ThrustHost the processor, and tests
// have an emulated GPU.

namespace rfpp::cuda {
inline namespace RFPP_ABI {

namespace detail {
struct AnyKernel {
  void operator()(std::size_t) const {}
};
}  // namespace detail

/// Memory and a stream: copies and kernels run in the order in which they are asked for.
///
/// memory() is where tensors are, which the host may not touch. upload(to, from, bytes) has read the host's
/// memory when it returns; download(to, from, bytes) waits for all that was asked for before.
/// for_each(count, kernel) is kernel(i) for every i below count, in any order and several at a time; it may
/// return before that is done.
template <class D>
concept Device = std::copyable<D> && requires(const D& device, void* host, void* there, std::size_t n) {
  { device.memory() } -> std::convertible_to<Memory&>;
  device.upload(there, host, n);
  device.download(host, there, n);
  device.for_each(n, detail::AnyKernel{});
};

/// A Device that need not be waited for. host_memory() is memory of the host that it reads and writes by
/// itself: start_upload() and start_download() return at once, and that memory is not to be touched before the
/// copy is done. mark() is a place in the stream, wait_for(mark) waits for what was asked for before it.
/// Graph(device, f) records what f() asks of the device instead of doing it, and its start(device) asks for
/// that again. synchronize() waits for everything.
template <class D>
concept GraphDevice = Device<D> &&
    requires(const D& device, void* host, void* there, std::size_t n, typename D::Mark mark) {
  { device.host_memory() } -> std::convertible_to<Memory&>;
  device.start_upload(there, host, n);
  device.start_download(host, there, n);
  mark = device.mark();
  device.wait_for(mark);
  device.synchronize();
  typename D::Graph;
};

/// A GraphDevice chosen by its number that also has tensor cores: 16-bit numbers that floats convert to and
/// from, `Half` (float16) and `Brain` (bfloat16); shared_memory(), the bytes that a block of threads may have;
/// and functions start(device, ...), found by the device's namespace, for the Products of products.hpp and the
/// GroupMoments of group_moments.hpp.
template <class D>
concept TensorCoreDevice = GraphDevice<D> && std::constructible_from<D, int> &&
    requires(const D& device, typename D::Half half, typename D::Brain brain) {
  static_cast<typename D::Half>(0.0f);
  static_cast<typename D::Brain>(0.0f);
  { device.shared_memory() } -> std::convertible_to<std::size_t>;
};

}  // namespace RFPP_ABI
}  // namespace rfpp::cuda

#endif
