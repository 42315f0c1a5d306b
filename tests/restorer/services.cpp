#include "rfpp/restorer/services.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <type_traits>
#include <vector>

#include "catch.hpp"
#include "images.hpp"
#include "io/files.hpp"
#include "loss_networks.hpp"
#include "rfpp/io/parameters.hpp"
#include "rfpp/model/bisenet.hpp"
#include "rfpp/model/centerface.hpp"
#include "rfpp/model/parsenet.hpp"
#include "rfpp/model/retinaface.hpp"
#include "rfpp/model/srvgg.hpp"
#include "rfpp/photo/paste.hpp"
#include "rfpp/restorer.hpp"

using namespace rfpp;
using test::largest_difference;

namespace {

const std::string sample_photo = RFPP_TEST_DATA "/../../examples/data/astronaut_degraded.jpg";

/// What to make of a parameter's zeros, by its name.
using Changes = std::map<std::string, std::function<void(std::vector<float>&)>>;

/// A checkpoint of a network as PyTorch writes it, all zeros but for `changes`; there as long as this.
class WeightsFile {
 public:
  template <class Network>
  WeightsFile(std::type_identity<Network>, const std::string& prefix, const Changes& changes = {})
      : path_(std::filesystem::temp_directory_path() /
              (std::string("rfpp_test_") + Network::name + ".safetensors")) {
    const auto shapes = io::parameter_shapes(Network());
    std::vector<io::TensorInfo> infos{{prefix + "some.num_batches_tracked", io::DType::float16, {}}};
    for (const auto& [name, shape] : shapes) infos.push_back({prefix + name, io::DType::float16, shape});
    io::SafetensorsWriter writer(path_, infos);
    writer.write(infos[0].name, std::vector<float>{1});
    std::size_t changed = 0;
    for (const auto& [name, shape] : shapes) {
      std::size_t size = 1;
      for (const auto extent : shape) size *= static_cast<std::size_t>(extent);
      std::vector<float> values(size);
      if (const auto change = changes.find(name); change != changes.end()) {
        change->second(values);
        ++changed;
      }
      writer.write(prefix + name, values);
    }
    writer.commit();
    REQUIRE(changed == changes.size());
  }
  WeightsFile(const WeightsFile&) = delete;
  WeightsFile& operator=(const WeightsFile&) = delete;
  ~WeightsFile() { std::filesystem::remove(path_); }

  std::string path() const { return path_.string(); }

 private:
  std::filesystem::path path_;
};

/// A RetinaFace that sees a face of 512 pixels in every cell of 32, its eyes 102.4 pixels apart.
template <class Network> void check_retinaface(const std::string& prefix) {
  const WeightsFile file(std::type_identity<Network>(), prefix,
                         {{"ClassHead.2.conv1x1.bias", [](auto& bias) { bias[3] = 8; }},
                          {"LandmarkHead.2.conv1x1.bias", [](auto& bias) { bias[10] = -1, bias[12] = 1; }}});
  const auto detector = open_detector({.detector = file.path()});
  const auto faces = detector->find(io::Image(64, 64, 3));
  REQUIRE(faces.size() == 1);  // all cells' overlap
  CHECK(faces[0].score == Approx(1 / (1 + std::exp(-8.0))));
  CHECK(faces[0].box.x1 == Approx(-240));
  CHECK(faces[0].box.y2 == Approx(272));
  CHECK(faces[0].landmarks[0].x == Approx(16 - 51.2));
  CHECK(faces[0].landmarks[1].x == Approx(16 + 51.2));
  CHECK(faces[0].landmarks[2].y == Approx(16));
  // Searched at half its size, where the same face is twice as large.
  const auto larger = open_detector({.detector = file.path(), .min_face = 32})->find(io::Image(64, 64, 3));
  REQUIRE(larger.size() == 1);
  CHECK(larger[0].box.width() == Approx(1024));
}

/// A part of an RGB image: side x side pixels from (x, y) on.
io::Image part_of(const io::Image& image, int x, int y, int side) {
  io::Image part(side, side, 3);
  for (int row = 0; row < side; ++row)
    std::copy_n(image.row(y + row) + std::ptrdiff_t{3} * x, part.row_size(), part.row(row));
  return part;
}
/// The part of the sample photo around its face, and of that the face.
io::Image portrait() { return part_of(load_image(sample_photo), 145, 40, 160); }
io::Image middle(const io::Image& image) { return part_of(image, 40, 40, 80); }

io::Image striped_photo() {
  io::Image photo(21, 14, 3);
  for (std::size_t i = 0; i < photo.samples.size(); ++i)
    photo.samples[i] = static_cast<std::uint8_t>(i * 37 % 251);
  return photo;
}

}  // namespace

