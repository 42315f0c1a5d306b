#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "catch.hpp"
#include "io/checkpoints.hpp"
#include "rfpp/io/checkpoint.hpp"

using files::elements;
using namespace rfpp::io;
using Shape = std::vector<std::int64_t>;

namespace {

/// Element i of a parameter of the golden networks: splitmix64 of its name's FNV-1a hash, scaled by its
/// shape.
double golden_value(std::string_view name, const Shape& shape, std::uint64_t i) {
  std::uint64_t hash = 0xcbf29ce484222325;
  for (const char letter : name) hash = (hash ^ static_cast<unsigned char>(letter)) * 0x100000001b3;
  std::uint64_t z = hash + (i + 1) * 0x9E3779B97F4A7C15;
  z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9;
  z = (z ^ z >> 27) * 0x94D049BB133111EB;
  z ^= z >> 31;
  const double value = static_cast<double>(z >> 40) / (1 << 23) - 1;
  if (name.find("embedding") != name.npos) return value;
  if (shape.size() == 4) return value * std::sqrt(3.0 / static_cast<double>(shape[1] * shape[2] * shape[3]));
  if (shape.size() == 2) return value * std::sqrt(3.0 / static_cast<double>(shape[1]));
  return name.ends_with("weight") ? 1 + 0.1 * value : 0.1 * value;
}

}  // namespace

TEST_CASE("Checkpoints that PyTorch wrote hold the golden parameters") {
  const auto [file, prefix] =
      GENERATE(table<std::string, std::string>({{"restoreformer_pp_tiny.lightning.ckpt", "state_dict.vqvae."},
                                                {"restoreformer_pp_tiny.legacy.pth", ""},
                                                {"restoreformer_pp_tiny.half.pth", "params_ema."}}));
  const char* shared = std::getenv("RFPP_SHARED");
  const auto path =
      std::filesystem::path(shared != nullptr ? shared : RFPP_TEST_DATA "/../../../shared") / "golden" / file;
  if (!std::filesystem::exists(path)) {
    WARN("not run: " << path.string() << " is missing");
    return;
  }
  const auto checkpoint = Checkpoint::open(path);
  int found = 0;
  for (const auto& [name, view] : checkpoint.tensors()) {
    if (!name.starts_with(prefix) || name.ends_with(".view")) continue;
    ++found;
    CAPTURE(name);
    const auto values = elements(view);
    const bool half = view.dtype == DType::float16;
    bool equal = true;
    for (std::size_t i = 0; i < values.size(); ++i) {
      const auto value =
          static_cast<float>(golden_value(std::string_view(name).substr(prefix.size()), view.shape, i));
      equal = equal && values[i] == (half ? static_cast<float>(Float16(value)) : value);
    }
    REQUIRE(equal);
  }
  CHECK(found == 305);
  if (const TensorView* view = checkpoint.find("params_ema.view")) {
    const auto values = elements(checkpoint.at("params_ema.encoder.conv_in.weight"));
    const auto permuted = elements(*view);
    REQUIRE(view->shape == Shape{3, 32, 3, 3});
    for (std::size_t i = 0; i < permuted.size(); ++i) {
      REQUIRE(permuted[i] == values[(i / 9 % 32 * 3 + i / 288) * 9 + i % 9]);
    }
  }
}
