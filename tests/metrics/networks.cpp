#include "rfpp/metrics/networks.hpp"

#include <cmath>
#include <filesystem>
#include <string>

#include "loss_networks.hpp"
#include "rfpp/cpu/cpu.hpp"
#include "rfpp/io/safetensors_writer.hpp"
#include "support.hpp"

using namespace rfpp;
using namespace rfpp::test;

namespace {

const Lpips<float>& golden_lpips() {
  static const auto network = [] {
    Lpips<float> filled;
    fill_golden(filled, "lpips.");
    return filled;
  }();
  return network;
}
const ArcFaceResnet18<float>& golden_arcface() {
  static const auto network = [] {
    ArcFaceResnet18<float> filled;
    fill_golden(filled, "arcface.");
    return filled;
  }();
  return network;
}
Tensor<float> golden_values(const std::string& name) {
  return golden(io::Checkpoint::open(RFPP_TEST_DATA "/metrics/networks.safetensors"), name);
}

}  // namespace

TEST_CASE("LPIPS agrees with the golden values") {
  Cpu ex(2);
  const auto a = hashed_tensor<float>("lpips.a", {2, 64, 64, 3}),
             b = hashed_tensor<float>("lpips.b", {2, 64, 64, 3});
  const auto values = golden_lpips()(ex, a, b);
  const auto expected = golden_values("lpips.value");
  REQUIRE((values.extents() == Extents{2, 1, 1, 1}));
  for (std::size_t n = 0; n < 2; ++n) CHECK(values.data()[n] == Approx(expected.data()[n]).epsilon(1e-5));
  CHECK(metrics::lpips(ex, golden_lpips(), image_of(a, 1), image_of(b, 1)) ==
        static_cast<double>(values.data()[1]));
  // A fused multiply-add leaves the rounding of one of two equal products.
  CHECK(metrics::lpips(ex, golden_lpips(), image_of(a, 1), image_of(a, 1)) < 1e-12);
}

TEST_CASE("the identity network agrees with the golden values") {
  Cpu ex(2);
  const auto x = hashed_tensor<float>("arcface.x", {1, 128, 128, 1});
  const auto y = golden_arcface()(ex, x);
  check_close(reshaped(bare(y), vector_extents(512)),
              reshaped(golden_values("arcface.y"), vector_extents(512)), 1e-5, "arcface");
}

TEST_CASE("the authors' color order is the correct one of images whose red and blue were exchanged") {
  Cpu ex(2);
  const auto a = random_tensor<float>({1, 64, 48, 3}, 1), b = random_tensor<float>({1, 64, 48, 3}, 2);
  const auto swap = [&](const Tensor<float>& t) {
    return metrics::ordered(ex, t, metrics::ColorOrder::authors);
  };
  CHECK(swap(a).data()[0] == a.data()[2]);
  CHECK(same_bits(swap(swap(a)), a));
  CHECK(metrics::lpips(ex, golden_lpips(), a, b, metrics::ColorOrder::authors) ==
        metrics::lpips(ex, golden_lpips(), swap(a), swap(b)));
  const auto correct = metrics::identity_features(ex, golden_arcface(), swap(a));
  const auto authors = metrics::identity_features(ex, golden_arcface(), a, metrics::ColorOrder::authors);
  REQUIRE(correct.size() == 512);
  CHECK(relative_l2(std::span<const float>(authors), std::span<const float>(correct)) < 1e-5);
}

TEST_CASE("the identity distance is an angle") {
  const std::vector<float> x{1, 0}, y{0, 2}, z{-3, 0}, none{0, 0};
  CHECK(metrics::identity_distance(x, x) == 0);
  CHECK(metrics::identity_distance(x, y) == Approx(std::acos(0.0)));
  CHECK(metrics::identity_distance(x, z) == Approx(std::acos(-1.0)));
  CHECK(contains(error_of([&] { metrics::identity_distance(x, none); }), "zero"));
}

TEST_CASE("LPIPS is read from one file, or from torchvision's and the channel weights") {
  const auto folder = std::filesystem::temp_directory_path() / "rfpp_test_lpips";
  std::filesystem::create_directories(folder);
  const auto& network = golden_lpips();
  io::save_parameters(network, folder / "whole.safetensors");
  std::vector<io::TensorInfo> vgg, channels;
  const auto torchvision = [](const std::string& name) { return "features." + name.substr(11); };
  walk(
      [&](const std::string& name, const auto& p) {
        const bool linear = name.starts_with("lin");
        (linear ? channels : vgg)
            .push_back({linear ? name : torchvision(name), io::DType::float32, io::file_shape(p)});
      },
      network);
  {
    io::SafetensorsWriter vgg_file(folder / "vgg.safetensors", vgg),
        channel_file(folder / "lin.safetensors", channels);
    walk(
        [&](const std::string& name, const auto& p) {
          if (name.starts_with("lin"))
            channel_file.write(name, io::channels_first(io::raw(p)));
          else
            vgg_file.write(torchvision(name), io::channels_first(io::raw(p)));
        },
        network);
    vgg_file.commit();
    channel_file.commit();
  }
  const auto equal = [&](const std::vector<std::filesystem::path>& files) {
    Lpips<float> loaded;
    metrics::load_lpips(loaded, files);
    bool same = true;
    walk([&](const std::string&, const auto& a,
             const auto& b) { same = same && same_bits(io::raw(a), io::raw(b)); },
         std::as_const(loaded), network);
    return same;
  };
  CHECK(equal({folder / "whole.safetensors"}));
  CHECK(equal({folder / "lin.safetensors", folder / "vgg.safetensors"}));
  CHECK(contains(error_of([&] { equal({folder / "vgg.safetensors"}); }),
                 "no file holds the parameter lin0.model.1.weight"));
  std::filesystem::remove_all(folder);
}

TEST_CASE("the networks refuse images that they cannot take") {
  Cpu ex(1);
  const Tensor<float> small(Extents{1, 15, 64, 3}), a(Extents{1, 64, 64, 3});
  CHECK(contains(error_of([&] { golden_lpips()(ex, small, small); }), "at least 16x16"));
  CHECK(contains(error_of([&] { golden_lpips()(ex, a, small); }), "[1,15,64,3]"));
  CHECK(contains(error_of([&] { golden_arcface()(ex, a); }), "128x128"));
}
