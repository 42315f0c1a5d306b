#ifndef RFPP_CUDA_STREAM_HPP
#define RFPP_CUDA_STREAM_HPP

#include <cuda_bf16.h>
#include <cuda_fp16.h>
#include <cuda_runtime.h>

#include <cstddef>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "rfpp/core/workspace.hpp"
#include "rfpp/cuda/messages.hpp"

namespace rfpp::cuda {
inline namespace RFPP_ABI {

/// Throws Error, saying what was tried and what CUDA answers.
inline void check(cudaError_t status, const char* what) {
  if (status == cudaSuccess) return;
  cudaGetLastError();  // else later calls would answer the same, though they can go on
  throw Error(std::string("CUDA: ") + what + ": " + cudaGetErrorString(status));
}

/// Makes a device the calling thread's. Throws Error where there is none of this number.
inline void use_device(int index) {
  int count = 0;
  const cudaError_t status = cudaGetDeviceCount(&count);
  if (status == cudaErrorInsufficientDriver) {
    int driver = 0;
    cudaDriverGetVersion(&driver);
    throw Error(driver_message(driver, CUDART_VERSION));
  }
  if (status != cudaSuccess || count == 0)
    throw Error(std::string("CUDA: no device was found (") + cudaGetErrorString(status) +
                "); --device cpu needs none");
  if (index < 0 || index >= count)
    throw Error("CUDA: expected a device of 0 to " + std::to_string(count - 1) + ", found " +
                std::to_string(index));
  check(cudaSetDevice(index), "choosing the device");
}

/// The host's memory, page-locked, which a device copies from and to by itself.
class PinnedMemory final : public Memory {
 public:
  explicit PinnedMemory(int index) : index_(index) {}
  void* allocate(std::size_t bytes) override {
    check(cudaSetDevice(index_), "choosing the device");
    void* data = nullptr;
    const cudaError_t status = cudaHostAlloc(&data, bytes, cudaHostAllocDefault);
    if (status == cudaErrorMemoryAllocation) {
      cudaGetLastError();
      throw Error("CUDA: out of page-locked memory: " + std::to_string(bytes) + " bytes were asked for");
    }
    check(status, "allocating page-locked memory");
    return data;
  }
  void release(void* data, std::size_t) noexcept override { cudaFreeHost(data); }

 private:
  int index_;
};

/// A device's memory, and the host's that is for it.
class DeviceMemory final : public Memory {
 public:
  explicit DeviceMemory(int index) : index_(index) {}
  /// Of a device that is there.
  static DeviceMemory& of(int index) {
    static std::mutex mutex;
    static auto& memories = *new std::map<int, DeviceMemory>;  // never destroyed: globals may use it later
    const std::lock_guard lock(mutex);
    return memories.try_emplace(index, index).first->second;
  }
  void* allocate(std::size_t bytes) override {
    check(cudaSetDevice(index_), "choosing the device");
    void* data = nullptr;
    const cudaError_t status = cudaMalloc(&data, bytes);
    if (status == cudaErrorMemoryAllocation) {
      cudaGetLastError();
      std::size_t free = 0, total = 0;
      cudaMemGetInfo(&free, &total);
      throw Error("CUDA: out of memory: " + std::to_string(bytes) + " bytes were asked for, " +
                  std::to_string(free) + " of " + std::to_string(total) + " are free");
    }
    check(status, "allocating memory");
    return data;
  }
  void release(void* data, std::size_t) noexcept override { cudaFree(data); }
  Memory& pinned() { return pinned_; }

 private:
  int index_;
  PinnedMemory pinned_{index_};
};

/// A thread for every call. Thrust's for_each has a kernel of four times the code.
template <class Kernel>
__global__ void __launch_bounds__(256) for_each_kernel(std::size_t count, Kernel kernel) {
  const std::size_t i = std::size_t{blockIdx.x} * 256 + threadIdx.x;
  if (i < count) kernel(i);
}

/// A GPU with a stream of its own. Copies share the stream.
class CudaStream {
 public:
  using Half = __half;
  using Brain = __nv_bfloat16;
  class Graph;
  using Mark = std::shared_ptr<CUevent_st>;

  explicit CudaStream(int index = 0) : index_(index) {
    use_device(index);
    cudaStream_t created = nullptr;
    check(cudaStreamCreateWithFlags(&created, cudaStreamNonBlocking), "making a stream");
    stream_ = {created, [](cudaStream_t s) { cudaStreamDestroy(s); }};
    int bytes = 0;
    check(cudaDeviceGetAttribute(&bytes, cudaDevAttrMaxSharedMemoryPerBlockOptin, index),
          "asking for the shared memory there is");
    shared_memory_ = static_cast<std::size_t>(bytes);
  }

  /// For kernels that the calling thread is about to start.
  cudaStream_t stream() const {
    check(cudaSetDevice(index_), "choosing the device");
    return stream_.get();
  }
  std::size_t shared_memory() const { return shared_memory_; }
  Memory& memory() const { return DeviceMemory::of(index_); }
  Memory& host_memory() const { return DeviceMemory::of(index_).pinned(); }
  void synchronize() const { check(cudaStreamSynchronize(stream()), "waiting for the device"); }
  /// Pageable memory CUDA has copied when it returns, page-locked memory it reads later.
  void upload(void* to, const void* from, std::size_t bytes) const {
    start_upload(to, from, bytes);
    cudaPointerAttributes attributes{};
    check(cudaPointerGetAttributes(&attributes, from), "asking what memory this is");
    if (attributes.type == cudaMemoryTypeHost) synchronize();
  }
  void download(void* to, const void* from, std::size_t bytes) const {
    start_download(to, from, bytes);
    synchronize();
  }
  void start_upload(void* to, const void* from, std::size_t bytes) const {
    check(cudaMemcpyAsync(to, from, bytes, cudaMemcpyHostToDevice, stream()), "copying to the device");
  }
  void start_download(void* to, const void* from, std::size_t bytes) const {
    check(cudaMemcpyAsync(to, from, bytes, cudaMemcpyDeviceToHost, stream()), "copying from the device");
  }
  Mark mark() const {
    const cudaStream_t stream = this->stream();
    cudaEvent_t created = nullptr;
    check(cudaEventCreateWithFlags(&created, cudaEventDisableTiming), "making an event");
    Mark mark(created, [](cudaEvent_t e) { cudaEventDestroy(e); });
    check(cudaEventRecord(created, stream), "recording an event");
    return mark;
  }
  void wait_for(const Mark& mark) const { check(cudaEventSynchronize(mark.get()), "waiting for the device"); }
  template <class Kernel> void for_each(std::size_t count, const Kernel& kernel) const {
    if (count == 0) return;
    const cudaStream_t stream = this->stream();
    for_each_kernel<<<static_cast<unsigned>((count + 255) / 256), 256, 0, stream>>>(count, kernel);
    check(cudaGetLastError(), "starting a kernel");
  }

 private:
  int index_;
  std::shared_ptr<CUstream_st> stream_;
  std::size_t shared_memory_ = 0;
};

/// Kernels recorded once, to be started together.
class CudaStream::Graph {
 public:
  /// Records what f() asks for on the stream. f may not allocate: it has run before.
  template <class F> Graph(const CudaStream& device, F&& f) {
    const cudaStream_t stream = device.stream();
    check(cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal), "recording a graph");
    cudaGraph_t graph = nullptr;
    try {
      f();
    } catch (...) {
      cudaStreamEndCapture(stream, &graph);
      if (graph != nullptr) cudaGraphDestroy(graph);
      throw;
    }
    check(cudaStreamEndCapture(stream, &graph), "recording a graph");
    const cudaError_t status = cudaGraphInstantiate(&executable_, graph, 0);
    cudaGraphDestroy(graph);
    check(status, "making a graph");
  }
  Graph(const Graph&) = delete;
  Graph& operator=(const Graph&) = delete;
  ~Graph() { cudaGraphExecDestroy(executable_); }

  void start(const CudaStream& device) const {
    check(cudaGraphLaunch(executable_, device.stream()), "starting a graph");
  }

 private:
  cudaGraphExec_t executable_ = nullptr;
};

}  // namespace RFPP_ABI
}  // namespace rfpp::cuda

#endif
