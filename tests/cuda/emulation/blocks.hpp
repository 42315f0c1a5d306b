#ifndef RFPP_TESTS_CUDA_EMULATION_BLOCKS_HPP
#define RFPP_TESTS_CUDA_EMULATION_BLOCKS_HPP

#include <cstddef>
#include <cstring>
#include <deque>
#include <memory>
#include <vector>

#include "cuda/emulation/tensor_cores.hpp"
#include "cuda/emulation/warpgroups.hpp"
#include "rfpp/cuda/tiles.hpp"

namespace rfpp::test::emulation {

/// Copies to shared memory, which arrive as late as they may: behind the barrier behind the wait. Until then there is
/// NaN.
class Copies {
 public:
  Copies() { unshared_copies = false; }
  void start(void* to, const void* from) {
    std::memset(to, 0xff, chunk);
    runs_.back().push_back({to, from});
  }
  void end_run() { runs_.emplace_back(); }
  void await(std::size_t runs);
  void share() { shared_ = true; }
  void arrive();

 private:
  static constexpr std::size_t chunk = 16;
  struct Copy {
    void* to;
    const void* from;  // null for zeros
  };
  std::deque<std::vector<Copy>> runs_ = std::deque<std::vector<Copy>>(1);
  std::vector<Copy> awaited_;
  bool shared_ = false;
};

/// A block of threads, for cuda::multiply_tile: one thread after the other, from barrier to barrier.
template <class W> class Block {
  static constexpr int threads = 256;

 public:
  using Cores = TensorCores;
  using Warpgroup = W;
  template <class T, int Count> class Own {
   public:
    T& of(int number) { return all_[static_cast<std::size_t>(number)]; }

   private:
    std::unique_ptr<T[]> all_ = std::make_unique<T[]>(Count);
  };
  template <class F> static void each_thread(F&& f) {
    for (int thread = 0; thread < threads; ++thread) f(thread);
  }
  template <int Threads, class F> static void each_team(F&& f) {
    for (int team = 0; team < threads / Threads; ++team) f(team);
  }
  void sync() { copies_.arrive(); }
  void copy(void* to, const void* from, bool there) { copies_.start(to, there ? from : nullptr); }
  void end_copies() { copies_.end_run(); }
  template <int Steps> void await_copies() { copies_.await(Steps); }
  void share_copies() { copies_.share(); }

 private:
  Copies copies_;
};
using ThreadBlock = Block<Warpgroup>;
using OlderThreadBlock = Block<void>;

}  // namespace rfpp::test::emulation

#endif
