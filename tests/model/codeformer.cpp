#include "rfpp/model/codeformer.hpp"

#include <fstream>
#include <nlohmann/json.hpp>

#include "model/family.hpp"
#include "model/tiny_families.hpp"

using namespace rfpp;
using namespace rfpp::test;

namespace {

/// The settings that golden values exist for, by their names.
struct CodeFormerSetting {
  const char* name;
  CodeFormerOptions options;
};
constexpr CodeFormerSetting codeformer_settings[] = {
    {"w0", {0, false}}, {"w0.5", {0.5, false}}, {"w1", {1, false}}, {"w0.5_adain", {0.5, true}}};

/// Every block that the file has a part of, under `prefix` in the file.
template <class Model>
void check_codeformer_blocks(const io::Checkpoint& file, const std::string& prefix, const Model& model,
                             Cpu& ex, const Observer& observer, double bar) {
  int compared = 0;
  for (const auto& [key, view] : file.tensors()) {
    const auto every = key.find(".every_");
    if (!key.starts_with(prefix) || every == std::string::npos) continue;
    const std::string name = key.substr(prefix.size(), every - prefix.size());
    const bool of_setting = name.starts_with("generator") || name.starts_with("fuse");
    if (of_setting != !prefix.empty() || name.starts_with("w")) continue;
    const auto block_before = [&](const std::string& blocks, int count) {
      return observer(blocks + ".blocks." + std::to_string(count - 3));
    };
    Tensor<float> found;
    if (name == "encoder.blocks." + std::to_string(Model::encoder_list.count - 2))
      found = eval(ex, bare(model.encoder.template get<Model::encoder_list.count - 2>()(
                           ex, block_before("encoder", Model::encoder_list.count))));
    else if (name == "generator.blocks." + std::to_string(Model::generator_list.count - 2))
      found = eval(ex, bare(model.generator.template get<Model::generator_list.count - 2>()(
                           ex, block_before("generator", Model::generator_list.count))));
    else
      found = observer(name);
    const Extents e = found.extents();
    if (e.h == 1) found = reshaped(found, {e.w, 1, 1, e.c});  // the file has (tokens, 1, width)
    INFO(prefix << name);
    const std::vector<float> all = to_nchw(found);
    const auto step = std::stoul(key.substr(every + 7));
    std::vector<float> expected(static_cast<std::size_t>(view.count())), part;
    io::read_elements(view, std::span(expected));
    for (std::size_t i = 0; i < all.size() && part.size() < expected.size(); i += step)
      part.push_back(all[i]);
    REQUIRE(part.size() == expected.size());
    CHECK(relative_l2(std::span<const float>(part), std::span<const float>(expected)) <= bar);
    ++compared;
  }
  CHECK(compared > 0);
}

void check_full_codeformer(PackingPolicy policy, double logits_bar, double image_bar) {
  const auto file = io::Checkpoint::open(RFPP_TEST_DATA "/model/codeformer_full.safetensors");
  Network<CodeFormer> model;
  fill_hashed(model);
  Cpu ex;
  constexpr Extents input{1, 512, 512, 3};
  prepare(ex, model, input, policy, RawWeights::drop);
  const auto image = hashed_tensor<float>("input", input);
  for (const auto& setting : codeformer_settings) {
    INFO(setting.name << ", " << described(policy));
    const auto output = model(ex, image, setting.options);
    check_golden_indices(file, output.encoded.indices);
    check_close(part_of_logits(output.encoded.logits), golden(file, "logits.sub"), logits_bar, "logits");
    check_golden_image(file, setting.name + std::string(".output"), output.image, image_bar);
  }
}

}  // namespace

TEST_CASE("CodeFormer's parameters have the published checkpoint's names and shapes") {
  const auto expected =
      nlohmann::json::parse(std::ifstream(RFPP_TEST_DATA "/model/codeformer_parameters.json"));
  CHECK(io::parameter_shapes(Network<CodeFormer>{}) == expected.get<io::ParameterShapes>());
  CHECK(count_parameters(Network<CodeFormer>{}).elements == 94'112'707);
}

