// Full-size networks on a GPU, against the processor. Needs a GPU.
#include <algorithm>
#include <cmath>

#include "catch.hpp"
#include "cuda/gpu_network.hpp"
#include "cuda/psnr.hpp"
#include "rfpp/cpu/prepare.hpp"
#include "rfpp/model/hashed.hpp"
#include "rfpp/model/registry.hpp"
#include "support.hpp"

using namespace rfpp;
using namespace rfpp::test;
using Kind = CudaPacking;

namespace {

template <class N> constexpr Extents face{1, N::spec.resolution, N::spec.resolution, 3};

template <class N> auto on_gpu(const Network<N>& model, CudaPrecision precision) {
  return network_on_gpu(0, model, face<N>, precision, Keep::decoder_needs);
}

template <class N> void check_network() {
  INFO(N::name);
  Network<N> model;
  fill_hashed(model);
  const auto image = hashed_tensor<float>("input", face<N>);
  const auto exact = on_gpu(model, {Kind::split_tf32, Kind::split_tf32})->run(image);
  const auto exact_too = on_gpu(model, {Kind::split_float16, Kind::split_float16})->run(image);
  const auto half = on_gpu(model, {})->run(image);
  const auto brain = on_gpu(model, {Kind::split_float16, Kind::bfloat16})->run(image);
  const auto tf32 = on_gpu(model, {Kind::split_tf32, Kind::tf32})->run(image);

  Cpu cpu;
  prepare(cpu, model, face<N>, {Precision::reference});
  const auto expected = model(cpu, image);
  CHECK(relative_l2(exact.image, expected.image) <= 1e-5);
  CHECK(relative_l2(exact_too.image, expected.image) <= 1e-5);
  CHECK(psnr(cpu, half.image, expected.image) >= 55);
  // 47.1 dB with tensor cores' arithmetic written out for a processor: 2 dB of margin.
  CHECK(psnr(cpu, brain.image, expected.image) >= 45);
  CHECK(psnr(cpu, tf32.image, expected.image) >= 55);
  for (const auto& found : {exact, exact_too, half, brain, tf32}) {
    CHECK_FALSE(found.repeated);
    if constexpr (N::spec.start == Latent::dictionary)
      CHECK(std::ranges::equal(found.encoded.indices.elements(), expected.encoded.indices.elements()));
  }
}

}  // namespace

TEST_CASE("full-size networks on a GPU agree with the processor, in every precision") {
  PublishedNetworks::for_each([](auto n) { check_network<decltype(n)>(); });
}

TEST_CASE("a face beyond the range of float16 is made again with other numbers") {
  using N = RestoreFormerPlusPlusMedium;
  Network<N> model;
  fill_hashed(model);
  auto& first = model.decoder.conv_in.weight;
  Cpu cpu(1);
  first.assign(eval(cpu, first.raw() * 1e6));
  const auto image = hashed_tensor<float>("input", face<N>);
  const auto output = on_gpu(model, {})->run(image);
  CHECK(output.repeated);
  CHECK(std::ranges::all_of(output.image.elements(), [](float v) { return std::isfinite(v); }));
}

TEST_CASE("a device that is not there, and an image of another size, are refused in one sentence") {
  using N = RohqdMedium;
  Network<N> model;
  fill_hashed(model);
  CHECK_THROWS_WITH(network_on_gpu(99, model, face<N>, {}, Keep::decoder_needs),
                    Catch::Matchers::StartsWith("CUDA: expected a device of 0 to "));
  const auto network = on_gpu(model, {});
  CHECK_THROWS_WITH(network->run(hashed_tensor<float>("input", {1, 64, 64, 3})),
                    "network on a GPU: prepared for [1,256,256,3], found [1,64,64,3]");
  CHECK_NOTHROW(network->run(hashed_tensor<float>("input", face<N>)));
}
