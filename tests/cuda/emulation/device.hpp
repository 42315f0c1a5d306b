#ifndef RFPP_TESTS_CUDA_EMULATION_DEVICE_HPP
#define RFPP_TESTS_CUDA_EMULATION_DEVICE_HPP

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "cuda/emulation/blocks.hpp"
#include "rfpp/core/workspace.hpp"
#include "rfpp/cuda/tiles.hpp"

// A GPU emulated on the processor, for what is above cuda/device.hpp. It does what a GPU does late, as late as
// it may: kernels and copies wait until somebody waits for them. Its memory is NaN where nobody has written,
// and whoever touches it from outside of a kernel ends with a segmentation fault. Not for several threads.

namespace rfpp::test::emulation {

/// Memory of the device.
class DeviceMemory final : public Memory {
 public:
  static DeviceMemory& instance();
  void* allocate(std::size_t bytes) override;
  void release(void* data, std::size_t bytes) noexcept override;

  /// All of it can be read and written while one of these is there.
  class Access {
   public:
    Access();
    Access(const Access&) = delete;
    Access& operator=(const Access&) = delete;
    ~Access();
  };

 private:
  friend class Access;
  void protect(bool accessible) const noexcept;

  std::vector<std::pair<void*, std::size_t>> segments_;
};

/// Memory of the host that the device copies by itself.
class HostMemory final : public Memory {
 public:
  static HostMemory& instance();
  void* allocate(std::size_t bytes) override;
  void release(void* data, std::size_t bytes) noexcept override;
  /// Throws Error where these are not of this memory.
  void require(const void* data, std::size_t bytes) const;
  std::size_t allocated_bytes() const;

 private:
  std::map<std::uintptr_t, std::size_t> segments_;
};

/// Something to do, as bytes, since what a device is asked for is copied to it. A std::function would be
/// several functions more for each of thousands of kernels.
class Operation {
 public:
  /// f(), with a copy of `bytes` behind it in memory.
  template <class F>
  Operation(const F& f, const void* data = nullptr, std::size_t bytes = 0)
      : function_(sizeof f + bytes), call_([](const std::byte* at) { (*reinterpret_cast<const F*>(at))(); }) {
    static_assert(std::is_trivially_copyable_v<F> && alignof(F) <= alignof(std::max_align_t));
    std::memcpy(function_.data(), &f, sizeof f);
    if (bytes > 0) std::memcpy(function_.data() + sizeof f, data, bytes);
  }
  void operator()() const { call_(function_.data()); }

 private:
  std::vector<std::byte> function_;
  void (*call_)(const std::byte*);
};

/// What was asked for and has not been done, in its order.
class Stream {
 public:
  Stream();
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;
  ~Stream();

  void ask(Operation operation);
  /// Does what was asked for, or the part of it that was before a mark. Throws Error while a graph is recorded.
  void finish() { finish(mark()); }
  void finish(std::size_t mark);
  std::size_t mark() const { return done_ + waiting_.size(); }
  /// Throws Error while a graph is recorded: `what` is not possible then.
  void refuse_while_recording(const char* what) const;
  /// Until end_recording() operations go to `graph`.
  void begin_recording(std::vector<Operation>& graph);
  void end_recording() { recording_ = nullptr; }

 private:
  std::deque<Operation> waiting_;
  std::size_t done_ = 0;
  std::vector<Operation>* recording_ = nullptr;
};

/// A cuda::TensorCoreDevice.
class Device {
 public:
  using Half = io::Float16;
  using Brain = BFloat16;
  class Graph;
  using Mark = std::size_t;
  /// Of a block, at most. An H100's.
  static inline std::size_t shared_bytes = std::size_t{227} * 1024;

  explicit Device(int index = 0);

  std::size_t shared_memory() const { return shared_bytes; }
  Memory& memory() const { return DeviceMemory::instance(); }
  Memory& host_memory() const { return HostMemory::instance(); }
  void synchronize() const { stream_->finish(); }
  void upload(void* to, const void* from, std::size_t bytes) const;
  void download(void* to, const void* from, std::size_t bytes) const;
  void start_upload(void* to, const void* from, std::size_t bytes) const;
  /// The host's memory is NaN until that is done.
  void start_download(void* to, const void* from, std::size_t bytes) const;
  Mark mark() const { return stream_->mark(); }
  void wait_for(Mark mark) const { stream_->finish(mark); }
  template <class Kernel> void for_each(std::size_t count, const Kernel& kernel) const {
    stream_->ask([count, kernel] {
      for (std::size_t i = 0; i < count; ++i) kernel(i);
    });
  }
  Stream& stream() const { return *stream_; }

 private:
  std::shared_ptr<Stream> stream_ = std::make_shared<Stream>();
};

class Device::Graph {
 public:
  template <class F> Graph(const Device& device, F&& f) {
    device.stream().begin_recording(operations_);
    try {
      f();
    } catch (...) {
      device.stream().end_recording();
      throw;
    }
    device.stream().end_recording();
  }
  void start(const Device& device) const {
    for (const Operation& operation : operations_) device.stream().ask(operation);
  }

 private:
  std::vector<Operation> operations_;
};

/// One without warpgroups.
class OlderDevice : public Device {
 public:
  using Device::Device;
};

/// Throws Error where a block has not so much shared memory.
void check_shared_memory(std::size_t bytes);

/// Starts a product of such blocks of threads.
template <class Block, class P> void start_in(const Device& device, const P& product) {
  const std::size_t bytes = cuda::shared_bytes<P>(product.stages);
  check_shared_memory(bytes);
  device.stream().ask([product, bytes] {
    for (int z = 0; z < product.products * product.splits; ++z)
      for (int row = 0; row < product.row_tiles(); ++row)
        for (int column = 0; column < product.column_tiles(); ++column) {
          Block block;
          cuda::multiply_tile(block, product, {z / product.splits, z % product.splits, row, column},
                              SharedMemory::instance().clear(bytes));
        }
  });
}
template <class... P> void start(const Device& device, const cuda::Product<P...>& product) {
  start_in<ThreadBlock>(device, product);
}
template <class... P> void start(const OlderDevice& device, const cuda::Product<P...>& product) {
  start_in<OlderThreadBlock>(device, product);
}

template <class Item, class Epilogue>
void start(const Device& device, const cuda::GroupMoments<Item, Epilogue>& moments) {
  device.stream().ask([moments] {
    ThreadBlock block;
    for (int target = 0; target < moments.blocks(); ++target)
      cuda::fold_group(block, moments, target,
                       SharedMemory::instance().clear(cuda::GroupMoments<Item, Epilogue>::shared_bytes));
  });
}

}  // namespace rfpp::test::emulation

#endif