TEST_CASE("a dry run of CodeFormer counts the convolutions of the paper's network") {
  const Network<CodeFormer> model;
  DryRun fused, plain;
  model(fused, Tensor<float>::declared({1, 512, 512, 3}));
  model(plain, Tensor<float>::declared({1, 512, 512, 3}), {.fidelity = 0});
  CHECK(std::abs(fused.multiply_adds() / 1e9 - 398.8) < 0.05);
  CHECK(std::abs(plain.multiply_adds() / 1e9 - 289.8) < 0.05);
  CHECK(fused.peak_bytes() < 350'000'000);
}

TEST_CASE("the tiny CodeFormer agrees with the golden values block by block") {
  const auto file = io::Checkpoint::open(RFPP_TEST_DATA "/model/codeformer_tiny.safetensors");
  constexpr double bar = 5e-6;
  Network<CodeFormerTiny> model;
  fill_hashed(model);
  Cpu ex(2);
  for (const auto& setting : codeformer_settings) {
    INFO(setting.name);
    Observer observer(ex, model);
    const auto output = model(observer, hashed_tensor<float>("input", {1, 64, 64, 3}), setting.options);
    check_golden_indices(file, output.encoded.indices);
    check_close(reshaped(output.encoded.logits, matrix_extents(256, 64)), golden(file, "logits"), bar,
                "logits");
    check_golden(file, setting.name + std::string(".output"), output.image, bar);
    check_codeformer_blocks(file, "", model, ex, observer, bar);
    if (std::string(setting.name) == "w0.5") check_codeformer_blocks(file, "w0.5.", model, ex, observer, bar);
  }
}

TEST_CASE("full CodeFormer at 512x512 agrees with the golden values") {
  check_full_codeformer(Precision::reference, 5e-6, 5e-6);
  check_full_codeformer(Precision::exact, 1e-5, 2e-5);
  check_full_codeformer({Precision::exact, /*low_memory*/ true}, 1e-5, 2e-5);
}

TEST_CASE("CodeFormer has the same bits for any number of threads and in any batch") {
  Network<CodeFormerTiny> model;
  fill_hashed(model);
  const auto batch = hashed_tensor<float>("input", {3, 64, 64, 3});
  Cpu one(1), three(3);
  const auto expected = model(one, batch), found = model(three, batch);
  CHECK(same_bits(found.image, expected.image));
  CHECK(same_bits(found.encoded.logits, expected.encoded.logits));
  for (int n = 0; n < 3; ++n)
    CHECK(same_bits(model(one, image_of(batch, n)).image, image_of(expected.image, n)));
}

TEST_CASE("CodeFormer runs in the memory that its dry run tells") {
  for (const double fidelity : {0.0, 0.5})
    check_memory_of_dry_run<CodeFormerTiny>(64, /*prepared*/ false,
                                            [&](Cpu& ex, const auto& model, const auto& image) {
                                              return model(ex, image, {.fidelity = fidelity});
                                            });
}

TEST_CASE("low memory packs CodeFormer's filters smaller") { check_low_memory(Network<CodeFormer>{}, 0.65); }

TEST_CASE("wrong inputs of CodeFormer are one clear error") {
  Network<CodeFormerTiny> model;
  fill_hashed(model);
  Cpu ex(1);
  CHECK(error_of([&] {
          model(ex, Tensor<float>(Extents{1, 64, 96, 3}));
        }) ==
        "codeformer tiny: expected images [n,64,64,3], for its tokens have learned places; found "
        "[1,64,96,3]");
  auto image = hashed_tensor<float>("input", {1, 64, 64, 3});
  image.data()[100] = std::nanf("");
  CHECK(contains(error_of([&] { model(ex, image); }), "NaN"));
}
