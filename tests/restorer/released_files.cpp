#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <string>

#include "catch.hpp"
#include "io/files.hpp"
#include "model/tiny_families.hpp"
#include "rfpp/model/hashed.hpp"
#include "rfpp/restorer.hpp"
#include "rfpp/restorer/networks.hpp"
#include "support.hpp"
#include "torch_file.hpp"

// The forms in which the authors of the networks publish their weights.

using namespace rfpp;
using namespace rfpp::test;

namespace {

constexpr const char* families[] = {"codeformer", "gfpgan", "gpen-bfr-512", "vqfr"};
constexpr std::uintmax_t larger_than_any_network = std::uintmax_t{1} << 30;

/// A model whose parameters are all this number.
template <class Model> Model filled(float value) {
  Model model;
  replace_each(model, [&](const std::string&, auto p) {
    using T = typename decltype(p)::value;
    auto t = Tensor<T>::uninitialized(p.extents());
    std::ranges::fill(t.elements(), static_cast<T>(value));
    io::assign(p, t);
    return p;
  });
  return model;
}

template <class Model> void check_equal(const Model& a, const Model& b) {
  walk(
      [](const std::string& name, const auto& p, const auto& q) {
        INFO(name);
        CHECK(test::same_bits(io::raw(p), io::raw(q)));
      },
      a, b);
}

/// What the model's parameters become in each form of file.
template <class N> void check_forms() {
  INFO(N::name);
  const files::TemporaryFolder folder;
  const auto path = folder.path / "weights.pth";
  Network<N> model;
  fill_hashed(model);
  for (const std::string key : {"", "params", "params_ema", "g_ema", "state_dict"}) {
    INFO("under \"" << key << "\"");
    TorchFile file;
    if (!key.empty()) file.open_dict(key);
    file.add(model);
    file.write(path);
    Network<N> read;
    io::load_parameters(read, path);
    check_equal(read, model);
  }
  // Of a training's file the averaged weights are taken, wherever they are.
  const auto other = filled<Network<N>>(0.5F);
  for (const bool averaged_first : {false, true}) {
    TorchFile file;
    file.open_dict(averaged_first ? "params_ema" : "params");
    file.add(averaged_first ? model : other);
    file.open_dict(averaged_first ? "params" : "params_ema");
    file.add(averaged_first ? other : model);
    file.write(path);
    Network<N> read;
    io::load_parameters(read, path);
    check_equal(read, model);
  }
}

/// A network's parameters as its released file has them, without their values.
io::ParameterShapes shapes_of(const char* network) { return network_named(network).parameters(); }

}  // namespace

TEST_CASE("CodeFormer's weights are read from every form of file") { check_forms<CodeFormerTiny>(); }
TEST_CASE("GFPGAN's weights are read from every form of file") { check_forms<GfpganTiny>(); }
TEST_CASE("GPEN's weights are read from every form of file") { check_forms<GpenTiny>(); }
TEST_CASE("VQFR's weights are read from every form of file") { check_forms<VqfrTiny>(); }

TEST_CASE("a released file is recognized by content, whatever it is called and wrapped in") {
  const files::TemporaryFolder folder;
  const auto path = folder.path / "unnamed";
  for (const char* network : families)
    for (const std::string key : {"", "params", "params_ema", "g_ema"}) {
      INFO(network << " under \"" << key << "\"");
      TorchFile file;
      if (!key.empty()) file.open_dict(key);
      file.add(shapes_of(network));
      file.write(path, larger_than_any_network);
      const auto checkpoint = io::Checkpoint::open(path);
      const NetworkEntry* found = fitting_network(checkpoint);
      REQUIRE(found != nullptr);
      CHECK(std::string(found->info.name) == network);
      CHECK(io::find_prefix(checkpoint, found->parameters()) == (key.empty() ? "" : key + "."));
    }
}

