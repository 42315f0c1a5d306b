#include "rfpp/cpu/dry_run.hpp"

#include "model/tiny_networks.hpp"
#include "rfpp/cpu/prepare.hpp"
#include "rfpp/model/hashed.hpp"
#include "rfpp/model/network.hpp"
#include "support.hpp"

using namespace rfpp;
using namespace rfpp::test;

namespace {

using Tiny = Network<RestoreFormerPlusPlusTiny>;

const Extents sizes[] = {{1, 4, 4, 3}, {1, 16, 16, 3}, {2, 12, 20, 3}, {3, 28, 8, 3}, {1, 40, 56, 3}};

/// A run in a workspace of exactly the dry run's peak needs all of it and no more.
void check_peak(const Tiny& model, Extents e, int threads) {
  INFO(to_string(e) << ", " << threads << " threads");
  DryRun dry(threads);
  model(dry, Tensor<float>::declared(e));
  const std::size_t peak = dry.peak_bytes();
  const auto image = hashed_tensor<float>("input", e);
  Cpu ex(threads);
  ex.workspace().reserve(peak);
  CHECK(ex.workspace().allocated_bytes() == peak);
  for (int run = 0; run < 2; ++run) model(ex, image);
  CHECK(ex.workspace().allocated_bytes() == peak);
  CHECK(ex.workspace().peak_bytes() == peak);

  Cpu smaller(threads);
  smaller.workspace().reserve(peak - 64);
  model(smaller, image);
  CHECK(smaller.workspace().allocated_bytes() > peak - 64);
}

}  // namespace

TEST_CASE("a dry run's peak is what the Cpu executor needs, for any size, batch and threads") {
  Tiny model;
  fill_hashed(model);
  for (const Extents e : sizes)
    for (int threads : {1, 2, 3}) check_peak(model, e, threads);
  Cpu ex(2);
  prepare(ex, model, RawWeights::drop);
  for (const Extents e : sizes)
    for (int threads : {1, 3}) check_peak(model, e, threads);
}

TEST_CASE("a dry run needs no weights, no image and no memory") {
  const Tiny model;
  DryRun small(1), large(2), huge(4);
  model(small, Tensor<float>::declared({1, 16, 16, 3}));
  model(large, Tensor<float>::declared({2, 64, 64, 3}));
  model(huge, Tensor<float>::declared({4, 1024, 1024, 3}));
  CHECK(small.peak_bytes() > 0);
  CHECK(large.peak_bytes() > 10 * small.peak_bytes());
  CHECK(huge.peak_bytes() > std::size_t{4} << 30);
  CHECK(large.multiply_adds() == 32 * small.multiply_adds());
}

TEST_CASE("a dry run counts what the Cpu executor does") {
  Tiny model;
  DryRun dry(1);
  model(dry, Tensor<float>::declared({2, 16, 24, 3}));
  fill_hashed(model);
  Cpu ex(1);
  int convolutions = 0;
  double work = 0;
  ex.on_progress([&](double multiply_adds) {
    ++convolutions;
    work = multiply_adds;
    return true;
  });
  model(ex, hashed_tensor<float>("input", {2, 16, 24, 3}));
  CHECK(dry.convolutions() == convolutions);
  CHECK(dry.multiply_adds() == work);
  CHECK(dry.evaluations() > convolutions);
}

TEST_CASE("a dry run meets the same errors as a run") {
  const Tiny model;
  DryRun dry(1);
  CHECK_THROWS_AS(model(dry, Tensor<float>::declared({1, 16, 17, 3})), Error);
  const auto x = Tensor<float>::declared({1, 4, 4, 3}), y = Tensor<float>::declared({1, 4, 5, 3});
  CHECK(contains(error_of([&] { eval(dry, x + y); }), "[1,4,5,3]"));
}
