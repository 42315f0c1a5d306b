#include "cpu/allocation_counter.hpp"
#include "model/tiny_networks.hpp"
#include "rfpp/cpu/prepare.hpp"
#include "rfpp/model/hashed.hpp"
#include "rfpp/model/network.hpp"
#include "support.hpp"

using namespace rfpp;
using namespace rfpp::test;

namespace {

using Tiny = Network<RestoreFormerPlusPlusTiny>;

/// Runs twice, then counts the allocations of three more runs.
template <class F> void check_steady(Cpu& ex, F&& run) {
  run();
  run();
  const std::size_t workspace = ex.workspace().allocations();
  const long before = allocation_count();
  for (int i = 0; i < 3; ++i) run();
  const long after = allocation_count();
  CHECK(after - before == 0);
  CHECK(ex.workspace().allocations() == workspace);
}

}  // namespace

TEST_CASE("allocations are counted") {
  const long before = allocation_count();
  { const Tensor<float> t({1, 2, 3, 4}); }
  const long after = allocation_count();
  CHECK(after > before);
}

TEST_CASE("in the steady state a network allocates nothing once the last result is released") {
  Tiny model;
  fill_hashed(model);
  const auto image = hashed_tensor<float>("input", {2, 16, 24, 3});
  for (int threads : {1, 3}) {
    INFO(threads << " threads");
    Cpu ex(threads);
    check_steady(ex, [&] { model(ex, image); });
  }
  Cpu ex(2);
  prepare(ex, model, RawWeights::drop);
  check_steady(ex, [&] { model(ex, image); });
}

TEST_CASE("the second run allocates nothing already") {
  Tiny model;
  fill_hashed(model);
  const auto image = hashed_tensor<float>("input", {1, 32, 32, 3});
  Cpu ex(2);
  model(ex, image);
  const long before = allocation_count();
  model(ex, image);
  const long after = allocation_count();
  CHECK(after - before == 0);
}

TEST_CASE("a smaller input after a larger one allocates nothing") {
  Tiny model;
  fill_hashed(model);
  const auto large = hashed_tensor<float>("input", {2, 32, 32, 3});
  Cpu ex(2);
  ex.workspace().reserve(std::size_t{64} << 20);
  model(ex, large);
  for (const Extents e : {Extents{1, 32, 32, 3}, {2, 16, 24, 3}, {1, 4, 4, 3}}) {
    const auto image = hashed_tensor<float>("input", e);
    const long before = allocation_count();
    model(ex, image);
    const long after = allocation_count();
    INFO(to_string(e));
    CHECK(after - before == 0);
  }
}

TEST_CASE("a result that is kept is not overwritten by the next run") {
  Tiny model;
  fill_hashed(model);
  const auto image = hashed_tensor<float>("input", {1, 16, 16, 3});
  Cpu ex(2);
  const auto first = model(ex, image).image;
  const auto copy = copy_of(first);
  const auto second = model(ex, hashed_tensor<float>("other", {1, 16, 16, 3})).image;
  CHECK(first.data() != second.data());
  CHECK(same_bits(first, copy));
  CHECK_FALSE(same_bits(first, second));
}
