#include "rfpp/photo/tiles.hpp"

#include <filesystem>

#include "images.hpp"
#include "loss_networks.hpp"
#include "rfpp/photo/upscaler.hpp"
#include "support.hpp"

using namespace rfpp;
using namespace rfpp::test;

namespace {

using SmallUpscaler = SrvggNet<RealEsrAnimeVideoV3>;

/// What remains of a network's result, so that it lies within [0, 1].
template <class Net> struct Faint {
  static constexpr int unit = Net::unit, scale = Net::scale;
  Net network;
  double strength;

  Faint(double s) : strength(s) { fill_golden(network, ""); }
  Tensor<float> operator()(auto& ex, const Tensor<float>& x) const {
    const Tensor<float> y = network(ex, x);
    return eval(ex, y * strength + Constant<float>{0.5F, {}});
  }
};

io::Image hashed_image(const std::string& name, int width, int height, int channels) {
  io::Image image(width, height, channels);
  const Hashed hashed(name);
  for (std::size_t i = 0; i < image.samples.size(); ++i)
    image.samples[i] = static_cast<std::uint8_t>((hashed(i) + 1) * 128);
  return image;
}

/// Every pixel four times.
struct Nearest {
  static constexpr int unit = 1, scale = 2;
  Tensor<float> operator()(auto& ex, const Tensor<float>& x) const { return bare(eval(ex, upsample2(x))); }
};

}  // namespace

TEST_CASE("tiles cover a photo evenly, each where it sees enough") {
  for (const int extent : {1, 2, 31, 64, 65, 100, 1000, 6001})
    for (const int unit : {1, 2, 4})
      for (const photo::Tiling tiling :
           {photo::Tiling{64, 10}, photo::Tiling{64, 0, 0}, photo::Tiling{48, 7, 6}}) {
        const photo::TileRow row(extent, unit, tiling);
        INFO(extent << " by " << unit << ", tiles of " << tiling.tile);
        CHECK(row.starts.front() == 0);
        CHECK(row.starts.back() + row.size == row.extent);
        CHECK(row.size % unit == 0);
        constexpr int scale = 3;
        const std::ptrdiff_t context = std::ptrdiff_t{scale} * tiling.context;
        std::vector<float> covered(static_cast<std::size_t>(scale * row.extent),
                                   0.0F);  // as tiles are written
        for (std::size_t i = 0; i < row.starts.size(); ++i) {
          CHECK(row.starts[i] % unit == 0);
          const auto share = row.shares(i, scale, tiling.blend);
          if (i > 0) {
            CHECK(row.overlap(i) >= tiling.overlap());
            CHECK(std::all_of(share.begin(), share.begin() + context, [](float v) { return v == 0; }));
          }
          if (i + 1 < row.starts.size())
            CHECK(std::all_of(share.end() - context, share.end(), [](float v) { return v == 0; }));
          for (std::size_t p = 0; p < share.size(); ++p) {
            float& pixel = covered[static_cast<std::size_t>(scale * row.starts[i]) + p];
            pixel = share[p] + (1 - share[p]) * pixel;
          }
        }
        CHECK(std::all_of(covered.begin(), covered.end(), [](float v) { return std::abs(v - 1) < 1e-6F; }));
      }
  CHECK(error_of([] {
          photo::TileRow(100, 2, {32, 14});
        }) == "tiles of 32 pixels, expected more than their overlap of 34");
}

