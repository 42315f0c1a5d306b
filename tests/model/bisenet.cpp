#include "rfpp/model/bisenet.hpp"

#include "loss_networks.hpp"
#include "rfpp/cpu/prepare.hpp"
#include "support.hpp"

using namespace rfpp;
using namespace rfpp::test;

TEST_CASE("BiSeNet with hashed weights agrees with a float64 run of the reference, class by class") {
  const auto file = io::Checkpoint::open(RFPP_TEST_DATA "/model/bisenet.safetensors");
  BiSeNet<> network;
  fill_golden(network, "");
  std::size_t statistics = 0;
  walk(
      [&](const std::string& path, const auto& p) {
        if (is_running_statistic(path)) statistics += p.extents().size();
      },
      network);
  CHECK(count_parameters(network).elements - statistics == 13300416);

  Cpu ex(2), one(1);
  const auto image = hashed_tensor<float>("bisenet.input", {1, 64, 96, 3});
  const auto logits = bare(network(ex, image));
  check_close(every_nth_pixel(logits, 2), golden(file, "s64x96.out.sub2"), 1e-5, "out");
  CHECK(same_bits(logits, bare(network(one, image))));
  const auto f = network.features(ex, image);
  check_close(every_nth_pixel(bare(network.out16(ex, f.u16, image.extents())), 4),
              golden(file, "s64x96.out16.sub4"), 1e-5, "out16");
  check_close(every_nth_pixel(bare(network.out32(ex, f.u32, image.extents())), 4),
              golden(file, "s64x96.out32.sub4"), 1e-5, "out32");

  prepare(ex, network, Extents{1, 512, 512, 3}, {}, RawWeights::drop);
  const auto large = bare(network(ex, hashed_tensor<float>("bisenet.input", {1, 512, 512, 3})));
  check_close(every_nth_pixel(large, 16), golden(file, "s512.out.sub16"), 1e-5, "512x512");
  check_classes(every_nth_pixel(large, 4), file, "s512", 1e-4);
}