TEST_CASE("a detector is recognized by its parameters, whatever stands before their names") {
  check_retinaface<RetinaFaceMobileNet<>>("module.");
  check_retinaface<RetinaFaceResnet50<>>("");
  const io::Image photo = load_image(sample_photo);
  const auto shipped = open_detector({})->find(photo),
             given = open_detector({.detector = RFPP_WEIGHTS "/centerface.safetensors"})->find(photo);
  REQUIRE(shipped.size() == 1);
  REQUIRE(given.size() == 1);
  CHECK(given[0].score == shipped[0].score);
}

TEST_CASE("a parser is recognized by its parameters, and tells what is pasted") {
  CHECK(open_parser({}) == nullptr);
  const io::Image photo = portrait();
  auto plain = Restorer::open();
  REQUIRE(plain.find_faces(photo).size() == 1);

  // Background everywhere: nothing is pasted.
  const WeightsFile background(std::type_identity<BiSeNet<>>(), "");
  const io::Image kept = Restorer::open({}, {.parser = background.path()}).restore_photo(photo);
  CHECK(largest_difference(kept, photo) == 0);

  // Skin everywhere: what the square mask lets through.
  const WeightsFile skin(std::type_identity<ParseNet<>>(), "",
                         {{"out_mask_conv.conv2d.bias", [](auto& bias) { bias[1] = 1; }}});
  auto parser = open_parser({.parser = skin.path()});
  REQUIRE(parser != nullptr);
  photo::Plane mask = parser->mask(io::Image(512, 512, 3));
  REQUIRE(mask.values.size() == 512 * 512);
  CHECK(mask.row(9)[256] == 0);
  CHECK(mask.row(10)[256] == Approx(1));
  CHECK(mask.row(256)[256] == Approx(1));
  CHECK(mask.row(256)[502] == 0);
  // But for the outermost pixels, which the parser's mask leaves out.
  const io::Image pasted = Restorer::open({}, {.parser = skin.path()}).restore_photo(photo);
  const io::Image square = plain.restore_photo(photo, {.mask = photo::Mask::square});
  CHECK(largest_difference(middle(pasted), middle(square)) <= 1);
  CHECK(largest_difference(middle(pasted), middle(photo)) > 10);
  CHECK(largest_difference(pasted, plain.restore_photo(photo)) > 10);
}

TEST_CASE(
    "GPEN's faces are pasted by its own mask of what the parser sees, and smoothed where they are small") {
  const files::TemporaryFolder folder;
  const std::string parser = (folder.path / "parser.safetensors").string();
  BiSeNet<> network;
  test::fill_golden(network, "");
  io::save_parameters(network, parser);
  const io::Image photo = portrait();
  auto restorer = Restorer::open({}, {.network = "gpen-bfr-512", .hashed = true, .parser = parser});
  const auto faces = restorer.find_faces(photo);
  REQUIRE(faces.size() == 1);
  const photo::Landmarks& landmarks = faces[0].landmarks;
  const photo::Affine to_crop = photo::align(landmarks, 512, restorer.network().alignment);
  const io::Image face = restorer.restore_face(photo::crop_face(photo, to_crop));
  const auto mask_of = [&](const photo::ParsedMask& how) {
    return open_parser({.parser = parser}, how)->mask(face);
  };
  const photo::Plane own = mask_of({.sigma = 4, .margin = 26, .blurs_margin = true, .has_neck = true});
  const auto pasted = [&](const photo::Plane& mask, bool smooth, double scale) {
    const photo::RestoredFace one{to_crop, smooth ? photo::smoothed(face) : face, mask};
    return photo::paste_faces(photo, std::span(&one, 1), scale);
  };
  REQUIRE(photo::face_width(landmarks) == Approx(97).margin(2));
  const io::Image small = restorer.restore_photo(photo);
  CHECK(small.samples == pasted(own, true, 1).samples);
  CHECK(largest_difference(small, photo) > 10);
  CHECK(largest_difference(small, pasted(own, false, 1)) > 5);
  CHECK(largest_difference(small, pasted(mask_of({}), true, 1)) > 5);
  CHECK(largest_difference(small, pasted(mask_of({.has_neck = true}), true, 1)) > 5);
  // Twice as large in the result, the face is no longer small.
  CHECK(restorer.restore_photo(photo, {.scale = 2}).samples == pasted(own, false, 2).samples);
}

