#include "rfpp/model/vqfr.hpp"

#include <fstream>
#include <nlohmann/json.hpp>

#include "model/family.hpp"
#include "model/tiny_families.hpp"

using namespace rfpp;
using namespace rfpp::test;

namespace {

constexpr std::pair<const char*, double> vqfr_fidelities[] = {{"f0.0", 0}, {"f0.5", 0.5}, {"f1.0", 1}};

/// The network as it is planned: with its main branch.
struct PlannedVqfr : Network<Vqfr> {
  auto operator()(auto& ex, const Tensor<float>& image) const { return Network::operator()(ex, image, 1); }
};

/// The output of the layer or level that the file calls `name`.
template <class Model>
Tensor<float> vqfr_output(Cpu& ex, const Model& model, const Observer& observer, const std::string& name) {
  constexpr int levels = Model::spec.levels;
  if (name == "encoder") return observer("encoder.conv_out.2");
  if (name.ends_with("mid_blocks")) return observer(name + ".2");
  if (name.ends_with(".warp")) return observer(name.substr(0, name.size() - 4) + "dcn");
  if (name.ends_with(".offset")) {
    const std::string warp = name.substr(0, name.size() - 6);
    Tensor<float> found;
    const auto take = [&](const auto& level) {
      if (warp == "main_branch.align_func_dict.Level_" + std::to_string(level.reduction) + ".")
        found = bare(eval(ex, silu(level.warp.join_norm(ex, observer(warp + "offset_conv2.0")))));
    };
    std::apply([&](const auto&... level) { (take(level), ...); }, model.main_branch.levels);
    return found;
  }
  const int number = name.back() - '0';
  if (name.starts_with("encoder.blocks"))
    return observer(name + (number == 0 ? ".1" : number == levels - 1 ? ".4" : ".2"));
  if (name.starts_with("decoder.blocks")) return observer(name + (number == 0 ? ".3" : ".2"));
  return observer(name);
}

template <class Model>
void check_vqfr_layers(const io::Checkpoint& file, Cpu& ex, const Model& model, const Observer& observer,
                       double bar) {
  int compared = 0;
  for (const auto& [key, view] : file.tensors()) {
    const auto every = key.find(".every_");
    if (every == std::string::npos) continue;
    const std::string name = key.substr(0, every);
    check_golden(file, name, vqfr_output(ex, model, observer, name), bar);
    ++compared;
  }
  CHECK(compared > 10);
}

void check_full_vqfr(PackingPolicy policy, double logits_bar, double image_bar) {
  const auto file = io::Checkpoint::open(RFPP_TEST_DATA "/model/vqfr2_full.safetensors");
  Network<Vqfr> model;
  fill_hashed(model);
  Cpu ex;
  constexpr Extents input{1, 512, 512, 3};
  prepare(ex, model, plan_packing(PlannedVqfr{}, input, policy));
  const auto image = hashed_tensor<float>("input", input);
  for (const auto& [name, fidelity] : vqfr_fidelities) {
    INFO(name << ", " << described(policy));
    const auto output = model(ex, image, fidelity);
    check_golden_indices(file, output.encoded.indices);
    check_close(part_of_logits(output.encoded.logits), golden(file, "logits.sub"), logits_bar, "logits");
    check_golden_image(file, name + std::string(".output"), output.image, image_bar);
  }
  if (policy.precision != Precision::reference) return;
  Observer observer(ex, model);
  model(observer, image, 1);
  check_vqfr_layers(file, ex, model, observer, image_bar);
}

}  // namespace

TEST_CASE("VQFR's parameters have the published checkpoint's names and shapes") {
  const auto expected = nlohmann::json::parse(std::ifstream(RFPP_TEST_DATA "/model/vqfr2_parameters.json"));
  CHECK(io::parameter_shapes(Network<Vqfr>{}) == expected.get<io::ParameterShapes>());
  CHECK(count_parameters(Network<Vqfr>{}).elements == 83'486'539);
}

TEST_CASE("the tiny VQFR agrees with the golden values layer by layer") {
  const auto file = io::Checkpoint::open(RFPP_TEST_DATA "/model/vqfr2_tiny.safetensors");
  constexpr double bar = 5e-6;
  Network<VqfrTiny> model;
  fill_hashed(model);
  Cpu ex(2);
  for (const auto& [name, fidelity] : vqfr_fidelities) {
    INFO(name);
    Observer observer(ex, model);
    const auto output = model(observer, hashed_tensor<float>("input", {1, 64, 64, 3}), fidelity);
    check_golden_indices(file, output.encoded.indices);
    check_close(reshaped(output.encoded.logits, matrix_extents(256, 64)), golden(file, "logits"), bar,
                "logits");
    check_golden(file, name + std::string(".output"), output.image, bar);
    if (fidelity == 1) check_vqfr_layers(file, ex, model, observer, bar);
  }
}

TEST_CASE("full VQFR at 512x512 agrees with the golden values") {
  check_full_vqfr(Precision::reference, 5e-6, 2e-5);
  check_full_vqfr(Precision::exact, 1e-5, 5e-5);
  check_full_vqfr({Precision::exact, /*low_memory*/ true}, 1e-5, 5e-5);
}

TEST_CASE("VQFR has the same bits for any number of threads, in any batch, and prepared or not") {
  Network<VqfrTiny> model;
  fill_hashed(model);
  const auto batch = hashed_tensor<float>("input", {2, 32, 48, 3});
  Cpu one(1), three(3);
  const auto expected = copy_of(model(one, batch, 1).image);
  CHECK(same_bits(model(three, batch, 1).image, expected));
  for (int n = 0; n < 2; ++n)
    CHECK(same_bits(model(one, image_of(batch, n), 1).image, image_of(expected, n)));
  struct Planned : Network<VqfrTiny> {
    auto operator()(Cpu& ex, const Tensor<float>& image) const { return Network::operator()(ex, image, 1); }
  };
  prepare(one, model, plan_packing(Planned{}, batch.extents()), RawWeights::drop);
  CHECK(relative_l2(model(one, batch, 1).image, expected) <= 5e-6);
}

TEST_CASE("VQFR runs in the memory that its dry run tells") {
  check_memory_of_dry_run<VqfrTiny>(
      64, /*prepared*/ false,
      [](Cpu& ex, const auto& model, const auto& image) { return model(ex, image, 1); });
}

TEST_CASE("low memory packs VQFR's filters smaller") { check_low_memory(PlannedVqfr{}, 0.65); }
