#include <filesystem>

#include "catch.hpp"
#include "model/golden.hpp"
#include "rfpp/cpu/prepare.hpp"
#include "rfpp/model/hashed.hpp"
#include "rfpp/model/network.hpp"
#include "support.hpp"
#include "tiny_networks.hpp"

using namespace rfpp;
using namespace rfpp::test;

namespace {

constexpr double bar = 5e-6;  // relative L2 of every stored tensor

template <class Encoded, class Model>
void check_codebook(const io::Checkpoint& file, Cpu& ex, const Model& model, const Encoded& encoded) {
  const auto indices = encoded.indices.elements();
  CHECK(std::vector<int>(indices.begin(), indices.end()) == golden_integers(file, "indices"));
  const auto loss = codebook_loss(ex, encoded.latent, model.quantize.lookup(encoded.indices));
  CHECK(std::abs(loss.data()[0] / golden<double>(file, "codebook_loss").data()[0] - 1) <= 1e-5);
  if (file.find("perplexity") != nullptr)
    CHECK(std::abs(perplexity(indices, Model::spec.codebook_entries) /
                       golden<double>(file, "perplexity").data()[0] -
                   1) <= 1e-5);
}

template <class Features> void check_features(const io::Checkpoint& file, const Features& features) {
  const std::size_t levels = features.level.size();
  check_golden(file, "hs.in", features.in, bar);
  for (std::size_t i = 0; i + 1 < levels; ++i)
    check_golden(file, "hs.block_" + std::to_string(i), features.level[i], bar);
  check_golden(file, "hs.block_" + std::to_string(levels - 1) + "_atten", features.level[levels - 1], bar);
  check_golden(file, "hs.mid_atten", features.middle, bar);
  check_golden(file, "hs.out", features.out, bar);
}

template <class N> void check_tiny(const std::string& path, Extents input) {
  INFO(path);
  const auto file = io::Checkpoint::open(path);
  Network<N> model;
  fill_hashed(model);
  Cpu ex(2);
  Observer observer(ex, model);
  const auto output = model(observer, hashed_tensor<float>("input", input), Keep::all);
  check_golden(file, "output", output.image, bar);
  check_codebook(file, ex, model, output.encoded);
  check_features(file, output.encoded.features);
  for (const auto& [key, view] : file.tensors()) {
    if (!key.starts_with("act.")) continue;
    const std::string name = key.substr(4, key.find(".every_") - 4);
    const bool norm = name == "decoder.norm_out";
    const auto found =
        norm ? bare(eval(ex, model.decoder.norm_out(ex, observer("decoder.up.0.block.2")))) : observer(name);
    check_golden(file, "act." + name, found, bar);
  }
}

/// The image is held to a bar of its own: rounding grows on the way through the decoder.
template <class N> void check_full(const std::string& path, Precision precision, double image_bar) {
  INFO(path << ", precision " << static_cast<int>(precision));
  const auto file = io::Checkpoint::open(path);
  Network<N> model;
  fill_hashed(model);
  Cpu ex;
  constexpr Extents input{1, 512, 512, 3};
  prepare(ex, model, input, precision, RawWeights::drop);
  const auto output = model(ex, hashed_tensor<float>("input", input), Keep::all);
  check_codebook(file, ex, model, output.encoded);
  check_features(file, output.encoded.features);
  check_golden_image(file, "output", output.image, image_bar);
}

const std::string data = RFPP_TEST_DATA "/model/";

}  // namespace

TEST_CASE("tiny networks agree with the golden values block by block") {
  check_tiny<RestoreFormerPlusPlusTiny>(data + "restoreformer_pp_tiny.safetensors", {1, 64, 64, 3});
  check_tiny<RestoreFormerTiny>(data + "restoreformer_tiny.safetensors", {1, 64, 64, 3});
  check_tiny<RohqdTiny>(data + "rohqd_tiny.safetensors", {1, 64, 64, 3});
}

TEST_CASE("a batch of another size agrees with the golden values block by block") {
  check_tiny<RestoreFormerPlusPlusTiny>(data + "restoreformer_pp_tiny_b2_48x80.safetensors", {2, 48, 80, 3});
}

TEST_CASE("every element of the tiny RestoreFormer++ agrees with the golden values") {
  const std::string path = RFPP_TEST_DATA "/../../../shared/golden/restoreformer_pp_tiny.safetensors";
  if (!std::filesystem::exists(path)) {
    WARN("not run: the unabridged golden file (12 MB) is not part of the repository");
    return;
  }
  check_tiny<RestoreFormerPlusPlusTiny>(path, {1, 64, 64, 3});
}

TEST_CASE("full RestoreFormer++ at 512x512 agrees with the golden values") {
  check_full<RestoreFormerPlusPlus>(data + "restoreformer_pp_full.safetensors", Precision::reference, bar);
  check_full<RestoreFormerPlusPlus>(data + "restoreformer_pp_full.safetensors", Precision::exact, 3e-5);
}
TEST_CASE("full RestoreFormer at 512x512 agrees with the golden values") {
  check_full<RestoreFormer>(data + "restoreformer_full.safetensors", Precision::reference, bar);
  check_full<RestoreFormer>(data + "restoreformer_full.safetensors", Precision::exact, 3e-5);
}
TEST_CASE("full ROHQD at 512x512 agrees with the golden values") {
  check_full<Rohqd>(data + "rohqd_full.safetensors", Precision::reference, bar);
  check_full<Rohqd>(data + "rohqd_full.safetensors", Precision::exact, 3e-5);
}