TEST_CASE(
    "the background goes through an upscaler, whose scale is the result's unless another is asked for") {
  // Nothing is added to the nearest pixel.
  const WeightsFile file(std::type_identity<SrvggNet<RealEsrAnimeVideoV3>>(), "params.");
  std::vector<double> done;
  auto restorer =
      Restorer::open({}, {.background = file.path(), .on_progress = [&](const Progress& progress) {
                            done.push_back(progress.done);
                            return true;
                          }});
  CHECK(restorer.background_scale() == 4);
  CHECK(Restorer::open().background_scale() == 1);
  const io::Image broad(10'000, 2'000, 1);  // 20 megapixels, and 320 on the way to 80
  CHECK(files::error_of([&] {
          restorer.restore_photo(broad, std::span<const photo::Landmarks>(), {.scale = 2});
        }).starts_with("the background's network makes photos 4 times larger before"));
  const io::Image photo = striped_photo();
  const io::Image larger = restorer.restore_photo(photo, std::span<const photo::Landmarks>());
  REQUIRE(larger.width == 4 * photo.width);
  REQUIRE(larger.height == 4 * photo.height);
  bool nearest = true;
  for (int y = 0; y < larger.height; ++y)
    for (int x = 0; x < larger.width; ++x)
      for (int c = 0; c < 3; ++c)
        nearest = nearest && larger.row(y)[3 * x + c] == photo.row(y / 4)[3 * (x / 4) + c];
  CHECK(nearest);
  io::Image wide = photo;
  set_samples16(wide, std::vector<std::uint16_t>(photo.samples.size(), 12345));
  const io::Image larger_wide = restorer.restore_photo(wide, std::span<const photo::Landmarks>());
  CHECK(larger_wide.samples16 == std::vector<std::uint16_t>(larger.samples.size(), 12345));
  CHECK(restorer.restore_photo(photo, {}, {.scale = 1.5}).width == 32);
  CHECK(restorer.restore_photo(photo, {}, {.scale = 1}).width == 21);
  CHECK_THROWS_WITH(restorer.restore_photo(photo, {}, {.scale = 0.5}),
                    "expected a scale of 1 or more, found 0.500000");

  const io::Image face = portrait();
  done.clear();
  const io::Image restored = restorer.restore_photo(face);
  CHECK(restored.width == 4 * face.width);
  REQUIRE(done.size() > 20);
  CHECK(std::ranges::is_sorted(done));
  CHECK(done.back() == 1);
  // A face is pasted where it is without the upscaler.
  const io::Image enlarged = Restorer::open().restore_photo(face, {.scale = 4});
  const auto faces = restorer.find_faces(face);
  REQUIRE(faces.size() == 1);
  const auto nose = static_cast<int>(std::lround(4 * faces[0].landmarks[2].y));
  const auto column = static_cast<int>(std::lround(4 * faces[0].landmarks[2].x));
  CHECK(restored.row(nose)[3 * column] == enlarged.row(nose)[3 * column]);
}

TEST_CASE("files that are no detector, parser or upscaler are refused") {
  using Catch::Matchers::StartsWith;
  const std::string weights = RFPP_WEIGHTS, restorer = weights + "/restoreformer++-medium.safetensors",
                    centerface = weights + "/centerface.safetensors", text = weights + "/README.md";
  CHECK_THROWS_WITH(
      open_detector({.detector = restorer}),
      StartsWith(restorer + ": expected the weights of a face detector (centerface, retinaface-resnet50, "
                            "retinaface-mobilenet0.25), found "));
  CHECK_THROWS_WITH(
      open_parser({.parser = centerface}),
      StartsWith(centerface + ": expected the weights of a face parser (parsenet, bisenet), found "));
  CHECK_THROWS_WITH(open_background({.background = centerface}),
                    StartsWith(centerface + ": expected the weights of an upscaler (RealESRGAN_x2plus, "));
  CHECK_THROWS_WITH(open_detector({.detector = text}), StartsWith(text + ": "));
  CHECK_THROWS_WITH(open_parser({.parser = "missing.pth"}), StartsWith("missing.pth: "));
  CHECK_THROWS_WITH(Restorer::open({}, {.background = "missing.pth"}), StartsWith("missing.pth: "));
}
