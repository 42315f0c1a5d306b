#ifndef RFPP_CPU_THREAD_POOL_HPP
#define RFPP_CPU_THREAD_POOL_HPP

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <thread>
#include <type_traits>
#include <vector>

#include "rfpp/core/config.hpp"

namespace rfpp {
inline namespace RFPP_ABI {

/// A fixed set of threads that work through numbered tasks. The thread that calls for_each is one of them.
class ThreadPool {
 public:
  /// 0: as many as the machine has.
  explicit ThreadPool(int threads = 0)
      : threads_(threads > 0 ? threads : std::max(1, static_cast<int>(std::thread::hardware_concurrency()))) {
    workers_.reserve(static_cast<std::size_t>(threads_ - 1));
    for (int i = 1; i < threads_; ++i) workers_.emplace_back([this, i] { serve(i); });
  }
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;
  ~ThreadPool() {
    {
      std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    wake_.notify_all();
    for (auto& worker : workers_) worker.join();
  }

  int threads() const { return threads_; }

  /// f(task, worker) for every task in [0, tasks), worker in [0, threads()). Which worker gets a task is not
  /// determined: results must not depend on it. The first exception is thrown again here.
  template <class F> void for_each(int tasks, F&& f) {
    run(tasks, &f, [](void* function, int task, int worker) {
      (*static_cast<std::remove_reference_t<F>*>(function))(task, worker);
    });
  }

 private:
  using Call = void(void* function, int task, int worker);

  // Compiled once, not again for every kernel.
  void run(int tasks, void* function, Call* call) {
    if (threads_ == 1 || tasks <= 1) {
      for (int task = 0; task < tasks; ++task) call(function, task, 0);
      return;
    }
    {
      std::lock_guard lock(mutex_);
      call_ = call;
      function_ = function;
      tasks_ = tasks;
      next_ = 0;
      failure_ = nullptr;
      busy_ = threads_ - 1;
      ++round_;
    }
    wake_.notify_all();
    work(0);
    std::unique_lock lock(mutex_);
    done_.wait(lock, [this] { return busy_ == 0; });
    if (failure_) std::rethrow_exception(failure_);
  }
  void serve(int worker) {
    unsigned seen = 0;
    for (;;) {
      {
        std::unique_lock lock(mutex_);
        wake_.wait(lock, [&] { return stopping_ || round_ != seen; });
        if (stopping_) return;
        seen = round_;
      }
      work(worker);
      std::lock_guard lock(mutex_);
      if (--busy_ == 0) done_.notify_one();
    }
  }
  void work(int worker) {
    for (int task; (task = next_.fetch_add(1, std::memory_order_relaxed)) < tasks_;) {
      try {
        call_(function_, task, worker);
      } catch (...) {
        std::lock_guard lock(mutex_);
        if (!failure_) failure_ = std::current_exception();
        next_ = tasks_;
      }
    }
  }

  const int threads_;
  std::vector<std::thread> workers_;
  std::mutex mutex_;
  std::condition_variable wake_, done_;
  bool stopping_ = false;
  unsigned round_ = 0;
  int busy_ = 0, tasks_ = 0;
  std::atomic<int> next_{0};
  void (*call_)(void*, int, int) = nullptr;
  void* function_ = nullptr;
  std::exception_ptr failure_;
};

}  // namespace RFPP_ABI
}  // namespace rfpp

#endif