TEST_CASE("a photo in tiles that see enough is the photo in one, whatever the number of threads") {
  const Faint<SmallUpscaler> network(0.05);
  const io::Image photo = hashed_image("upscaler.tiles", 97, 73, 3);
  Cpu one(1), two(2);
  const io::Image whole = photo::upscale(two, network, photo, {128, 18});
  CHECK(whole.width == 388);
  CHECK(whole.height == 292);
  double progress = 0;
  const photo::Tiling tiles{56, SmallUpscaler::context};
  const io::Image tiled = photo::upscale(two, network, photo, tiles, [&](double share) {
    CHECK(share > progress);
    progress = share;
  });
  CHECK(progress == 1);
  CHECK(largest_difference(tiled, whole) <= 1);
  CHECK(photo::upscale(one, network, photo, tiles).samples == tiled.samples);
  // The same would not hold if the tiles saw nothing of each other.
  CHECK(largest_difference(photo::upscale(two, network, photo, {40, 0, 0}), whole) > 1);
}

TEST_CASE("a photo enlarged agrees with the reference's driver") {
  const auto file = io::Checkpoint::open(RFPP_TEST_DATA "/model/upscaler.safetensors");
  const Faint<SmallUpscaler> network(0.05);
  Cpu ex(2);
  auto check = [&](const io::Image& larger, const std::string& name) {
    const auto expected = file.at(name).data;
    const auto channels = static_cast<std::size_t>(larger.channels);
    REQUIRE(expected.size() == larger.samples.size() / 4);
    int largest = 0;
    std::size_t i = 0;
    for (int y = 0; y < larger.height; y += 2)
      for (int x = 0; x < larger.width; x += 2)
        for (std::size_t c = 0; c < channels; ++c, ++i)
          largest = std::max(largest, std::abs(larger.row(y)[static_cast<std::size_t>(x) * channels + c] -
                                               std::to_integer<int>(expected[i])));
    INFO(name);
    CHECK(largest <= 1);
  };
  check(photo::upscale(ex, network, hashed_image("upscaler.image", 45, 37, 3), {64, 10}),
        "driver.whole.rgb_u8.sub2");
  check(photo::upscale(ex, network, hashed_image("upscaler.gray", 45, 37, 1), {64, 10}),
        "driver.gray.u8.sub2");
}

TEST_CASE("any photo can be enlarged: a pixel, odd sides, gray, alpha") {
  const Faint<SmallUpscaler> network(0.05);
  struct {
    int width, height, channels;
  } photos[] = {{1, 1, 3}, {1, 9, 1}, {7, 3, 2}, {5, 11, 4}};
  Cpu ex(2);
  for (const auto& [width, height, channels] : photos) {
    io::Image photo = hashed_image("any", width, height, channels);
    photo.icc_profile = {1, 2, 3};
    const io::Image larger = photo::upscale(ex, network, photo, {64, 10});
    CHECK(larger.width == 4 * width);
    CHECK(larger.height == 4 * height);
    CHECK(larger.channels == channels);
    CHECK(larger.icc_profile == photo.icc_profile);
  }
  io::Image gray = hashed_image("gray", 8, 8, 3);
  photo::remove_color(gray);
  CHECK(photo::is_gray(photo::upscale(ex, network, gray, {64, 10})));
  io::Image opaque = hashed_image("opaque", 6, 5, 4);
  for (std::size_t i = 3; i < opaque.samples.size(); i += 4) opaque.samples[i] = 255;
  const io::Image larger = photo::upscale(ex, network, opaque, {64, 10});
  for (std::size_t i = 3; i < larger.samples.size(); i += 4) CHECK(larger.samples[i] == 255);
}

