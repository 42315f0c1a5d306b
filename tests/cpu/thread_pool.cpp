#include "rfpp/cpu/thread_pool.hpp"

#include <array>
#include <atomic>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "catch.hpp"

using namespace rfpp;

namespace {

/// Runs `tasks` tasks and returns whether each ran exactly once, by workers that the pool has.
bool all_run_once(ThreadPool& pool, int tasks) {
  std::vector<int> runs(static_cast<std::size_t>(tasks), 0);                    // each written by one thread
  std::vector<int> by_worker(static_cast<std::size_t>(pool.threads() + 1), 0);  // so is each of these
  std::atomic<bool> in_range = true;
  pool.for_each(tasks, [&](int task, int worker) {
    if (task < 0 || task >= tasks || worker < 0 || worker >= pool.threads()) {
      in_range = false;
      return;
    }
    ++runs[static_cast<std::size_t>(task)];
    ++by_worker[static_cast<std::size_t>(worker)];
  });
  int sum = 0;
  for (int count : by_worker) sum += count;
  return in_range && sum == tasks && runs == std::vector<int>(runs.size(), 1);
}

}  // namespace

TEST_CASE("every task runs exactly once, for 1 to 8 threads") {
  for (int threads = 1; threads <= 8; ++threads) {
    ThreadPool pool(threads);
    CHECK(pool.threads() == threads);
    for (int tasks : {0, 1, 2, 3, 7, 64, 1000}) {
      INFO(threads << " threads, " << tasks << " tasks");
      CHECK(all_run_once(pool, tasks));
    }
  }
}

TEST_CASE("a pool of 0 threads has as many as the machine") {
  ThreadPool pool(0);
  CHECK(pool.threads() >= 1);
  CHECK(all_run_once(pool, 50));
}

TEST_CASE("for_each returns after the last task, and its writes are seen") {
  ThreadPool pool(4);
  std::array<int, 16> values{};
  int wrong = 0;
  for (int round = 1; round <= 3000; ++round) {
    pool.for_each(16, [&](int task, int) { values[static_cast<std::size_t>(task)] = round; });
    for (int v : values) wrong += v != round;
  }
  CHECK(wrong == 0);
}

TEST_CASE("the first exception of a task is thrown again, after which the pool is as before") {
  for (int threads : {1, 2, 3, 8}) {
    ThreadPool pool(threads);
    for (int round = 0; round < 50; ++round) {
      INFO(threads << " threads, round " << round);
      std::atomic<int> started = 0;
      std::string message;
      try {
        pool.for_each(100, [&](int task, int) {
          ++started;
          if (task == round) throw std::invalid_argument("task " + std::to_string(task));
        });
      } catch (const std::invalid_argument& error) {
        message = error.what();
      }
      CHECK(message == "task " + std::to_string(round));
      CHECK(started > round);
      CHECK(all_run_once(pool, 20));
    }
  }
}

TEST_CASE("exceptions of all tasks at once give one, of its own type") {
  ThreadPool pool(8);
  for (int round = 0; round < 50; ++round)
    CHECK_THROWS_AS(pool.for_each(64, [](int, int) { throw std::out_of_range("each"); }), std::out_of_range);
  CHECK_THROWS_AS(pool.for_each(64, [](int, int) { throw 7; }), int);
  CHECK(all_run_once(pool, 64));
}

TEST_CASE("after an exception no further task starts") {
  ThreadPool pool(1);
  int last = -1;
  CHECK_THROWS_AS(pool.for_each(10,
                                [&](int task, int) {
                                  last = task;
                                  if (task == 3) throw std::runtime_error("");
                                }),
                  std::runtime_error);
  CHECK(last == 3);
}

TEST_CASE("pools in several threads do not disturb one another") {
  std::vector<std::thread> callers;
  std::atomic<int> failures = 0;
  for (int caller = 0; caller < 4; ++caller)
    callers.emplace_back([&, caller] {
      ThreadPool pool(1 + caller);
      for (int round = 0; round < 200; ++round)
        if (!all_run_once(pool, 1 + round % 40)) ++failures;
    });
  for (auto& caller : callers) caller.join();
  CHECK(failures == 0);
}

TEST_CASE("a task may use a pool of its own") {
  ThreadPool outer(3);
  std::atomic<int> failures = 0;
  outer.for_each(12, [&](int, int) {
    ThreadPool inner(2);
    for (int tasks : {1, 10, 100})
      if (!all_run_once(inner, tasks)) ++failures;
  });
  CHECK(failures == 0);
}

TEST_CASE("one pool may be used by one thread after another") {
  ThreadPool pool(3);
  bool fine = false;
  for (int i = 0; i < 20; ++i) {
    std::thread([&] { fine = all_run_once(pool, 30); }).join();
    CHECK(fine);
  }
}

TEST_CASE("pools start and stop without having worked") {
  for (int i = 0; i < 50; ++i) ThreadPool pool(1 + i % 8);
  SUCCEED();
}
