#include "rfpp/detect/landmark_error.hpp"

#include "rfpp/cpu/prepare.hpp"
#include "rfpp/io/image_read.hpp"
#include "rfpp/io/parameters.hpp"
#include "rfpp/model/hashed.hpp"
#include "support.hpp"

using namespace rfpp;
using namespace rfpp::test;

namespace {

const io::Checkpoint& centerface_golden() {
  static const auto file = io::Checkpoint::open(RFPP_TEST_DATA "/detect/centerface.safetensors");
  return file;
}

/// Golden rows x1 y1 x2 y2 score with five landmarks each against faces, by descending score.
void check_faces(const std::vector<detect::Face>& faces, const std::string& name, double pixels) {
  const auto boxes = golden<double>(centerface_golden(), name + ".boxes");
  std::vector<double> points(boxes.extents().size() * 2);
  io::read_channels_last(centerface_golden().at(name + ".landmarks"), std::span<double>(points));
  std::vector<std::size_t> order(static_cast<std::size_t>(boxes.extents().n));
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return boxes.data()[5 * a + 4] > boxes.data()[5 * b + 4];
  });
  INFO(name);
  REQUIRE(faces.size() == order.size());
  for (std::size_t i = 0; i < faces.size(); ++i) {
    const double* row = boxes.data() + 5 * order[i];
    const detect::Box& b = faces[i].box;
    INFO("face " << i);
    CHECK(faces[i].score == Approx(row[4]).margin(1e-3));
    const double found[4] = {b.x1, b.y1, b.x2, b.y2};
    for (std::size_t k = 0; k < 4; ++k) CHECK(std::abs(found[k] - row[k]) <= pixels);
    for (std::size_t k = 0; k < 5; ++k) {
      const double* point = points.data() + 10 * order[i] + 2 * k;
      CHECK(std::abs(faces[i].landmarks[k].x - point[0]) <= pixels);
      CHECK(std::abs(faces[i].landmarks[k].y - point[1]) <= pixels);
    }
  }
}

const CenterFace<>& shipped_network() {
  static const CenterFace<> network = [] {
    CenterFace<> n;
    io::load_parameters(n, RFPP_WEIGHTS "/centerface.safetensors");
    Cpu ex(1);
    prepare(ex, n);
    return n;
  }();
  return network;
}

io::Image astronaut() { return io::read_image(RFPP_TEST_DATA "/../../examples/data/astronaut.png"); }

io::Image cut(const io::Image& image, int x, int y, int width, int height) {
  io::Image out(width, height, image.channels);
  for (int row = 0; row < height; ++row)
    std::copy_n(image.row(y + row) + x * image.channels, out.row_size(), out.row(row));
  return out;
}

constexpr detect::CenterFaceOptions as_the_reference{.threshold = 0.5, .second_look = false};

}  // namespace

TEST_CASE("CenterFace's maps are decoded as the reference decodes them") {
  const auto map = [](const std::string& head, int channels, double scale, double offset) {
    return hashed_tensor<float>("centerface.decode." + head, {1, 24, 32, channels}, scale, offset);
  };
  CenterFaceMaps<float> maps{map("heatmap", 1, 0.5, 0.5), map("scale", 2, 0.8, 1.6), map("offset", 2, 0.5, 0),
                             map("landmarks", 10, 0.5, 0.5)};
  for (float& v : maps.heatmap.elements()) v = v * v * v * v;
  check_faces(detect::decode(maps, 0.5), "decode", 1e-3);
}

TEST_CASE("faces are where the reference finds them") {
  Cpu ex(2);
  const io::Image photo = astronaut();
  check_faces(detect::find_faces(ex, shipped_network(), photo, as_the_reference), "astronaut", 0.1);
  // Sides that are no multiples of 32.
  check_faces(detect::find_faces(ex, shipped_network(), cut(photo, 60, 10, 340, 300), as_the_reference),
              "crop", 0.1);

  io::Image mosaic(768, 512, 3);
  for (int y = 0; y < 512; ++y)
    for (int x = 0; x < 768; ++x)
      for (int c = 0; c < 3; ++c) {
        int value = 0;
        if (x < 512) {
          value = photo.row(y)[3 * x + c];
        } else {
          const int row = y % 256, column = y < 256 ? x - 512 : 767 - x;
          for (int i = 0; i < 4; ++i) value += photo.row(2 * row + i / 2)[3 * (2 * column + i % 2) + c];
          value = (value + 2) / 4;
        }
        mosaic.row(y)[3 * x + c] = static_cast<std::uint8_t>(value);
      }
  check_faces(detect::find_faces(ex, shipped_network(), mosaic, as_the_reference), "mosaic", 0.1);
}

TEST_CASE("gray photos, photos with alpha and tiny ones are searched, large ones at a bounded size") {
  Cpu ex(2);
  const io::Image photo = astronaut();
  io::Image gray(512, 512, 1), alpha(512, 512, 4), large(2560, 2560, 3);
  for (std::size_t i = 0; i < gray.samples.size(); ++i) {
    gray.samples[i] = photo.samples[3 * i + 1];
    std::copy_n(&photo.samples[3 * i], 3, &alpha.samples[4 * i]);
  }
  for (int y = 0; y < large.height; ++y)
    for (int x = 0; x < large.width; ++x) std::copy_n(photo.row(y / 5) + x / 5 * 3, 3, large.row(y) + 3 * x);
  const auto face = detect::find_faces(ex, shipped_network(), photo).at(0);
  CHECK(detect::overlap(detect::find_faces(ex, shipped_network(), gray).at(0).box, face.box) > 0.9);
  CHECK(detect::find_faces(ex, shipped_network(), alpha).at(0).score == Approx(face.score));
  const detect::Box box = detect::find_faces(ex, shipped_network(), large).at(0).box;
  CHECK(detect::overlap({box.x1 / 5, box.y1 / 5, box.x2 / 5, box.y2 / 5}, face.box) > 0.9);
  CHECK(detect::find_faces(ex, shipped_network(), io::Image(1, 1, 3)).empty());
  CHECK(detect::find_faces(ex, shipped_network(), io::Image(300, 200, 3)).empty());
  CHECK(detect::find_faces(ex, shipped_network(), photo, {.min_face = 250}).empty());
  CHECK(detect::find_faces(ex, shipped_network(), photo, {.min_face = 60}).size() == 1);
}

TEST_CASE("a landmark error is in parts of the distance of the eyes") {
  const io::Image face = photo::resize(astronaut(), 256, 256);
  io::Image moved = face;
  constexpr int by = 4;
  for (int y = 0; y < face.height; ++y)
    for (int x = 0; x < face.width; ++x)
      for (int c = 0; c < 3; ++c) moved.row(y)[3 * x + c] = face.row(y)[3 * std::max(0, x - by) + c];
  Cpu ex(2);
  CHECK(detect::landmark_error(ex, shipped_network(), face, face).value() == 0);
  const auto faces = detect::find_faces(ex, shipped_network(), face);
  REQUIRE_FALSE(faces.empty());
  const double expected = by / photo::eye_distance(faces.front().landmarks);
  CHECK(detect::landmark_error(ex, shipped_network(), moved, face).value() == Approx(expected).epsilon(0.05));
  const io::Image nobody(256, 256, 3);
  CHECK(detect::landmark_error(ex, shipped_network(), nobody, face).value() == 1);
  CHECK_FALSE(detect::landmark_error(ex, shipped_network(), face, nobody).has_value());
}
