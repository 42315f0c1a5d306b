#include "rfpp/model/parsenet.hpp"

#include "loss_networks.hpp"
#include "rfpp/cpu/dry_run.hpp"
#include "rfpp/cpu/prepare.hpp"
#include "support.hpp"

using namespace rfpp;
using namespace rfpp::test;

namespace {

const ParseNet<>& hashed_parsenet() {
  static const ParseNet<> network = [] {
    ParseNet<> n;
    fill_golden(n, "");
    return n;
  }();
  return network;
}

}  // namespace

TEST_CASE("ParseNet with hashed weights agrees with a float64 run of the reference") {
  const auto file = io::Checkpoint::open(RFPP_TEST_DATA "/model/parsenet.safetensors");
  const ParseNet<>& network = hashed_parsenet();
  CHECK(count_parameters(network).elements == 21303254 + 16640);  // and the running statistics
  Cpu ex(2);
  const auto wide = hashed_tensor<float>("parsenet.input", {1, 48, 80, 3});
  const auto logits = bare(network(ex, wide));
  check_close(logits, golden(file, "s48x80.mask"), 1e-5, "48x80");
  Cpu one(1);
  CHECK(same_bits(logits, bare(network(one, wide))));
  const auto features = network.features(ex, hashed_tensor<float>("parsenet.input", {1, 64, 64, 3}));
  check_close(bare(eval(ex, network.image(features))), golden(file, "s64.image"), 1e-5, "image");
}

TEST_CASE("full ParseNet at 512x512, prepared, agrees with the reference, class by class") {
  const auto file = io::Checkpoint::open(RFPP_TEST_DATA "/model/parsenet.safetensors");
  ParseNet<> network = hashed_parsenet();
  Cpu ex(2);
  prepare(ex, network, Extents{1, 512, 512, 3}, {}, RawWeights::drop);
  const auto logits = bare(network(ex, hashed_tensor<float>("parsenet.input", {1, 512, 512, 3})));
  check_close(every_nth_pixel(logits, 16), golden(file, "s512.mask.sub16"), 1e-5, "512x512");
  check_classes(every_nth_pixel(logits, 4), file, "s512", 1e-4);
}

TEST_CASE("ParseNet refuses sizes that it cannot halve four times, and costs what its authors' does") {
  const ParseNet<> network;
  DryRun dry;
  CHECK(error_of([&] {
          network(dry, Tensor<float>::declared({1, 512, 500, 3}));
        }) ==
        "ParseNet: expected faces [n,h,w,3] with sides that are multiples of 16 from 32 on, found "
        "[1,512,500,3]");
  network(dry, Tensor<float>::declared({1, 512, 512, 3}));
  CHECK(dry.multiply_adds() == Approx(234e9).epsilon(0.01));
}
