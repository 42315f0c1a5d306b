#include "rfpp/model/gpen.hpp"

#include "io/files.hpp"
#include "model/coarse_input.hpp"
#include "model/family.hpp"
#include "model/tiny_families.hpp"

using namespace rfpp;
using namespace rfpp::test;

namespace {

const std::string gpen_data = RFPP_TEST_DATA "/model/";

/// What a style layer makes: what its convolution wrote, and the half that is computed where it is read.
template <class Model>
Tensor<float> features_of(Cpu& ex, const Model& model, const Observer& observer, const std::string& name) {
  const bool constant = name == "generator.conv1";
  const int level = constant ? 0 : std::stoi(name.substr(name.rfind('.') + 1)) / 2 + 1;
  const int layer = Model::levels - level;
  const auto map = observer("ecd" + std::to_string(layer) + (layer == 0 ? ".0.0" : ".0.1"));
  Tensor<float> strength, bias;
  walk(
      [&](const std::string& parameter, const auto& p) {
        if constexpr (std::is_same_v<std::remove_cvref_t<decltype(p)>, Tensor<float>>) {
          if (parameter == name + ".noise.weight") strength = p;
          if (parameter == name + ".activate.bias") bias = p;
        }
      },
      model);
  const int half = bias.extents().c / 2;
  auto drawn = observer(name + ".conv");
  if (drawn.extents().h != map.extents().h)  // transposed, and not blurred yet
    drawn = eval(ex, gpen::activated(blurred(drawn, 1, 2) + channel_slice(bias, 0, half)));
  return eval(ex, concatenate(drawn, gpen::activated(map * strength + channel_slice(bias, half, half))));
}

template <class Model>
void check_gpen_layers(const io::Checkpoint& file, Cpu& ex, const Model& model, const Observer& observer,
                       double bound) {
  for (const auto& [key, view] : file.tensors()) {
    const std::size_t at = key.find(".every_");
    if (at == std::string::npos) continue;
    const std::string name = key.substr(0, at);
    if (name.starts_with("ecd"))
      check_golden(file, name, observer(name + (name == "ecd0" ? ".0.0" : ".0.1")), bound);
    else if (name == "final_linear")
      check_golden(file, name, observer("final_linear.0"), bound);
    else if (name == "generator.style")
      check_golden(file, name, observer("generator.style.8"), bound);
    else if (name.starts_with("generator.to_rgb"))
      check_golden(file, name, observer(name + ".conv"), bound);
    else
      check_golden(file, name, features_of(ex, model, observer, name), bound);
  }
}

void check_full_gpen(PackingPolicy policy, double bound) {
  INFO(described(policy));
  const auto file = io::Checkpoint::open(gpen_data + "gpen_full.safetensors");
  Network<Gpen> model;
  fill_hashed(model);
  Cpu ex;
  const auto input = coarse_input("gpen.input");
  prepare(ex, model, input.extents(), policy);
  Observer observer(ex, model);
  check_golden_image(file, "output", model(observer, input).image, bound);
  check_gpen_layers(file, ex, model, observer, bound);
  prepare(ex, model, input.extents(), policy, RawWeights::drop);
  check_golden_image(file, "output", model(ex, input).image, bound);
}

}  // namespace

TEST_CASE("the tiny GPEN agrees with the golden values layer by layer") {
  const auto file = io::Checkpoint::open(gpen_data + "gpen_tiny.safetensors");
  Network<GpenTiny> model;
  fill_hashed(model);
  Cpu ex(2);
  Observer observer(ex, model);
  const auto input = hashed_tensor<float>("gpen.input", {1, 64, 64, 3});
  check_golden(file, "output", model(observer, input).image, 5e-6);
  check_gpen_layers(file, ex, model, observer, 5e-6);
}

TEST_CASE("full GPEN at 512x512 agrees with the golden values") {
  check_full_gpen(Precision::reference, 2e-5);
  check_full_gpen(Precision::exact, 5e-5);
  check_full_gpen({Precision::exact, /*low_memory*/ true}, 5e-5);
}

TEST_CASE("GPEN has the published parameters") {
  check_published_parameters<Gpen>("gpen_parameters.json", 163, 71'005'223 + 336);
}

TEST_CASE("GPEN has the same bits for any number of threads and in any batch") {
  check_same_bits_everywhere<GpenTiny>(64);
}

TEST_CASE("a saved GPEN is the one that is read") {
  const files::TemporaryFolder folder;
  const auto path = folder.path / "gpen.safetensors";
  Network<GpenTiny> model, read;
  fill_hashed(model);
  io::save_parameters(model, path);
  io::load_parameters(read, path);
  Cpu ex(2);
  const auto input = hashed_tensor<float>("input", {1, 64, 64, 3});
  CHECK(same_bits(model(ex, input).image, read(ex, input).image));
}

TEST_CASE("GPEN runs in the memory that its dry run tells, and refuses other sizes") {
  check_memory_of_dry_run<GpenTiny>(
      64, /*prepared*/ true, [](Cpu& ex, const auto& model, const auto& image) { return model(ex, image); });
  Cpu ex(1);
  CHECK(error_of([&] {
          Network<GpenTiny>{}(ex, Tensor<float>({1, 64, 32, 3}));
        }) == "gpen tiny: expected images [n,64,64,3], found [1,64,32,3]");
}

TEST_CASE("low memory packs GPEN's filters smaller") { check_low_memory(Network<Gpen>{}, 0.65); }
