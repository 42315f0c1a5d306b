// Networks on an emulated GPU: recorded, in every precision, and made again where that does not do.
#include <algorithm>
#include <cmath>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "catch.hpp"
#include "cuda/emulation/device.hpp"
#include "cuda/psnr.hpp"
#include "little_networks.hpp"
#include "model/golden.hpp"
#include "model/tiny_networks.hpp"
#include "rfpp/cuda/mixed_precision.hpp"
#include "rfpp/cuda/recorded_network.hpp"
#include "rfpp/model/hashed.hpp"
#include "support.hpp"

using namespace rfpp;
using namespace rfpp::test;
using Kind = CudaPacking;

namespace {

template <class N> using EmulatedNetwork = RecordedNetwork<N, MixedPrecision<emulation::Device>>;

template <class N> Network<N> hashed_network() {
  Network<N> model;
  fill_hashed(model);
  return model;
}
constexpr Extents little_face{1, 32, 32, 3};

Tensor<float> little_faces(const char* name, int number, float scale = 1) {
  auto faces = hashed_tensor<float>(name, {number, 32, 32, 3});
  for (float& v : faces.elements()) v *= scale;
  return faces;
}

}  // namespace

TEST_CASE("RestoreFormer++ agrees with the golden values, in every precision") {
  using N = RestoreFormerPlusPlusTiny;
  const auto file = io::Checkpoint::open(RFPP_TEST_DATA "/model/restoreformer_pp_tiny.safetensors");
  const auto model = hashed_network<N>();
  const auto expected = golden(file, "output");
  const auto image = hashed_tensor<float>("input", {1, 64, 64, 3});
  Cpu cpu(1);
  const auto check = [&](const char* precision, Packing::Kind encoder, Packing::Kind decoder,
                         auto&& check_image) {
    INFO(precision);
    EmulatedNetwork<N> network(0, model, image.extents(), {encoder, decoder});
    const auto found = network(image);
    CHECK_FALSE(found.repeated);
    const auto indices = found.encoded.indices.elements();
    CHECK(std::vector<int>(indices.begin(), indices.end()) == golden_integers(file, "indices"));
    check_image(found.image);
  };
  const auto exact = [&](const Tensor<float>& found) { CHECK(relative_l2(found, expected) <= 1e-5); };
  const auto within = [&](double bar) {
    return [&cpu, &expected, bar](const Tensor<float>& found) { CHECK(psnr(cpu, found, expected) >= bar); };
  };
  check("split TF32", Kind::split_tf32, Kind::split_tf32, exact);
  check("split float16", Kind::split_float16, Kind::split_float16, exact);
  check("float16", Kind::split_float16, Kind::float16, within(55));
  check("bfloat16", Kind::split_float16, Kind::bfloat16, within(45));
  check("TF32", Kind::split_tf32, Kind::tf32, within(55));
}

TEST_CASE("a device without warpgroups and with little shared memory gives results as exact") {
  const auto all =
      std::exchange(emulation::Device::shared_bytes, std::size_t{99} * 1024);  // of consumer cards
  const auto model = hashed_network<LittleRestorer>();
  const auto face = hashed_tensor<float>("input", little_face);
  Cpu cpu(1);
  const auto expected = model(cpu, face).image;
  const auto error = [&](CudaPrecision precision) {
    RecordedNetwork<LittleRestorer, MixedPrecision<emulation::OlderDevice>> network(0, model, little_face,
                                                                                    precision);
    const auto found = network(face);
    CHECK_FALSE(found.repeated);
    return relative_l2(found.image, expected);
  };
  CHECK(error({Kind::split_tf32, Kind::split_tf32}) <= 1e-5);
  CHECK(error({Kind::split_float16, Kind::split_float16}) <= 1e-5);
  CHECK(error({Kind::split_float16, Kind::float16}) <= 1e-2);
  emulation::Device::shared_bytes = all;
}

TEST_CASE("a recorded network gives the same bits each time, in any batch, and allocates nothing") {
  const auto model = hashed_network<LittleRestorer>();
  const auto batch = hashed_tensor<float>("input", {6, 32, 32, 3});
  EmulatedNetwork<LittleRestorer> many(0, model, batch.extents()), one(0, model, little_face);
  const auto expected = many(batch);
  CHECK_FALSE(expected.repeated);
  const std::size_t bytes = one.allocated_bytes();
  for (int n = 0; n < 6; ++n) {
    const auto found = one(image_of(batch, n));
    CHECK(same_bits(found.image, image_of(expected.image, n)));
    CHECK(same_bits(found.encoded.indices, image_of(expected.encoded.indices, n)));
  }
  CHECK(one.allocated_bytes() == bytes);
  CHECK(same_bits(many(batch).image, expected.image));
}

