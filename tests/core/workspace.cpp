#include "rfpp/core/workspace.hpp"

#include <cstdint>
#include <cstring>
#include <thread>
#include <vector>

#include "support.hpp"

using namespace rfpp;

namespace {

/// Host memory that counts, and that can be told to have none left.
struct CountingMemory final : Memory {
  std::size_t allocations = 0, releases = 0, bytes = 0;
  bool exhausted = false;

  void* allocate(std::size_t n) override {
    if (exhausted) throw Error("out of memory: the test says so");
    ++allocations;
    bytes += n;
    return HostMemory::instance().allocate(n);
  }
  void release(void* data, std::size_t n) noexcept override {
    ++releases;
    bytes -= n;
    HostMemory::instance().release(data, n);
  }
};

std::ptrdiff_t offset(const Storage& a, const Storage& from) {
  return static_cast<const char*>(a.data()) - static_cast<const char*>(from.data());
}

}  // namespace

TEST_CASE("the workspace takes the first hole that is large enough") {
  CountingMemory memory;
  WorkspaceHandle workspace(memory);
  workspace->reserve(4096);
  Storage a(256, *workspace), b(64, *workspace), c(128, *workspace), d(64, *workspace);
  const Storage start = a, end = d;
  const void *hole_256 = a.data(), *hole_128 = c.data();
  CHECK(offset(b, start) == 256);
  CHECK(offset(c, start) == 320);
  CHECK(offset(d, start) == 448);
  const Storage keep_b = b;
  SECTION("first, not best") {
    // The handle `start` keeps the first block: use a workspace of holes of its own.
    Storage p(256, *workspace), q(64, *workspace), r(128, *workspace), s(64, *workspace);
    const void *first = p.data(), *second = r.data();
    p = {};
    r = {};
    const Storage small(100, *workspace);
    CHECK(small.data() == first);  // 128 of the 256
    const Storage rest(128, *workspace);
    CHECK(offset(rest, small) == 128);
    const Storage next(128, *workspace);
    CHECK(next.data() == second);
  }
  SECTION("a hole that is too small is passed over") {
    c = {};
    const Storage large(192, *workspace);
    CHECK(offset(large, start) == 512);
    const Storage fits(128, *workspace);
    CHECK(fits.data() == hole_128);
  }
  CHECK(hole_256 == start.data());
  CHECK(memory.allocations == 1);
}

TEST_CASE("free neighbors coalesce, before, after and on both sides") {
  WorkspaceHandle workspace(HostMemory::instance());
  workspace->reserve(1024);
  Storage a(256, *workspace), b(256, *workspace), c(256, *workspace), d(256, *workspace);
  void *const at_a = a.data(), *const at_b = b.data();
  const std::size_t before = workspace->allocations();
  SECTION("with the one before") {
    a = {};
    b = {};
    CHECK(Storage(512, *workspace).data() == at_a);
  }
  SECTION("with the one after") {
    b = {};
    a = {};
    CHECK(Storage(512, *workspace).data() == at_a);
  }
  SECTION("with both") {
    b = {};
    d = {};
    c = {};
    CHECK(Storage(768, *workspace).data() == at_b);
  }
  SECTION("all") {
    c = {};
    a = {};
    d = {};
    b = {};
    CHECK(Storage(1024, *workspace).data() == at_a);
  }
  CHECK(workspace->allocations() == before);
}

TEST_CASE("reserve makes one unbroken range, once") {
  CountingMemory memory;
  WorkspaceHandle workspace(memory);
  workspace->reserve(5 << 20);
  CHECK(memory.allocations == 1);
  CHECK(workspace->allocated_bytes() == std::size_t{5} << 20);
  workspace->reserve(5 << 20);
  workspace->reserve(1 << 20);
  CHECK(memory.allocations == 1);
  const Storage all(5 << 20, *workspace);
  CHECK(memory.allocations == 1);
  workspace->reserve(64);  // nothing is free
  CHECK(memory.allocations == 2);
}

