#include <fstream>
#include <map>
#include <nlohmann/json.hpp>

#include "catch.hpp"
#include "rfpp/cpu/dry_run.hpp"
#include "rfpp/cpu/prepare.hpp"
#include "rfpp/io/parameters.hpp"
#include "rfpp/model/hashed.hpp"
#include "rfpp/model/network.hpp"
#include "support.hpp"
#include "tiny_networks.hpp"

using namespace rfpp;
using namespace rfpp::test;

namespace {

template <class N> void check_parameters(const nlohmann::json& expected) {
  INFO(N::name);
  const auto found = io::parameter_shapes(Network<N>{});
  CHECK(found == expected.at(N::name).template get<std::map<std::string, std::vector<std::int64_t>>>());
}

struct TinyDegradedOnly {
  static constexpr const char* name = "degraded only";
  static constexpr NetworkSpec spec = tiny_spec(4, 16, Fusion::none, Latent::degraded);
};
struct TinyDegradedSelf {
  static constexpr const char* name = "degraded, self-attention";
  static constexpr NetworkSpec spec = tiny_spec(4, 16, Fusion::self_attention, Latent::degraded);
};
struct TinySft {
  static constexpr const char* name = "spatial feature transform";
  static constexpr NetworkSpec spec = tiny_spec(4, 16, Fusion::spatial_feature_transform);
};
struct TinyCrossDegraded {
  static constexpr const char* name = "cross-attention, residual on the degraded stream";
  static constexpr NetworkSpec spec = tiny_spec(4, 16, Fusion::cross_attention_degraded);
};
struct TinyThreeScales {
  static constexpr const char* name = "three scales";
  static constexpr NetworkSpec spec = tiny_spec(4, 16 | 32 | 64, Fusion::cross_attention_prior);
};

/// Runs a variant; its output must be finite and depend on the input, and a dry run must know its memory.
template <class N> void check_variant() {
  INFO(N::name);
  Network<N> model;
  fill_hashed(model);
  const Extents input{1, 32, 48, 3};
  DryRun dry(2);
  model(dry, Tensor<float>::declared(input));
  Cpu ex(2);
  ex.workspace().reserve(dry.peak_bytes());
  const auto a = copy_of(model(ex, hashed_tensor<float>("input", input)).image);
  const auto b = copy_of(model(ex, hashed_tensor<float>("another", input)).image);
  CHECK(ex.workspace().allocated_bytes() == dry.peak_bytes());
  CHECK((a.extents() == input));
  for (float v : a.elements()) REQUIRE(std::isfinite(v));
  CHECK(!same_bits(a, b));
}

template <class N> ParameterCount count() { return count_parameters(Network<N>{}); }

}  // namespace

TEST_CASE("parameter names and shapes are those of the published checkpoints") {
  const auto expected = nlohmann::json::parse(std::ifstream(RFPP_TEST_DATA "/model/parameters.json"));
  check_parameters<RestoreFormerPlusPlus>(expected);
  check_parameters<RestoreFormer>(expected);
  check_parameters<Rohqd>(expected);
}

TEST_CASE("a dry run of RestoreFormer++ counts what the paper's network has") {
  const Network<RestoreFormerPlusPlus> model;
  DryRun dry;
  model(dry, Tensor<float>::declared({1, 512, 512, 3}));
  CHECK(dry.convolutions() == 130);
  CHECK(std::abs(dry.multiply_adds() / 1e9 - 341.6) < 0.05);
  CHECK(count<RestoreFormerPlusPlus>().tensors == 441);
  CHECK(count<RestoreFormerPlusPlus>().elements == 73'472'579);
  CHECK(dry.peak_bytes() < 320'000'000);
}