TEST_CASE("a face beyond the range of float16 is made again, and the next one is not") {
  auto model = hashed_network<LittleRestorer>();
  Cpu cpu(1);
  auto& first = model.decoder.conv_in.weight;
  first.assign(eval(cpu, first.raw() * 1e6));
  const auto face = hashed_tensor<float>("input", little_face);
  const auto expected = model(cpu, face);
  EmulatedNetwork<LittleRestorer> network(0, model, little_face);
  const std::size_t bytes = network.allocated_bytes();
  const auto found = network(face);
  CHECK(found.repeated);
  CHECK(relative_l2(found.image, expected.image) <= 1e-5);
  CHECK(network.allocated_bytes() == bytes);
  CHECK(std::ranges::equal(network.encode(face).indices.elements(), expected.encoded.indices.elements()));
}

TEST_CASE("batches that are started one after the other have the bits of each alone, a part made again") {
  EmulatedNetwork<LittleRestorer> network(0, hashed_network<LittleRestorer>(), {5, 32, 32, 3});
  const std::vector batches{little_faces("a", 1), little_faces("b", 5), little_faces("c", 1)};
  for (float& v : image_of(batches[1], 4).elements()) v *= 1e6F;
  std::vector<EmulatedNetwork<LittleRestorer>::Output> alone;
  for (const auto& batch : batches) alone.push_back(network(batch));
  CHECK_FALSE(alone[0].repeated);
  CHECK(alone[1].repeated);
  const auto start = [&](std::size_t i) -> std::function<EmulatedNetwork<LittleRestorer>::Output()> {
    if (i >= batches.size()) return nullptr;
    const auto images = network.host_tensor(batches[i].extents());
    std::ranges::copy(batches[i].elements(), images.data());
    return network.start(images);
  };

  const auto& memory = emulation::HostMemory::instance();
  for (std::size_t bytes = 0; const int round : {1, 2}) {
    auto next = start(0);
    for (std::size_t i = 0; i < batches.size(); ++i) {
      const auto found = std::exchange(next, start(i + 1))();
      INFO("batch " << i);
      CHECK(found.repeated == alone[i].repeated);
      CHECK(same_bits(found.image, alone[i].image));
      CHECK(same_bits(found.encoded.latent, alone[i].encoded.latent));
      CHECK(same_bits(found.encoded.indices, alone[i].encoded.indices));
    }
    if (round == 2) CHECK(memory.allocated_bytes() == bytes);
    bytes = memory.allocated_bytes();
  }
}

TEST_CASE("results can be waited for in any order, and given up") {
  const auto model = hashed_network<LittleRestorer>();
  EmulatedNetwork<LittleRestorer> network(0, model, little_face);
  const auto a = little_faces("a", 1), b = little_faces("b", 1), c = little_faces("c", 1, 1e6F);
  const auto of_a = network(a), of_b = network(b), of_c = network(c);
  auto first = network.start(a), second = network.start(c), third = network.start(b);
  // Not made again: what failed is another batch's.
  CHECK(same_bits(network.encode(a).latent, of_a.encoded.latent));
  CHECK(same_bits(third().image, of_b.image));
  CHECK(same_bits(second().image, of_c.image));
  CHECK(same_bits(first().image, of_a.image));

  first = network.start(a);
  second = network.start(b);
  first = nullptr;  // its memory is the next batch's
  third = network.start(a);
  CHECK(same_bits(second().image, of_b.image));
  CHECK(same_bits(third().image, of_a.image));
}

TEST_CASE("an error in the second of three batches leaves the others as they are") {
  EmulatedNetwork<LittleRestorer> network(0, hashed_network<LittleRestorer>(), little_face);
  const auto a = little_faces("a", 1), b = little_faces("b", 1);
  Tensor<float> bad(little_face);
  bad.data()[5] = NAN;
  const auto of_a = network(a), of_b = network(b);
  auto first = network.start(a), second = network.start(bad), third = network.start(b);
  CHECK_THROWS_AS(network.start(Tensor<float>({1, 64, 32, 3})), Error);
  CHECK(same_bits(first().image, of_a.image));
  CHECK_THROWS_AS(second(), Error);
  const auto found = third();
  CHECK_FALSE(found.repeated);
  CHECK(same_bits(found.image, of_b.image));

  // As a call ends where its second batch fails: the third is given up.
  second = network.start(bad);
  third = network.start(b);
  CHECK_THROWS_AS(second(), Error);
  third = nullptr;
  CHECK(same_bits(network(a).image, of_a.image));
}

TEST_CASE("after an image with NaN the same faces are made as before") {
  EmulatedNetwork<LittleAutoencoder> network(0, hashed_network<LittleAutoencoder>(), little_face);
  const auto face = hashed_tensor<float>("input", little_face);
  const auto expected = network(face);
  Tensor<float> bad(little_face);
  bad.data()[5] = NAN;
  CHECK_THROWS_AS(network(bad), Error);
  const auto found = network(face);
  CHECK_FALSE(found.repeated);
  CHECK(same_bits(found.image, expected.image));
  Cpu cpu(1);
  CHECK(relative_l2(network.decode_indices(found.encoded.indices), found.image) <= 1e-2);
}
