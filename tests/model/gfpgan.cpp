#include "rfpp/model/gfpgan.hpp"

#include "model/coarse_input.hpp"
#include "model/family.hpp"
#include "model/tiny_families.hpp"

using namespace rfpp;
using namespace rfpp::test;

namespace {

const std::string gfpgan_data = RFPP_TEST_DATA "/model/";
constexpr StyleNoise stored{StyleNoise::Kind::stored}, no_noise{StyleNoise::Kind::none};

/// A golden layer of which the file holds every n-th element, beside what `found` has at the same places.
struct Sampled {
  std::vector<float> expected;
  std::size_t step = 0;

  Sampled(const io::Checkpoint& file, const std::string& name) {
    for (const auto& [key, view] : file.tensors()) {
      if (!key.starts_with(name + ".every_")) continue;
      step = std::stoul(key.substr(name.size() + 7));
      expected.resize(static_cast<std::size_t>(view.count()));
      io::read_elements(view, std::span(expected));
    }
    REQUIRE(step > 0);
  }
};

/// An upsampling style layer's golden output is the one before scale and shift, which are in its epilogue
/// here: they are applied to the golden values, too.
void check_conditioned(const io::Checkpoint& file, const std::string& name, const Observer& observer,
                       int level, double bar) {
  const std::string index = std::to_string(level);
  const auto found =
      observer("stylegan_decoder.style_convs." + std::to_string(2 * level) + ".modulated_conv");
  const auto all = to_nchw(found), scale = to_nchw(observer("condition_scale." + index + ".2")),
             shift = to_nchw(observer("condition_shift." + index + ".2"));
  Sampled golden(file, name);
  std::vector<float> picked;
  const std::size_t half = all.size() / 2;
  for (std::size_t k = 0; k < golden.expected.size(); ++k) {
    const std::size_t i = k * golden.step;
    picked.push_back(all[i]);
    if (i >= half) golden.expected[k] = golden.expected[k] * scale[i - half] + shift[i - half];
  }
  INFO(name);
  CHECK(relative_l2(std::span<const float>(picked), std::span<const float>(golden.expected)) <= bar);
}

/// Everything that the file has of a run with stored noise.
template <class Model>
void check_layers(const io::Checkpoint& file, Cpu& ex, const Model& model, const Observer& observer,
                  double bar) {
  for (const auto& [key, view] : file.tensors()) {
    const std::size_t at = key.find(".every_");
    if (at == std::string::npos) continue;
    const std::string name = key.substr(0, at), index = name.substr(name.rfind('.') + 1);
    const bool upsampling = name.find("style_convs") != std::string::npos && std::stoi(index) % 2 == 0;
    if (upsampling)
      check_conditioned(file, name, observer, std::stoi(index) / 2, bar);
    else if (name.starts_with("conv_body_"))
      check_golden(file, name, observer(name + ".conv2"), bar);
    else if (name.starts_with("condition_"))
      check_golden(file, name, observer(name + ".2"), bar);
    else if (name.starts_with("stylegan_decoder."))
      check_golden(file, name, observer(name + ".modulated_conv"), bar);
    else if (name == "final_linear")
      check_golden(file, name, observer(name), bar);
  }
  const auto check_rgb = [&]<std::size_t... I>(std::index_sequence<I...>) {
    (check_golden(
         file, "toRGB." + std::to_string(I),
         bare(eval(ex, std::get<I>(model.to_rgb)(observer("conv_body_up." + std::to_string(I) + ".conv2")))),
         bar),
     ...);
  };
  check_rgb(std::make_index_sequence<Model::levels>{});
}

void check_full_gfpgan(PackingPolicy policy, double bar) {
  INFO(described(policy));
  const auto file = io::Checkpoint::open(gfpgan_data + "gfpgan_full.safetensors");
  Network<Gfpgan> model;
  fill_hashed(model);
  Cpu ex;
  const auto input = coarse_input("gfpgan.input");
  prepare(ex, model, input.extents(), policy);
  Observer observer(ex, model);
  check_golden_image(file, "noise_registered.output", model(observer, input, stored).image, bar);
  check_layers(file, ex, model, observer, bar);
  for (const RawWeights raw : {RawWeights::keep, RawWeights::drop}) {
    if (raw == RawWeights::drop) prepare(ex, model, input.extents(), policy, raw);
    check_golden_image(file, "noise_off.output", model(ex, input, no_noise).image, bar);
  }
}

}  // namespace

TEST_CASE("the tiny GFPGAN agrees with the golden values layer by layer") {
  const auto file = io::Checkpoint::open(gfpgan_data + "gfpgan_tiny.safetensors");
  Network<GfpganTiny> model;
  fill_hashed(model);
  Cpu ex(2);
  Observer observer(ex, model);
  const auto input = hashed_tensor<float>("gfpgan.input", {1, 64, 64, 3});
  check_golden(file, "noise_registered.output", model(observer, input, stored).image, 5e-6);
  check_layers(file, ex, model, observer, 5e-6);
  check_golden(file, "noise_off.output", model(ex, input, no_noise).image, 5e-6);
}

TEST_CASE("full GFPGAN at 512x512 agrees with the golden values") {
  check_full_gfpgan(Precision::reference, 2e-5);
  check_full_gfpgan(Precision::exact, 5e-5);
  check_full_gfpgan({Precision::exact, /*low_memory*/ true}, 5e-5);
}

TEST_CASE("GFPGAN has the published parameters") {
  check_published_parameters<Gfpgan>("gfpgan_parameters.json", 285, 86'444'252 + 699'024);
}

TEST_CASE("GFPGAN has the same bits for any number of threads and in any batch") {
  check_same_bits_everywhere<GfpganTiny>(64);
}

TEST_CASE("GFPGAN's noise is a function of its seed") {
  Network<GfpganTiny> model;
  fill_hashed(model);
  Cpu ex(2);
  const auto input = hashed_tensor<float>("input", {1, 64, 64, 3});
  const auto run = [&](std::uint64_t seed) {
    return copy_of(model(ex, input, {StyleNoise::Kind::seeded, seed}).image);
  };
  const auto first = run(1), other = run(2);
  CHECK(!same_bits(first, other));
  CHECK(same_bits(run(1), first));
}

TEST_CASE("GFPGAN runs in the memory that its dry run tells, and refuses other sizes") {
  check_memory_of_dry_run<GfpganTiny>(
      64, /*prepared*/ true, [](Cpu& ex, const auto& model, const auto& image) { return model(ex, image); });
  Cpu ex(1);
  CHECK(error_of([&] {
          Network<GfpganTiny>{}(ex, Tensor<float>({1, 64, 32, 3}));
        }) == "gfpgan tiny: expected images [n,64,64,3], found [1,64,32,3]");
}

TEST_CASE("low memory packs GFPGAN's filters smaller") { check_low_memory(Network<Gfpgan>{}, 0.65); }
