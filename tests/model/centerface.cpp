#include "rfpp/model/centerface.hpp"

#include "rfpp/cpu/dry_run.hpp"
#include "rfpp/cpu/prepare.hpp"
#include "rfpp/io/parameters.hpp"
#include "rfpp/model/hashed.hpp"
#include "support.hpp"

using namespace rfpp;
using namespace rfpp::test;

namespace {

/// The heads of one network over a hashed image, from a float64 run of the reference (tests/data/detect).
void check_heads(const CenterFaceMaps<float>& maps, const std::string& what) {
  static const auto file = io::Checkpoint::open(RFPP_TEST_DATA "/detect/centerface.safetensors");
  check_close(maps.heatmap, golden<double>(file, "net.heatmap"), 5e-6, what + ": heatmap");
  check_close(maps.scale, golden<double>(file, "net.scale"), 5e-6, what + ": scale");
  check_close(maps.offset, golden<double>(file, "net.offset"), 5e-6, what + ": offset");
  check_close(maps.landmarks, golden<double>(file, "net.landmarks"), 5e-6, what + ": landmarks");
}

}  // namespace

TEST_CASE("CenterFace's heads are the reference's, with the weights that come with the library") {
  CenterFace<> network;
  io::load_parameters(network, RFPP_WEIGHTS "/centerface.safetensors");
  CHECK(count_parameters(network).elements == 1819927);
  const auto image = hashed_tensor<float>("centerface.input", {1, 64, 96, 3}, 127.5, 127.5);
  Cpu ex(2);
  const auto maps = network(ex, image);
  check_heads(maps, "not prepared");
  prepare(ex, network, image.extents(), {}, RawWeights::drop);
  check_heads(network(ex, image), "prepared");
  Cpu one(1);
  CHECK(same_bits(maps.landmarks, network(one, image).landmarks));
}

TEST_CASE("CenterFace needs sides that are multiples of 32, and costs what its authors say") {
  const CenterFace<> network;
  DryRun dry;
  CHECK(error_of([&] {
          network(dry, Tensor<float>::declared({1, 64, 100, 3}));
        }) ==
        "CenterFace: expected images [n,h,w,3] with sides that are multiples of 32, found [1,64,100,3]");
  network(dry, Tensor<float>::declared({1, 512, 512, 3}));
  CHECK(dry.multiply_adds() > 1.2e9);
  CHECK(dry.multiply_adds() < 1.57e9);
}
