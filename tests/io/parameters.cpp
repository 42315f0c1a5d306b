#include "rfpp/io/parameters.hpp"

#include <filesystem>

#include "catch.hpp"
#include "model/tiny_networks.hpp"
#include "rfpp/model/hashed.hpp"
#include "rfpp/model/network.hpp"
#include "support.hpp"

using namespace rfpp;
using namespace rfpp::test;
namespace fs = std::filesystem;

namespace {

using Tiny = Network<RestoreFormerPlusPlusTiny>;
using Shapes = std::map<std::string, std::vector<std::int64_t>>;

struct Folder {
  fs::path path = fs::temp_directory_path() / ("rfpp-parameters-" + std::to_string(::getpid()));
  Folder() { fs::create_directories(path); }
  ~Folder() { fs::remove_all(path); }
};

/// A safetensors file of tensors with those names and shapes, all elements `value`.
fs::path write_file(const Folder& folder, const Shapes& shapes, float value = 0.5F) {
  std::vector<io::TensorInfo> infos;
  for (const auto& [name, shape] : shapes) infos.push_back({name, io::DType::float32, shape});
  io::SafetensorsWriter writer(folder.path / "file.safetensors", infos);
  for (const auto& [name, shape] : shapes) {
    const auto count = io::TensorView{io::DType::float32, shape, {}, {}}.count();
    writer.write(name, std::vector<float>(static_cast<std::size_t>(count), value));
  }
  writer.commit();
  return folder.path / "file.safetensors";
}

Shapes with_prefix(const std::string& prefix, const Shapes& shapes) {
  Shapes out;
  for (const auto& [name, shape] : shapes) out[prefix + name] = shape;
  return out;
}

bool all_parameters_same(const Tiny& a, const Tiny& b) {
  bool same = true;
  walk([&](const std::string&, const auto& x,
           const auto& y) { same = same && same_bits(io::raw(x), io::raw(y)); },
       a, b);
  return same;
}

}  // namespace

TEST_CASE("parameters survive a round trip through a file") {
  const Folder folder;
  Tiny model, read;
  fill_hashed(model);
  io::save_parameters(model, folder.path / "a.safetensors");
  io::load_parameters(read, folder.path / "a.safetensors");
  CHECK(all_parameters_same(model, read));
  io::save_parameters(model, folder.path / "b.safetensors", io::DType::float16);
  io::load_parameters(read, folder.path / "b.safetensors");
  walk([](const std::string& name, const auto& x,
          const auto& y) { check_close(io::raw(y), io::raw(x), 1e-3, name); },
       model, read);
  CHECK(!all_parameters_same(model, read));
}

TEST_CASE("a filter is read from (O, I, H, W) into {O, H, W, I}") {
  const Folder folder;
  Conv2d<ConvolutionSpec{2, 3, 3}> conv, expected;
  fill_hashed(expected);
  io::save_parameters(expected, folder.path / "conv.safetensors");
  const auto file = io::Checkpoint::open(folder.path / "conv.safetensors");
  CHECK(file.at("weight").shape == std::vector<std::int64_t>{3, 2, 3, 3});
  std::vector<float> stored(54);
  io::read_elements(file.at("weight"), std::span(stored));
  const Hashed hashed("weight");
  for (std::size_t i = 0; i < stored.size(); ++i)
    CHECK(stored[i] == static_cast<float>(std::sqrt(3.0 / 18) * hashed(i)));
}

TEST_CASE("prefixes and wrappers are found, the training losses' networks ignored") {
  const Folder folder;
  const Shapes shapes = io::parameter_shapes(Tiny{});
  for (const std::string prefix : {"", "vqvae.", "state_dict.vqvae.", "params.", "params_ema."}) {
    INFO(prefix);
    Shapes all = with_prefix(prefix, shapes);
    all["loss.discriminator.main.0.weight"] = {64, 3, 4, 4};
    all[prefix + "loss.perceptual_loss.lin0.model.1.weight"] = {1, 64, 1, 1};
    all["optimizer_states.0.exp_avg"] = {7};
    if (prefix.empty()) all.erase("optimizer_states.0.exp_avg");
    Tiny model;
    const auto path = write_file(folder, all);
    CHECK(io::find_prefix(io::Checkpoint::open(path), shapes) == prefix);
    io::load_parameters(model, path);
    CHECK(model.decoder.conv_out.bias.data()[0] == 0.5F);
  }
  Shapes both = with_prefix("params.", shapes);
  both.merge(with_prefix("params_ema.", shapes));
  CHECK(io::find_prefix(io::Checkpoint::open(write_file(folder, both)), shapes) == "params_ema.");
}

TEST_CASE("missing, unexpected and misshapen parameters are all in one error, and the model is unchanged") {
  const Folder folder;
  Shapes shapes = io::parameter_shapes(Tiny{});
  shapes.erase("encoder.conv_in.bias");
  shapes.erase("quant_conv.weight");
  shapes["decoder.surprise"] = {1};
  shapes["decoder.conv_out.weight"] = {3, 32, 1, 1};
  const auto path = write_file(folder, shapes);
  Tiny model, before;
  fill_hashed(model);
  fill_hashed(before);
  const auto message = error_of([&] { io::load_parameters(model, path); });
  CHECK(message == path.string() +
                       ": its parameters are not the network's; 2 missing: encoder.conv_in.bias, "
                       "quant_conv.weight; 1 unexpected: "
                       "decoder.surprise; 1 of another shape: decoder.conv_out.weight (expected (3, 32, 3, "
                       "3), found (3, 32, 1, 1))");
  CHECK(all_parameters_same(model, before));

  const auto not_finite = write_file(folder, io::parameter_shapes(Tiny{}), std::nanf(""));
  CHECK(contains(error_of([&] { io::load_parameters(model, not_finite); }), "holds NaN or infinity"));
  CHECK(all_parameters_same(model, before));
}

TEST_CASE("parameters of a type that is not read are missing for that reason") {
  const std::string header = R"({"model.weight":{"dtype":"F8_E4M3","shape":[2],"data_offsets":[0,2]},
                                 "model.bias":{"dtype":"U8","shape":[2],"data_offsets":[2,4]}})";
  std::string bytes(8, '\0');
  bytes[0] = static_cast<char>(header.size());
  bytes += header + "1234";
  const auto file = io::Checkpoint::parse(std::as_bytes(std::span(bytes)), "w");
  const Shapes shapes{{"weight", {2}}, {"bias", {2}}};
  CHECK(io::find_prefix(file, shapes) == "model.");
  CHECK(io::text_of(io::compare_parameters(shapes, file), 20) ==
        "1 missing: weight (of type F8_E4M3, which is not read)");
}

TEST_CASE("the three forms of published checkpoints hold the same network") {
  const std::string golden = RFPP_TEST_DATA "/../../../shared/golden/restoreformer_pp_tiny";
  if (!fs::exists(golden + ".lightning.ckpt")) {
    WARN("not run: the golden checkpoints (8 to 16 MB) are not part of the repository");
    return;
  }
  Tiny expected, model;
  fill_hashed(expected);
  for (const char* form : {".lightning.ckpt", ".legacy.pth"}) {
    INFO(form);
    io::load_parameters(model, golden + form);
    CHECK(all_parameters_same(model, expected));
  }
  const auto half = io::Checkpoint::open(golden + ".half.pth");
  const auto mismatch = io::compare_parameters(model, half);
  CHECK(mismatch.missing.empty());
  CHECK(mismatch.misshapen.empty());
  CHECK(mismatch.extra == std::vector<std::string>{"view"});
}