TEST_CASE("a file that nearly fits is one line that says what differs") {
  const files::TemporaryFolder folder;
  const auto path = folder.path / "mixed.pth";
  const auto check_refusal = [&](const io::ParameterShapes& shapes, const std::string& difference) {
    TorchFile file;
    file.open_dict("params_ema");
    file.add(shapes);
    file.write(path, larger_than_any_network);
    const std::string message = test::error_of([&] { Restorer::open(path); });
    INFO(message);
    CHECK(message.starts_with(path.string() + ": "));
    CHECK(test::contains(message, difference));
    CHECK(!test::contains(message, "\n"));
  };
  auto shapes = shapes_of("codeformer");
  shapes.erase("feat_emb.bias");
  check_refusal(shapes, "1 missing: feat_emb.bias");
  shapes = shapes_of("vqfr");
  shapes["conv_body_first.bias"] = {32};
  check_refusal(shapes, "1 unexpected: conv_body_first.bias");
  shapes = shapes_of("gpen-bfr-512");
  shapes["final_linear.0.bias"] = {256};
  check_refusal(shapes, "1 of another shape: final_linear.0.bias (expected (512), found (256))");
}

TEST_CASE("GFPGAN's first version is refused by its name") {
  const files::TemporaryFolder folder;
  const auto path = folder.path / "old.pth";
  auto shapes = shapes_of("gfpgan");
  for (const char* layer : {"conv_body_first", "final_conv"}) {
    auto weight = shapes.extract(std::string(layer) + ".weight");
    weight.key() = std::string(layer) + ".0.weight";
    shapes.insert(std::move(weight));
  }
  shapes["stylegan_decoder.style_convs.0.modulated_conv.smooth.kernel"] = {4, 4};
  for (const std::string key : {"", "params_ema"}) {
    TorchFile file;
    if (!key.empty()) file.open_dict(key);
    file.add(shapes);
    file.write(path, larger_than_any_network);
    CHECK(test::error_of([&] { Restorer::open(path); }) ==
          path.string() +
              ": GFPGAN version 1, which is another network; expected version 1.2, 1.3 or 1.4, such as "
              "GFPGANv1.4.pth");
  }
}

TEST_CASE("every network has its authors' alignment, license and choices") {
  for (const char* network : families) {
    INFO(network);
    const NetworkInfo& info = network_named(network).info;
    const std::string name = network;
    CHECK(info.resolution == 512);
    CHECK((info.license[0] == '\0') == (name == "gfpgan" || name == "vqfr"));
    CHECK(info.fidelity.has_value() == (name == "codeformer" || name == "vqfr"));
    CHECK(info.has_noise == (name == "gfpgan"));
    const bool own_alignment = name == "gpen-bfr-512";
    for (std::size_t i = 0; i < info.alignment.size(); ++i) {
      const photo::Point own = info.alignment[i], ffhq = photo::ffhq_template[i];
      const double distance = std::hypot(own.x - ffhq.x, own.y - ffhq.y);
      CHECK((own_alignment ? distance > 1 && distance < 20 : distance == 0));
    }
  }
  const auto& gpen = network_named("gpen-bfr-512").info;
  CHECK(gpen.alignment[2].x == 256.0768);  // the nose
  CHECK(gpen.alignment[2].y == 303.95917);
  CHECK(gpen.parsed_mask.has_neck);
  CHECK(gpen.smoothed_below == 100);
  CHECK(network_named("gfpgan").info.smoothed_below == 0);
}

TEST_CASE("low memory changes no family's face by more than rounding") {
  io::Image face(512, 512, 3);
  for (int y = 0; y < 512; ++y)
    for (int x = 0; x < 512 * 3; ++x)
      face.row(y)[x] = static_cast<std::uint8_t>(128 + 100 * std::sin(x / 90.0) * std::cos(y / 40.0));
  for (const char* network : families) {
    INFO(network);
    const auto restored = [&](bool low_memory) {
      return Restorer::open({}, {.low_memory = low_memory, .network = network, .hashed = true})
          .restore_face(face);
    };
    const io::Image low = restored(true), full = restored(false);
    REQUIRE(low.samples.size() == full.samples.size());
    int most = 0;
    bool differs = false;
    for (std::size_t i = 0; i < low.samples.size(); ++i) {
      most = std::max(most, std::abs(low.samples[i] - full.samples[i]));
      differs = differs || full.samples[i] != full.samples[0];
    }
    CHECK(differs);
    CHECK(most <= 1);
  }
}