TEST_CASE("peak_bytes is what reserve needs for the same work") {
  auto work = [](Workspace& w) {
    Storage a(1000, w), b(3000, w);
    a = {};
    const Storage c(500, w), d(900, w);
    b = {};
    const Storage e(5000, w);
  };
  WorkspaceHandle measured(NoMemory::instance());
  measured->reserve(std::size_t{1} << 50);
  work(*measured);
  const std::size_t peak = measured->peak_bytes();
  CHECK(peak == 1024 + 3008 + 960 + 5056);  // c lies where a was; d and e behind b
  CountingMemory memory;
  WorkspaceHandle workspace(memory);
  workspace->reserve(peak);
  work(*workspace);
  CHECK(memory.allocations == 1);
  CHECK(workspace->peak_bytes() == peak);

  CountingMemory scarce;
  WorkspaceHandle smaller(scarce);
  smaller->reserve(peak - 64);
  work(*smaller);
  CHECK(scarce.allocations == 2);
}

TEST_CASE("blocks are aligned to 64 bytes, also those of no bytes, and lie apart") {
  WorkspaceHandle workspace(HostMemory::instance());
  std::vector<Storage> blocks;
  constexpr std::size_t sizes[] = {0, 1, 63, 64, 65, 1000, 0, 100000, 3000000, 7};
  for (std::size_t bytes : sizes) {
    blocks.emplace_back(bytes, *workspace);
    CHECK(reinterpret_cast<std::uintptr_t>(blocks.back().data()) % 64 == 0);
    std::memset(blocks.back().data(), static_cast<int>(blocks.size()), bytes);
  }
  for (std::size_t i = 0; i < blocks.size(); ++i)
    for (std::size_t j = 0; j < i; ++j) CHECK(blocks[i].data() != blocks[j].data());
}

TEST_CASE("a block outlives the owner of its workspace, whose memory returns with the last block") {
  CountingMemory memory;
  Storage a, b;
  {
    WorkspaceHandle workspace(memory);
    a = Storage(1000, *workspace);
    b = a;
    const Storage c(100, *workspace);
  }
  CHECK(memory.releases == 0);
  std::memset(a.data(), 1, 1000);
  a = {};
  CHECK(memory.releases == 0);
  std::thread([last = std::move(b)]() mutable { last = {}; }).join();
  CHECK(memory.releases == 1);
  CHECK(memory.bytes == 0);
}

TEST_CASE("the same work again allocates nothing") {
  CountingMemory memory;
  WorkspaceHandle workspace(memory);
  auto work = [&] {
    std::vector<Storage> blocks;
    for (std::size_t i = 0; i < 40; ++i) {
      blocks.emplace_back(100000 * (i % 7 + 1), *workspace);
      if (i % 3 == 2) blocks.erase(blocks.begin() + static_cast<std::ptrdiff_t>(i / 3));
    }
  };
  work();
  const std::size_t segments = memory.allocations, all = workspace->allocations();
  for (int i = 0; i < 5; ++i) work();
  CHECK(memory.allocations == segments);
  CHECK(workspace->allocations() == all);
}

TEST_CASE("threads may take and give blocks of one workspace") {
  CountingMemory memory;
  {
    WorkspaceHandle workspace(memory);
    std::vector<Storage> handed(4);  // given back by another thread than took them
    auto work = [&](unsigned seed) {
      std::vector<Storage> mine(8);
      for (unsigned i = 0; i < 2000; ++i) {
        seed = seed * 1664525u + 1013904223u;
        Storage& slot = mine[seed >> 29];
        const std::size_t bytes = seed >> 8 & 4095;
        slot = Storage(bytes, *workspace);
        auto* data = static_cast<unsigned char*>(slot.data());
        std::memset(data, static_cast<int>(seed & 255), bytes);
        for (const Storage& s : mine)
          if (s.data() != nullptr && &s != &slot && s.data() == slot.data()) throw Error("handed out twice");
        for (std::size_t j = 0; j < bytes; j += 61)
          if (data[j] != (seed & 255)) throw Error("overwritten by another");
      }
      return std::move(mine[0]);
    };
    std::vector<std::string> errors(4);
    std::vector<std::thread> threads;
    for (unsigned t = 0; t < 4; ++t)
      threads.emplace_back([&, t] { errors[t] = test::error_of([&] { handed[t] = work(t + 1); }); });
    for (auto& thread : threads) thread.join();
    CHECK(errors == std::vector<std::string>(4));
    std::thread([&] { handed.clear(); }).join();
    const std::size_t before = memory.allocations;
    const Storage whole(memory.bytes / memory.allocations, *workspace);  // everything has coalesced
    CHECK(memory.allocations == before);
  }
  CHECK(memory.bytes == 0);
}

