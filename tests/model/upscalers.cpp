#include "loss_networks.hpp"
#include "rfpp/cpu/prepare.hpp"
#include "rfpp/model/rrdbnet.hpp"
#include "rfpp/model/srvgg.hpp"
#include "support.hpp"

using namespace rfpp;
using namespace rfpp::test;

namespace {

constexpr double upscaler_bar = 1e-5;  // relative L2

/// As it is, and packed for the size of tiles that photos are enlarged in.
template <class Model> void check_upscaler(const std::string& name, std::size_t parameters) {
  Model model;
  fill_golden(model, "");
  CHECK(count_parameters(model).elements == parameters);
  const auto expected =
      golden(io::Checkpoint::open(RFPP_TEST_DATA "/model/upscaler.safetensors"), name + ".output");
  const auto image = hashed_tensor<float>("upscaler.input", {1, 24, 20, 3}, 0.5, 0.5);
  Cpu one(1), two(2);
  const auto plain = model(two, image);
  check_close(plain, expected, upscaler_bar, name);
  CHECK(same_bits(model(one, image), plain));
  prepare(two, model, Extents{1, Model::tile, Model::tile, 3}, {}, RawWeights::drop);
  check_close(model(two, image), expected, upscaler_bar, name + ", prepared");
}

}  // namespace

TEST_CASE("Real-ESRGAN's networks with hashed weights agree with a float64 run of the reference") {
  check_upscaler<RrdbNet<RealEsrganX2Plus>>("x2plus", 16703171);
  check_upscaler<RrdbNet<RealEsrganX4Plus>>("x4plus", 16697987);
  check_upscaler<RrdbNet<RealEsrganX4PlusAnime>>("x4plus_anime_6B", 4467779);
  check_upscaler<SrvggNet<RealEsrGeneralX4V3>>("general_x4v3", 1213296);
  check_upscaler<SrvggNet<RealEsrAnimeVideoV3>>("animevideov3", 621424);
}

TEST_CASE("RRDBNet refuses sides that it cannot unshuffle, and costs what its authors' does") {
  DryRun dry;
  CHECK(error_of([&] {
          RrdbNet<RealEsrganX2Plus>{}(dry, Tensor<float>::declared({1, 24, 21, 3}));
        }) == "pixel_unshuffle: 2 does not divide the sides of [1,24,21,3]");
  RrdbNet<RealEsrganX4Plus>{}(dry, Tensor<float>::declared({1, 32, 32, 3}));
  CHECK(dry.multiply_adds() == Approx(18.4e9).epsilon(0.01));
}
