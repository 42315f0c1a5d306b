#include "catch.hpp"
#include "rfpp/eigen/eigen_cpu.hpp"
#include "rfpp/model/hashed.hpp"
#include "rfpp/model/network.hpp"
#include "support.hpp"

using namespace rfpp;
using namespace rfpp::test;

TEST_CASE("full RestoreFormer++ at 512x512 agrees with the golden values on Eigen") {
  const auto file = io::Checkpoint::open(RFPP_TEST_DATA "/model/restoreformer_pp_full.safetensors");
  Network<RestoreFormerPlusPlus> model;
  fill_hashed(model);
  EigenCpu ex;
  const auto output = model(ex, hashed_tensor<float>("input", {1, 512, 512, 3}));
  const auto& indices = file.at("indices");
  REQUIRE(indices.data.size() == output.encoded.indices.elements().size_bytes());
  CHECK(std::memcmp(indices.data.data(), output.encoded.indices.data(), indices.data.size()) == 0);
  const auto pick = [&](int first, int step) {
    auto picked = Tensor<float>::uninitialized({1, 64, 64, 3});
    for (int h = 0; h < 64; ++h)
      for (int w = 0; w < 64; ++w)
        std::copy_n(output.image.data() + ((first + h * step) * 512 + first + w * step) * 3, 3,
                    picked.data() + (h * 64 + w) * 3);
    return picked;
  };
  check_close(pick(0, 8), golden(file, "output.sub8"), 5e-6, "output.sub8");
  check_close(pick(200, 1), golden(file, "output.crop"), 5e-6, "output.crop");
}
