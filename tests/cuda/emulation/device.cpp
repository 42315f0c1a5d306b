#include "cuda/emulation/device.hpp"

#include <sys/mman.h>

#include <algorithm>
#include <iterator>

namespace rfpp::test::emulation {

namespace {

std::vector<Stream*>& streams() {
  static std::vector<Stream*> all;
  return all;
}

/// Copies what lies behind it in memory.
struct CopyFromBehind {
  void* to;
  std::size_t bytes;

  void operator()() const { std::memcpy(to, this + 1, bytes); }
};

}  // namespace

DeviceMemory& DeviceMemory::instance() {
  static DeviceMemory memory;
  return memory;
}
void* DeviceMemory::allocate(std::size_t bytes) {
  for (const Stream* stream : streams()) stream->refuse_while_recording("allocating memory");
  // Of a processor's large pages, where it has some: there are fewer to protect.
  constexpr std::size_t large_page = std::size_t{2} << 20;
  bytes = (bytes + large_page - 1) / large_page * large_page;
  void* data = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (data == MAP_FAILED)
    throw Error("CUDA: out of memory: " + std::to_string(bytes) + " bytes were asked for");
  madvise(data, bytes, MADV_HUGEPAGE);
  std::memset(data, 0xff, bytes);  // NaN in all numbers
  mprotect(data, bytes, PROT_NONE);
  segments_.emplace_back(data, bytes);
  return data;
}
void DeviceMemory::release(void* data, std::size_t) noexcept {
  for (Stream* stream : streams()) stream->finish();  // as cudaFree waits
  const auto found = std::ranges::find(segments_, data, &std::pair<void*, std::size_t>::first);
  munmap(data, found->second);
  segments_.erase(found);
}
void DeviceMemory::protect(bool accessible) const noexcept {
  for (const auto& [data, bytes] : segments_)
    mprotect(data, bytes, accessible ? PROT_READ | PROT_WRITE : PROT_NONE);
}
DeviceMemory::Access::Access() { instance().protect(true); }
DeviceMemory::Access::~Access() { instance().protect(false); }

HostMemory& HostMemory::instance() {
  static HostMemory memory;
  return memory;
}
void* HostMemory::allocate(std::size_t bytes) {
  void* data = rfpp::HostMemory::instance().allocate(bytes);
  std::memset(data, 0xff, bytes);  // NaN in all numbers
  segments_.emplace(reinterpret_cast<std::uintptr_t>(data), bytes);
  return data;
}
void HostMemory::release(void* data, std::size_t bytes) noexcept {
  segments_.erase(reinterpret_cast<std::uintptr_t>(data));
  rfpp::HostMemory::instance().release(data, bytes);
}
void HostMemory::require(const void* data, std::size_t bytes) const {
  const auto begin = reinterpret_cast<std::uintptr_t>(data);
  const auto after = segments_.upper_bound(begin);
  if (after == segments_.begin() || begin + bytes > std::prev(after)->first + std::prev(after)->second)
    throw Error("CUDA: starting a copy: the host's memory is not page-locked");
}
std::size_t HostMemory::allocated_bytes() const {
  std::size_t sum = 0;
  for (const auto& [begin, bytes] : segments_) sum += bytes;
  return sum;
}

Stream::Stream() { streams().push_back(this); }
Stream::~Stream() {
  finish();
  std::erase(streams(), this);
}
void Stream::ask(Operation operation) {
  if (recording_ != nullptr)
    recording_->push_back(std::move(operation));
  else
    waiting_.push_back(std::move(operation));
}
void Stream::finish(std::size_t mark) {
  refuse_while_recording("waiting for the device");
  if (done_ >= mark) return;
  const DeviceMemory::Access access;
  while (done_ < mark) {
    const Operation operation = std::move(waiting_.front());
    waiting_.pop_front();
    ++done_;
    operation();
  }
}
void Stream::refuse_while_recording(const char* what) const {
  if (recording_ != nullptr)
    throw Error(std::string("CUDA: ") + what + ": operation not permitted when stream is capturing");
}
void Stream::begin_recording(std::vector<Operation>& graph) {
  refuse_while_recording("recording a graph");
  recording_ = &graph;
}

Device::Device(int index) {
  if (index != 0) throw Error("CUDA: expected a device of 0 to 0, found " + std::to_string(index));
}
void Device::upload(void* to, const void* from, std::size_t bytes) const {
  stream_->refuse_while_recording("copying to the device");
  stream_->ask({CopyFromBehind{to, bytes}, from, bytes});
}
void Device::download(void* to, const void* from, std::size_t bytes) const {
  stream_->refuse_while_recording("copying from the device");
  stream_->ask([to, from, bytes] { std::memcpy(to, from, bytes); });
  stream_->finish();
}
void Device::start_upload(void* to, const void* from, std::size_t bytes) const {
  HostMemory::instance().require(from, bytes);
  stream_->ask([to, from, bytes] { std::memcpy(to, from, bytes); });
}
void Device::start_download(void* to, const void* from, std::size_t bytes) const {
  HostMemory::instance().require(to, bytes);
  std::memset(to, 0xff, bytes);
  stream_->ask([to, from, bytes] { std::memcpy(to, from, bytes); });
}

void check_shared_memory(std::size_t bytes) {
  if (bytes > Device::shared_bytes)
    throw Error("CUDA: asking for shared memory: " + std::to_string(bytes) + " bytes, of " +
                std::to_string(Device::shared_bytes));
}

}  // namespace rfpp::test::emulation