TEST_CASE("16 bits stay 16 bits, tile by tile; alpha too") {
  Cpu ex(2);
  for (const int channels : {1, 2, 3, 4}) {
    INFO(channels << " channels");
    io::Image photo = hashed_image("wide", 33, 20, channels);
    const Hashed hashed("low bits");
    std::vector<std::uint16_t> values(photo.samples.size());
    for (std::size_t i = 0; i < values.size(); ++i)
      values[i] = static_cast<std::uint16_t>(unsigned{photo.samples[i]} << 8U |
                                             static_cast<unsigned>((hashed(i) + 1) * 128));
    set_samples16(photo, values);
    const io::Image larger = photo::upscale(ex, Nearest{}, photo, {16, 2});
    REQUIRE(larger.samples16.size() == 4 * values.size());
    const auto count = static_cast<std::size_t>(channels);
    io::Image alpha(33, 20, 1);
    std::vector<std::uint16_t> alphas(alpha.samples.size());
    for (std::size_t i = 0; i < alphas.size(); ++i) alphas[i] = values[(i + 1) * count - 1];
    set_samples16(alpha, alphas);
    alpha = photo::resize(alpha, 66, 40);
    std::size_t wrong = 0;
    for (std::size_t i = 0; i < larger.samples16.size(); ++i) {
      const std::size_t pixel = i / count, x = pixel % 66, y = pixel / 66;
      const bool is_alpha = channels % 2 == 0 && i % count == count - 1;
      const std::uint16_t expected =
          is_alpha ? alpha.samples16[pixel] : values[(y / 2 * 33 + x / 2) * count + i % count];
      wrong += larger.sample16(i) == expected ? 0U : 1U;
    }
    CHECK(wrong == 0);
  }
}

TEST_CASE("the memory that enlarging takes is bounded, whatever the photo's size") {
  const RrdbNet<RealEsrganX2Plus> x2;
  const std::size_t bytes = photo::tile_bytes(x2, 2, 6000, 4000);
  CHECK(bytes == photo::tile_bytes(x2, 2, 12000, 8000));
  CHECK(bytes < std::size_t{400} << 20);
  CHECK(photo::tile_bytes(x2, 2, 100, 70) < bytes / 10);
  CHECK(photo::tile_bytes(RrdbNet<RealEsrganX4Plus>{}, 2, 6000, 4000) < std::size_t{400} << 20);
  CHECK(photo::tile_bytes(SrvggNet<RealEsrGeneralX4V3>{}, 2, 6000, 4000) < std::size_t{200} << 20);
}

TEST_CASE("an upscaler is recognized by its parameters; others are refused with the nearest one's name") {
  const auto folder = std::filesystem::temp_directory_path() / "rfpp_upscalers";
  std::filesystem::create_directories(folder);
  Cpu ex(2);
  SmallUpscaler small;
  fill_golden(small, "");
  for (float& v : std::get<0>(small.last).weight.raw().elements()) v *= 0.05F;  // to lie within [0, 1]
  const auto write = [&](const std::string& name, const std::string& left_out) {
    std::vector<io::TensorInfo> infos;
    ConstParameters(small).for_each([&](const std::string& key, const auto& p) {
      if (key != left_out) infos.push_back({"params." + key, io::DType::float32, io::file_shape(p)});
    });
    io::SafetensorsWriter writer(folder / name, infos);
    ConstParameters(small).for_each([&](const std::string& key, const auto& p) {
      if (key != left_out) writer.write("params." + key, io::channels_first(io::raw(p)));
    });
    writer.commit();
    return (folder / name).string();
  };
  const auto upscaler = photo::Upscaler::open(ex, write("small.safetensors", ""));
  CHECK(upscaler.name() == "realesr-animevideov3");
  CHECK(upscaler.scale() == 4);
  const io::Image photo = hashed_image("photo", 30, 20, 3);
  CHECK(largest_difference(upscaler(ex, photo), photo::upscale(ex, small, photo)) <= 1);
  const io::Image twice = photo::upscale_to(ex, upscaler, photo, 2);
  CHECK(twice.width == 60);
  CHECK(twice.height == 40);

  const std::string file = write("incomplete.safetensors", "body.3.weight");
  CHECK(error_of([&] { photo::Upscaler::open(ex, file); }) ==
        file +
            ": its parameters are not the network's; 1 missing: body.3.weight; of RealESRGAN_x2plus, "
            "RealESRGAN_x4plus, RealESRGAN_x4plus_anime_6B, realesr-general-x4v3, realesr-animevideov3 the "
            "nearest is realesr-animevideov3");
  std::filesystem::remove_all(folder);
}