TEST_CASE("no memory left is an error, after which the workspace still works") {
  CountingMemory memory;
  WorkspaceHandle workspace(memory);
  Storage a(1000, *workspace);
  memory.exhausted = true;
  CHECK_THROWS_AS(Storage(8 << 20, *workspace), Error);
  CHECK_THROWS_AS(Storage(100, memory), Error);
  CHECK_THROWS_AS(Storage(SIZE_MAX, *workspace), Error);
  CHECK_THROWS_AS(Storage(SIZE_MAX, HostMemory::instance()), Error);
  CHECK_THROWS_AS(workspace->reserve(SIZE_MAX - 1), Error);
  const Storage b(1000, *workspace);  // fits into what is there
  memory.exhausted = false;
  const Storage c(8 << 20, *workspace);
  CHECK(c.data() != nullptr);
}

TEST_CASE("storage counts its handles") {
  CountingMemory memory;
  Storage a(100, memory);
  CHECK_FALSE(a.shared());
  Storage b = a;
  CHECK(a.shared());
  CHECK(a.id() == b.id());
  Storage& alias = b;
  b = alias;
  CHECK(a.shared());
  Storage c = std::move(b);
  CHECK(b.id() == nullptr);  // NOLINT: a moved-from handle is empty
  CHECK(b.data() == nullptr);
  a = {};
  CHECK_FALSE(c.shared());
  CHECK(memory.releases == 0);
  c = {};
  CHECK(memory.releases == 1);
}

TEST_CASE("storage in somebody else's memory keeps the owner alive, and no longer") {
  auto owner = std::make_shared<std::vector<char>>(100);
  const std::weak_ptr<std::vector<char>> watched = owner;
  Storage storage(owner->data() + 10, 50, owner);
  CHECK(storage.data() == owner->data() + 10);
  owner.reset();
  CHECK_FALSE(watched.expired());
  Storage copy = storage;
  storage = {};
  CHECK_FALSE(watched.expired());
  copy = {};
  CHECK(watched.expired());
}

TEST_CASE("an attached storage lives as long as the block it is attached to") {
  CountingMemory memory;
  {
    Storage block(100, memory);
    CHECK(block.attached().id() == nullptr);
    block.attach(Storage(10, memory));
    const Storage copy = block;
    CHECK(copy.attached().id() != nullptr);
    CHECK(copy.attached().id() == block.attached().id());
    block.attach(Storage(20, memory));  // replaces the first
    CHECK(memory.allocations == 3);
    CHECK(memory.releases == 1);
    block.attach({});
    CHECK(memory.releases == 2);
    block.attach(Storage(30, memory));
  }
  CHECK(memory.allocations == memory.releases);
  Storage().attach({});  // nothing to attach to
}

TEST_CASE("an attached part returns to the workspace with its block") {
  CountingMemory memory;
  WorkspaceHandle workspace(memory);
  workspace->reserve(1 << 20);
  const Storage first(1000, *workspace);
  for (int i = 0; i < 10; ++i) {
    Storage block(1 << 19, *workspace);
    block.attach(Storage(1 << 18, *workspace));
  }
  CHECK(memory.allocations == 1);
}
