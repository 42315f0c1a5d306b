#include <filesystem>
#include <map>

#include "catch.hpp"
#include "rfpp/cpu/prepare.hpp"
#include "rfpp/model/hashed.hpp"
#include "rfpp/model/network.hpp"
#include "support.hpp"
#include "tiny_networks.hpp"

using namespace rfpp;
using namespace rfpp::test;

namespace {

constexpr double bar = 5e-6;  // relative L2 of every stored tensor

/// A Cpu that keeps what every convolution wrote, by the convolution's name in the model.
class Observer {
 public:
  template <class Model> Observer(Cpu& ex, const Model& model) : ex_(ex) {
    walk(
        [&](const std::string& name, const auto& p) {
          if constexpr (is_filter<std::remove_cvref_t<decltype(p)>>)
            names_[p.raw().id()] = name.substr(0, name.rfind('.'));
        },
        model);
  }
  template <class T> Tensor<T> tensor(Extents e) { return ex_.tensor<T>(e); }
  template <class T, class E> void run(const Tensor<T>& out, const E& e) { ex_.run(out, e); }
  template <class T, class X, class Epilogue>
  void run(const Tensor<T>& out, const Anchor<ConvolutionCore<X>, Epilogue>& a) {
    ex_.run(out, a);
    outputs_[names_.at(a.core.filter.raw().id())] = copy_of(out);
  }
  /// The output of a block or layer: that of its last convolution.
  Tensor<float> operator()(const std::string& name) const {
    for (const char* last : {"", ".conv2", ".proj_out", ".conv"})
      if (const auto found = outputs_.find(name + last); found != outputs_.end()) return found->second;
    FAIL("nothing was observed for " << name);
    return {};
  }

 private:
  Cpu& ex_;
  std::map<const Block*, std::string> names_;
  std::map<std::string, Tensor<float>> outputs_;
};

/// Compares with a golden tensor "name", "name.every_N" or both, whichever the file has.
void check_golden(const io::Checkpoint& file, const std::string& name, const Tensor<float>& found) {
  const std::vector<float> all = to_nchw(found);
  int compared = 0;
  for (const auto& [key, view] : file.tensors()) {
    std::size_t step = 1;
    if (key.starts_with(name + ".every_"))
      step = std::stoul(key.substr(name.size() + 7));
    else if (key != name)
      continue;
    std::vector<float> expected(static_cast<std::size_t>(view.count()));
    io::read_elements(view, std::span(expected));
    std::vector<float> picked;
    for (std::size_t i = 0; i < all.size(); i += step) picked.push_back(all[i]);
    INFO(key << " of " << to_string(found.extents()));
    REQUIRE(picked.size() >= expected.size());
    picked.resize(expected.size());
    CHECK(relative_l2(std::span<const float>(picked), std::span<const float>(expected)) <= bar);
    ++compared;
  }
  INFO(name);
  CHECK(compared > 0);
}

std::vector<int> golden_indices(const io::Checkpoint& file) {
  const auto& view = file.at("indices");
  std::vector<int> indices(static_cast<std::size_t>(view.count()));
  std::memcpy(indices.data(), view.data.data(), view.data.size());
  return indices;
}

template <class Encoded, class Model>
void check_codebook(const io::Checkpoint& file, Cpu& ex, const Model& model, const Encoded& encoded) {
  const auto indices = encoded.indices.elements();
  CHECK(std::vector<int>(indices.begin(), indices.end()) == golden_indices(file));
  const auto loss = codebook_loss(ex, encoded.latent, model.quantize.lookup(encoded.indices));
  CHECK(std::abs(loss.data()[0] / golden<double>(file, "codebook_loss").data()[0] - 1) <= 1e-5);
  if (file.find("perplexity") != nullptr)
    CHECK(std::abs(perplexity(indices, Model::spec.codebook_entries) /
                       golden<double>(file, "perplexity").data()[0] -
                   1) <= 1e-5);
}

template <class Features> void check_features(const io::Checkpoint& file, const Features& features) {
  const std::size_t levels = features.level.size();
  check_golden(file, "hs.in", features.in);
  for (std::size_t i = 0; i + 1 < levels; ++i)
    check_golden(file, "hs.block_" + std::to_string(i), features.level[i]);
  check_golden(file, "hs.block_" + std::to_string(levels - 1) + "_atten", features.level[levels - 1]);
  check_golden(file, "hs.mid_atten", features.middle);
  check_golden(file, "hs.out", features.out);
}

template <class N> void check_tiny(const std::string& path, Extents input) {
  INFO(path);
  const auto file = io::Checkpoint::open(path);
  Network<N> model;
  fill_hashed(model);
  Cpu ex(2);
  Observer observer(ex, model);
  const auto output = model(observer, hashed_tensor<float>("input", input), Keep::all);
  check_golden(file, "output", output.image);
  check_codebook(file, ex, model, output.encoded);
  check_features(file, output.encoded.features);
  for (const auto& [key, view] : file.tensors()) {
    if (!key.starts_with("act.")) continue;
    const std::string name = key.substr(4, key.find(".every_") - 4);
    const bool norm = name == "decoder.norm_out";
    const auto found =
        norm ? bare(eval(ex, model.decoder.norm_out(ex, observer("decoder.up.0.block.2")))) : observer(name);
    check_golden(file, "act." + name, found);
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

  auto pick = [&](int first, int step) {
    auto picked = Tensor<float>::uninitialised({1, 64, 64, 3});
    for (int h = 0; h < 64; ++h)
      for (int w = 0; w < 64; ++w)
        std::copy_n(output.image.data() + ((first + h * step) * 512 + first + w * step) * 3, 3,
                    picked.data() + (h * 64 + w) * 3);
    return picked;
  };
  check_close(pick(0, 8), golden(file, "output.sub8"), image_bar, "output.sub8");
  check_close(pick(200, 1), golden(file, "output.crop"), image_bar, "output.crop");

  double sum = 0, squares = 0;
  for (float v : output.image.elements()) sum += static_cast<double>(v);
  const double count = static_cast<double>(output.image.extents().size()), mean = sum / count;
  for (float v : output.image.elements())
    squares += (static_cast<double>(v) - mean) * (static_cast<double>(v) - mean);
  const auto [low, high] = std::ranges::minmax(output.image.elements());
  const auto stats = golden<double>(file, "output.stats");
  const double deviation = std::sqrt(squares / (count - 1));
  CHECK(std::abs(mean - stats.data()[0]) <= image_bar * deviation);
  CHECK(std::abs(deviation / stats.data()[1] - 1) <= image_bar);
  CHECK(std::abs(static_cast<double>(low) - stats.data()[2]) <= 1e-4 * deviation);
  CHECK(std::abs(static_cast<double>(high) - stats.data()[3]) <= 1e-4 * deviation);
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
