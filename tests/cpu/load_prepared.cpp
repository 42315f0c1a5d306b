#include "rfpp/cpu/load_prepared.hpp"

#include <filesystem>
#include <fstream>

#include "model/tiny_networks.hpp"
#include "rfpp/model/hashed.hpp"
#include "rfpp/model/network.hpp"
#include "support.hpp"

using namespace rfpp;
using namespace rfpp::test;
namespace fs = std::filesystem;

namespace {

using Tiny = Network<RestoreFormerPlusPlusTiny>;
constexpr Extents face{1, 64, 64, 3};

/// A folder with a checkpoint, and what the network makes of an image.
struct SavedTiny {
  fs::path folder = fs::temp_directory_path() / ("rfpp-load-prepared-" + std::to_string(::getpid()));
  fs::path checkpoint = folder / "weights.safetensors", cache = folder / "weights.packed";
  Cpu ex{2};
  Tensor<float> image = hashed_tensor<float>("face", face);
  Tensor<float> expected;

  SavedTiny() {
    fs::create_directories(folder);
    Tiny model;
    fill_hashed(model);
    io::save_parameters(model, checkpoint);
    prepare(ex, model, face);
    expected = copy_of(model(ex, image).image);
  }
  ~SavedTiny() { fs::remove_all(folder); }
};

}  // namespace

TEST_CASE_METHOD(SavedTiny, "loaded and packed at once, a model is what loading and packing make of it") {
  Tiny model;
  load_prepared(ex, model, checkpoint, face);
  CHECK(same_bits(model(ex, image).image, expected));
  CHECK_FALSE(model.encoder.conv_in.weight.has_raw());
  load_prepared(ex, model, checkpoint, face, {Precision::exact, true});
  check_close(model(ex, image).image, expected, 1e-4, "low memory");
  CHECK(contains(error_of([&] { load_prepared(ex, model, folder / "none", face); }), "none"));
}

TEST_CASE_METHOD(SavedTiny, "packed weights come back from their file, with its key alone") {
  Tiny model;
  const auto plan = plan_packing(model, face);
  const std::string key = packed_weights_key(ex, checkpoint, plan);
  CHECK_FALSE(load_packed_weights(model, cache, key, plan));
  load_prepared(ex, model, checkpoint, face);
  save_packed_weights(model, cache, key);
  {
    Tiny cached;
    REQUIRE(load_packed_weights(cached, cache, key, plan));
    CHECK(same_bits(cached(ex, image).image, expected));
    walk(
        [](const std::string& name, const auto& p) {
          if constexpr (is_filter<std::remove_cvref_t<decltype(p)>>) {
            INFO(name);
            CHECK(reinterpret_cast<std::uintptr_t>(p.packed().data()) % cpu::vector_bytes == 0);
          }
        },
        cached);
  }
  Tiny untouched;
  CHECK_FALSE(load_packed_weights(untouched, cache, key + "x", plan));
  CHECK_FALSE(load_packed_weights(untouched, checkpoint, key, plan));
  CHECK_FALSE(load_packed_weights(untouched, cache, key, plan_packing(model, face, Precision::reference)));
  for (const std::uintmax_t size : {fs::file_size(cache) - 1, fs::file_size(cache) / 2, std::uintmax_t{9}}) {
    fs::resize_file(cache, size);
    CHECK_FALSE(load_packed_weights(untouched, cache, key, plan));
  }
  CHECK_FALSE(untouched.encoder.conv_in.bias.has_storage());
}

TEST_CASE_METHOD(SavedTiny, "the key of packed weights changes with what they depend on") {
  const Tiny model;
  auto key = [&](PackingPolicy policy = {}) {
    return packed_weights_key(ex, checkpoint, plan_packing(model, {1, 512, 512, 3}, policy));
  };
  const std::string before = key();
  CHECK(key() == before);
  CHECK(key(Precision::fast) != before);
  CHECK(key({Precision::exact, true}) != before);
  CHECK(packed_weights_key(ex, checkpoint, plan_packing(model, {1, 64, 64, 3})) != before);
  Cpu other(3);
  CHECK(packed_weights_key(other, checkpoint, plan_packing(model, {1, 512, 512, 3})) == before);
  std::fstream file(checkpoint, std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(-1, std::ios::end);
  file.put('\x2a');
  file.close();
  CHECK(key() != before);
}
