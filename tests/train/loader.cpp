#include "rfpp/train/loader.hpp"

#include <unistd.h>

#include <set>

#include "faces.hpp"
#include "support.hpp"

using namespace rfpp;
using namespace rfpp::test;

namespace {
SampleSettings settings(bool degrades) {
  return {{1, 5, 0.1, 0.05}, degrade::scaled(degrade::presets::code, 64), degrades};
}
}  // namespace

TEST_CASE("every epoch is a permutation of its own") {
  for (const std::uint64_t n : {1u, 2u, 7u, 64u, 1483u}) {
    std::set<std::uint64_t> seen;
    bool differs = false;
    for (std::uint64_t i = 0; i < n; ++i) {
      const auto p = permuted(i, n, 3, 0);
      CHECK(p < n);
      seen.insert(p);
      differs = differs || p != permuted(i, n, 3, 1);
    }
    CHECK(seen.size() == n);
    CHECK((differs || n < 3));
  }
}

TEST_CASE("batches are the same on any number of threads, and from any batch on") {
  const Folder folder("loader");
  write_faces(folder.path(), 8, 64);
  ThreadPool pool(1);
  const auto data = Dataset::open(folder.path(), Split::train, 64, pool);
  Loader one(data, settings(true), {9, 3, 1, 0}), three(data, settings(true), {9, 3, 3, 0});
  std::vector<FaceBatch> batches;
  for (int i = 0; i < 9; ++i) {
    batches.push_back(one.next());
    const FaceBatch other = three.next();
    CHECK(same_bits(batches.back().truth, other.truth));
    CHECK(same_bits(batches.back().degraded, other.degraded));
    CHECK_FALSE(same_bits(other.truth, other.degraded));
    CHECK(other.samples[1].components->mouth.x == batches.back().samples[1].components->mouth.x);
  }
  Loader later(data, settings(true), {9, 3, 2, 5});
  CHECK(same_bits(later.next().degraded, batches[5].degraded));
}

TEST_CASE("faces that are to be reproduced are degraded by nothing") {
  const Folder folder("clean");
  write_faces(folder.path(), 8, 64);
  ThreadPool pool(1);
  Cpu ex(1);
  const auto data = Dataset::open(folder.path(), Split::train, 64, pool);
  for (std::uint64_t k = 0; k < 8; ++k) {
    const Sample s = make_sample(data, settings(false), 1, k);
    const auto pair = degrade::degrade(ex, s.degradation, s.face);
    for (std::size_t i = 0; i < pair.clean.extents().size(); ++i)
      if (std::abs(pair.clean.data()[i] - pair.degraded.data()[i]) > 1.01f / 255) FAIL("differs at " << i);
  }
}

TEST_CASE("the truth has the changed colors too") {
  const Folder folder("colors");
  write_faces(folder.path(), 8, 64);
  ThreadPool pool(1);
  const auto data = Dataset::open(folder.path(), Split::train, 64, pool);
  SampleSettings changing = settings(false);
  changing.recoloring = {1, 20, 0.4, 0.1};
  const Sample plain = make_sample(data, settings(false), 1, 3), changed = make_sample(data, changing, 1, 3);
  recolor(plain.face, *draw(changing.recoloring, {1, 3, 16}));
  CHECK(same_bits(plain.face, changed.face));
}

TEST_CASE("an error in a loader's thread reaches who waits for a batch") {
  const Folder folder("error");
  write_faces(folder.path(), 4, 64);
  ThreadPool pool(1);
  const auto data = Dataset::open(folder.path(), Split::train, 64, pool);
  SampleSettings impossible = settings(true);
  impossible.degradation.quality = {300, 300};
  Loader loader(data, impossible, {1, 2, 2, 0});
  CHECK(contains(error_of([&] { loader.next(); }), "jpeg"));
}