TEST_CASE("parameters of the other networks and ablation variants") {
  CHECK(count<RestoreFormer>().tensors == 405);
  CHECK(count<RestoreFormer>().elements == 72'680'003);
  CHECK(count<Rohqd>().tensors == 405);
  CHECK(count<ablation::CrossAttentionPriorThreeScales>().elements == 74'265'155);
  CHECK(count<ablation::PriorSelfAttention>().elements == count<Rohqd>().elements);
  CHECK(count<ablation::CrossAttentionPrior>().elements == count<RestoreFormer>().elements);
  CHECK(count<ablation::CrossAttentionDegraded>().elements == count<RestoreFormer>().elements);
  // Without attention the decoder loses four blocks of two norms and four 1x1 convolutions.
  const std::size_t attention = 4 * 512 + 4 * (512 * 512 + 512);
  CHECK(count<ablation::DegradedOnly>().elements ==
        count<ablation::DegradedSelfAttention>().elements - 4 * attention);
  CHECK(count<ablation::SpatialFeatureTransform>().elements ==
        count<ablation::DegradedOnly>().elements + 4 * 4 * (512 * 512 * 9 + 512));
}

TEST_CASE("every ablation variant runs in the memory that its dry run tells") {
  check_variant<TinyDegradedOnly>();
  check_variant<TinyDegradedSelf>();
  check_variant<RohqdTiny>();
  check_variant<TinySft>();
  check_variant<TinyCrossDegraded>();
  check_variant<RestoreFormerTiny>();
  check_variant<RestoreFormerPlusPlusTiny>();
  check_variant<TinyThreeScales>();
}

TEST_CASE("the network has the same bits for any number of threads and in any batch") {
  Network<RestoreFormerPlusPlusTiny> model;
  fill_hashed(model);
  const auto batch = hashed_tensor<float>("input", {3, 32, 48, 3});
  Cpu one(1);
  const auto expected = model(one, batch);
  for (int threads : {2, 3}) {
    Cpu ex(threads);
    const auto found = model(ex, batch);
    CHECK(same_bits(found.image, expected.image));
    CHECK(same_bits(found.encoded.indices, expected.encoded.indices));
  }
  for (int n = 0; n < 3; ++n)
    CHECK(same_bits(model(one, image_of(batch, n)).image, image_of(expected.image, n)));
}

TEST_CASE("a second run allocates nothing once the first result is released") {
  Network<RestoreFormerPlusPlusTiny> model;
  fill_hashed(model);
  Cpu ex(2);
  prepare(ex, model);
  const auto input = hashed_tensor<float>("input", {1, 64, 64, 3});
  const auto first = copy_of(model(ex, input).image);
  const auto allocations = ex.workspace().allocations();
  const auto bytes = ex.workspace().allocated_bytes();
  CHECK(same_bits(model(ex, input).image, first));
  CHECK(ex.workspace().allocations() == allocations);
  CHECK(ex.workspace().allocated_bytes() == bytes);
}

TEST_CASE("decoding the indices alone is what the autoencoder does") {
  Network<RohqdTiny> model;
  fill_hashed(model);
  Cpu ex(2);
  const auto output = model(ex, hashed_tensor<float>("input", {1, 64, 64, 3}));
  CHECK(same_bits(model.decode_indices(ex, output.encoded.indices), output.image));
}

TEST_CASE("wrong inputs are one clear error") {
  Network<RestoreFormerPlusPlusTiny> model;
  Cpu ex(1);
  auto message = [&](Extents e) { return error_of([&] { model(ex, Tensor<float>(e)); }); };
  CHECK(message({1, 63, 64, 3}) ==
        "restoreformer++ tiny: expected an image [n,h,w,3] with sides that are multiples of 4, found "
        "[1,63,64,3]");
  CHECK(contains(message({1, 64, 64, 4}), "found [1,64,64,4]"));
  CHECK(contains(message({1, 64, 64, 3}), "never loaded"));
  fill_hashed(model);
  auto image = hashed_tensor<float>("input", {1, 64, 64, 3});
  image.data()[100] = std::nanf("");
  CHECK(contains(error_of([&] { model(ex, image); }), "NaN"));
}
