#ifndef RFPP_CORE_WORKSPACE_HPP
#define RFPP_CORE_WORKSPACE_HPP

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#if defined(__linux__)
#include <sys/mman.h>
#endif

#include "rfpp/core/error.hpp"

namespace rfpp {
inline namespace RFPP_ABI {

/// Where storage comes from: host memory, a device's memory, or nowhere (a dry run).
class Memory {
 public:
  /// `bytes` bytes aligned to 64. Throws Error when there are none left.
  virtual void* allocate(std::size_t bytes) = 0;
  virtual void release(void* data, std::size_t bytes) noexcept = 0;

 protected:
  ~Memory() = default;
};

class HostMemory final : public Memory {
 public:
  static HostMemory& instance() {
    static HostMemory memory;
    return memory;
  }
  void* allocate(std::size_t bytes) override {
    // Huge pages: touching a fresh 4 KiB page costs about as much as computing it.
    const std::size_t alignment = bytes >= huge_page ? huge_page : 64;
    if (bytes > SIZE_MAX - alignment) fail(bytes);
    void* data = std::aligned_alloc(alignment, (bytes + alignment - 1) / alignment * alignment);
    if (data == nullptr) fail(bytes);
#if defined(__linux__)
    if (bytes >= huge_page) madvise(data, bytes, MADV_HUGEPAGE);
#endif
    return data;
  }
  void release(void* data, std::size_t) noexcept override { std::free(data); }

 private:
  static constexpr std::size_t huge_page = std::size_t{2} << 20;
  [[noreturn]] static void fail(std::size_t bytes) {
    throw Error("out of memory: " + std::to_string(bytes) + " bytes were asked for");
  }
};

/// Hands out addresses that nobody may read, so that a dry run can place every tensor of a network of any
/// size.
class NoMemory final : public Memory {
 public:
  static NoMemory& instance() {
    static NoMemory memory;
    return memory;
  }
  void* allocate(std::size_t) override { return reinterpret_cast<void*>(std::uintptr_t{64}); }
  void release(void*, std::size_t) noexcept override {}
};

class Workspace;

/// A counted run of bytes: either of its own, or a part of a workspace to which it returns.
struct Block {
  std::atomic<int> references{0};
  void* data = nullptr;
  std::size_t bytes = 0;
  Memory* memory = nullptr;                    // set for a block of its own
  std::shared_ptr<const void> owner;           // set for a part of memory that somebody else keeps
  Workspace* home = nullptr;                   // set for a part of a workspace
  Block *previous = nullptr, *next = nullptr;  // neighbors in the workspace's address order
  bool free = false;
  Block* companion = nullptr;  // counted
};

/// A pool of memory with first fit and coalescing. A block returns when its last handle dies, on whatever
/// thread; the pool outlives its owner while blocks are out. Once it is as large as a run needs, runs
/// allocate nothing.
class Workspace {
 public:
  explicit Workspace(Memory& memory = HostMemory::instance()) : memory_(memory) {}
  Workspace(const Workspace&) = delete;
  Workspace& operator=(const Workspace&) = delete;

  /// Makes sure that one unbroken range of `bytes` bytes is there.
  void reserve(std::size_t bytes) {
    std::lock_guard lock(mutex_);
    for (const auto& segment : segments_)
      for (Block* b = segment.first; b != nullptr; b = b->next)
        if (b->free && b->bytes >= bytes) return;
    add_segment(round_up(bytes));
  }

  Block* take(std::size_t bytes) {
    std::lock_guard lock(mutex_);
    bytes = round_up(bytes);
    Block* found = nullptr;
    for (const auto& segment : segments_) {
      for (Block* b = segment.first; b != nullptr && found == nullptr; b = b->next)
        if (b->free && b->bytes >= bytes) found = b;
      if (found != nullptr) break;
    }
    if (found == nullptr) found = add_segment(bytes < smallest_segment ? smallest_segment : bytes);
    split(found, bytes);
    found->free = false;
    retain();
    note_peak(found);
    return found;
  }

  void give(Block* b) noexcept {
    {
      std::lock_guard lock(mutex_);
      b->free = true;
      if (b->next != nullptr && b->next->free) absorb_next(b);
      if (b->previous != nullptr && b->previous->free) absorb_next(b->previous);
    }
    release();
  }

  /// The largest part of the first range that was ever in use: what reserve() needs for the same work.
  std::size_t peak_bytes() const {
    std::lock_guard lock(mutex_);
    return peak_;
  }
  /// Bytes asked from the memory so far, in how many pieces.
  std::size_t allocated_bytes() const {
    std::lock_guard lock(mutex_);
    std::size_t sum = 0;
    for (const auto& segment : segments_) sum += segment.bytes;
    return sum;
  }
  std::size_t allocations() const {
    std::lock_guard lock(mutex_);
    return segments_.size() + nodes_.size();
  }

  void retain() noexcept { owners_.fetch_add(1, std::memory_order_relaxed); }
  void release() noexcept {
    if (owners_.fetch_sub(1, std::memory_order_acq_rel) == 1) delete this;
  }

 private:
  struct Segment {
    void* data;
    std::size_t bytes;
    Block* first;
  };
  static constexpr std::size_t smallest_segment = std::size_t{1} << 20;
  static constexpr std::size_t nodes_at_once = 256;

  ~Workspace() {
    for (const auto& segment : segments_) memory_.release(segment.data, segment.bytes);
  }

  static std::size_t round_up(std::size_t bytes) {
    if (bytes > SIZE_MAX / 2)
      throw Error("out of memory: " + std::to_string(bytes) + " bytes were asked for");
    return bytes == 0 ? 64 : (bytes + 63) / 64 * 64;
  }
  Block* new_node() {
    if (spare_ == nullptr) {
      nodes_.push_back(std::make_unique<Block[]>(nodes_at_once));
      for (std::size_t i = 0; i < nodes_at_once; ++i)
        nodes_.back()[i].next = std::exchange(spare_, &nodes_.back()[i]);
    }
    return std::exchange(spare_, spare_->next);
  }
  Block* add_segment(std::size_t bytes) {
    segments_.reserve(segments_.size() + 1);
    Block* b = new_node();
    b->data = memory_.allocate(bytes);
    b->bytes = bytes;
    b->home = this;
    b->free = true;
    b->previous = b->next = nullptr;
    segments_.push_back({b->data, bytes, b});
    return b;
  }
  void split(Block* b, std::size_t bytes) {
    if (b->bytes == bytes) return;
    Block* rest = new_node();
    rest->data = static_cast<char*>(b->data) + bytes;
    rest->bytes = b->bytes - bytes;
    rest->home = this;
    rest->free = true;
    rest->previous = b;
    rest->next = b->next;
    if (b->next != nullptr) b->next->previous = rest;
    b->next = rest;
    b->bytes = bytes;
  }
  void absorb_next(Block* b) noexcept {
    Block* gone = b->next;
    b->bytes += gone->bytes;
    b->next = gone->next;
    if (gone->next != nullptr) gone->next->previous = b;
    gone->next = std::exchange(spare_, gone);
  }
  void note_peak(const Block* b) {
    const Segment& first = segments_.front();
    const auto begin = reinterpret_cast<std::uintptr_t>(first.data);
    const auto end = reinterpret_cast<std::uintptr_t>(b->data) + b->bytes;
    if (end > begin && end <= begin + first.bytes && end - begin > peak_) peak_ = end - begin;
  }

  Memory& memory_;
  mutable std::mutex mutex_;
  std::vector<Segment> segments_;
  std::vector<std::unique_ptr<Block[]>> nodes_;
  Block* spare_ = nullptr;
  std::size_t peak_ = 0;
  std::atomic<int> owners_{1};
};

/// An owning handle on a workspace.
class WorkspaceHandle {
 public:
  explicit WorkspaceHandle(Memory& memory) : workspace_(new Workspace(memory)) {}
  WorkspaceHandle(const WorkspaceHandle&) = delete;
  WorkspaceHandle& operator=(const WorkspaceHandle&) = delete;
  void swap(WorkspaceHandle& other) noexcept { std::swap(workspace_, other.workspace_); }
  ~WorkspaceHandle() { workspace_->release(); }
  Workspace& operator*() const { return *workspace_; }
  Workspace* operator->() const { return workspace_; }

 private:
  Workspace* workspace_;
};

/// A counted handle on a block.
class Storage {
 public:
  Storage() = default;
  /// A block of its own.
  Storage(std::size_t bytes, Memory& memory) : block_(new Block) {
    block_->references = 1;
    block_->memory = &memory;
    block_->bytes = bytes;
    try {
      block_->data = memory.allocate(bytes == 0 ? 1 : bytes);
    } catch (...) {
      delete block_;
      throw;
    }
  }
  /// A part of memory that `owner` keeps: who writes there must be allowed to.
  Storage(void* data, std::size_t bytes, std::shared_ptr<const void> owner) : block_(new Block) {
    block_->references = 1;
    block_->data = data;
    block_->bytes = bytes;
    block_->owner = std::move(owner);
  }
  /// A part of a workspace.
  Storage(std::size_t bytes, Workspace& workspace) : block_(workspace.take(bytes)) { block_->references = 1; }

  Storage(const Storage& other) noexcept : block_(other.block_) {
    if (block_ != nullptr) block_->references.fetch_add(1, std::memory_order_relaxed);
  }
  Storage(Storage&& other) noexcept : block_(std::exchange(other.block_, nullptr)) {}
  Storage& operator=(Storage other) noexcept {
    std::swap(block_, other.block_);
    return *this;
  }
  ~Storage() {
    if (block_ != nullptr && block_->references.fetch_sub(1, std::memory_order_acq_rel) == 1)
      give_back(block_);
  }

  const Block* id() const { return block_; }
  void* data() const { return block_ == nullptr ? nullptr : block_->data; }
  /// Another storage that lives as long as this one's block: what is known of its content. Replaces the one
  /// before.
  void attach(Storage companion) const {
    if (block_ == nullptr) return;
    const Storage replaced(std::exchange(block_->companion, std::exchange(companion.block_, nullptr)));
  }
  Storage attached() const {
    Storage companion;
    if (block_ != nullptr && block_->companion != nullptr) {
      companion.block_ = block_->companion;
      companion.block_->references.fetch_add(1, std::memory_order_relaxed);
    }
    return companion;
  }
  bool shared() const { return holders() > 1; }
  /// Handles on the block.
  int holders() const { return block_ == nullptr ? 0 : block_->references.load(std::memory_order_relaxed); }

 private:
  explicit Storage(Block* counted) : block_(counted) {}

  // Not inline: handles die in many places, and this keeps programs small and quick to compile.
  [[gnu::noinline]] static void give_back(Block* block) noexcept {
    if (block->companion != nullptr) const Storage companion(std::exchange(block->companion, nullptr));
    if (block->home != nullptr) {
      block->home->give(block);
    } else {
      if (block->memory != nullptr) block->memory->release(block->data, block->bytes);
      delete block;
    }
  }

  Block* block_ = nullptr;
};

}  // namespace RFPP_ABI
}  // namespace rfpp

#endif
