#include "rfpp/detect/retinaface.hpp"

#include <cmath>
#include <span>
#include <vector>

#include "loss_networks.hpp"
#include "rfpp/cpu/prepare.hpp"
#include "rfpp/model/hashed.hpp"
#include "support.hpp"

using namespace rfpp;
using namespace rfpp::test;

namespace {

const io::Checkpoint& retinaface_golden() {
  static const auto file = io::Checkpoint::open(RFPP_TEST_DATA "/detect/retinaface.safetensors");
  return file;
}
std::vector<float> golden_values(const std::string& name) {
  const auto& view = retinaface_golden().at(name);
  std::vector<float> values(static_cast<std::size_t>(view.count()));
  io::read_elements(view, std::span(values));
  return values;
}

/// The levels one after the other: the rows of the reference.
std::vector<float> joined(const std::array<Tensor<float>, 3>& levels) {
  std::vector<float> all;
  for (const auto& level : levels) all.insert(all.end(), level.elements().begin(), level.elements().end());
  return all;
}
void check_rows(const std::array<Tensor<float>, 3>& levels, const std::string& name) {
  const auto found = joined(levels), expected = golden_values(name);
  INFO(name);
  REQUIRE(found.size() == expected.size());
  CHECK(relative_l2(std::span<const float>(found), std::span<const float>(expected)) <= 1e-5);
}

template <class Network> void check_network(const std::string& name, std::size_t parameters) {
  Network network;
  fill_golden(network, "");
  const auto pixels = hashed_tensor<double>("retinaface.input", {1, 96, 128, 3}, 127.5, 127.5);
  auto image = Tensor<float>::uninitialized(pixels.extents());
  constexpr double mean[] = {104, 117, 123};
  for (std::size_t i = 0; i < pixels.extents().size(); ++i)
    image.data()[i] = static_cast<float>(pixels.data()[i] - mean[i % 3]);
  std::size_t statistics = 0;
  walk(
      [&](const std::string& path, const auto& p) {
        if (is_running_statistic(path)) statistics += p.extents().size();
      },
      network);
  CHECK(count_parameters(network).elements - statistics == parameters);
  Cpu ex(2), one(1);
  prepare(ex, network, image.extents(), {}, RawWeights::drop);
  const auto maps = network(ex, image);
  check_rows(maps.boxes, name + ".loc");
  check_rows(maps.logits, name + ".class_logits");
  check_rows(maps.landmarks, name + ".landms");
  CHECK(same_bits(maps.landmarks[0], network(one, image).landmarks[0]));
}

/// Elements of scale * hashed(name) + offset, shared out among the levels of an image of 96 x 128 pixels.
std::array<Tensor<float>, 3> made_up(const std::string& name, int values, auto f) {
  const Hashed hashed("retinaface.decode." + name);
  std::array<Tensor<float>, 3> levels;
  std::uint64_t i = 0;
  for (std::size_t level = 0; level < 3; ++level) {
    levels[level] = Tensor<float>::uninitialized({1, 12 >> level, 16 >> level, 2 * values});
    for (float& v : levels[level].elements()) v = static_cast<float>(f(hashed(i++)));
  }
  return levels;
}

}  // namespace

TEST_CASE("RetinaFace with hashed weights agrees with a float64 run of the reference") {
  check_network<RetinaFaceMobileNet<>>("mobilenet0.25", 426608);
  check_network<RetinaFaceResnet50<>>("resnet50", 27293600);
}

TEST_CASE("RetinaFace's anchors are the reference's, also where cells reach beyond the image") {
  const auto priors = golden_values("priors.90x125");
  std::size_t at = 0;
  for (std::size_t level = 0; level < 3; ++level) {
    const int step = 8 << level, rows = (90 + step - 1) / step, columns = (125 + step - 1) / step;
    for (int cell = 0; cell < rows * columns; ++cell)
      for (int index = 0; index < 2; ++index, at += 4) {
        const auto a = detect::anchor_of(level, cell / columns, cell % columns, index, 125, 90);
        CHECK(std::abs(a.x - static_cast<double>(priors[at])) < 1e-7);
        CHECK(std::abs(a.y - static_cast<double>(priors[at + 1])) < 1e-7);
        CHECK(a.width == Approx(priors[at + 2]));
        CHECK(a.height == Approx(priors[at + 3]));
      }
  }
  CHECK(at == priors.size());
}

TEST_CASE("RetinaFace's maps are decoded to the faces that the reference keeps") {
  RetinaFaceMaps<float> maps{made_up("loc", 4, [](double v) { return 2 * v; }),
                             {},
                             made_up("landms", 10, [](double v) { return 5 * v; })};
  const auto scores = made_up("score", 1, [](double v) { return (v + 1) / 2; });
  for (std::size_t level = 0; level < 3; ++level) {
    const Extents e = scores[level].extents();
    maps.logits[level] = Tensor<float>({e.n, e.h, e.w, 4});
    for (std::size_t i = 0; i < e.size(); ++i) {
      const auto score = static_cast<double>(scores[level].data()[i]);
      maps.logits[level].data()[2 * i + 1] = static_cast<float>(std::log(score / (1 - score)));
    }
  }
  for (const auto& [name, threshold] :
       {std::pair{"decode.threshold_0.8", 0.8}, {"decode.threshold_0.97", 0.97}}) {
    INFO(name);
    const auto faces = detect::decode(maps, 128, 96, threshold);
    const auto rows = golden_values(name);
    REQUIRE(faces.size() * 15 == rows.size());
    for (std::size_t i = 0; i < faces.size(); ++i) {
      const auto& [box, score, landmarks] = faces[i];
      std::vector<double> found{box.x1, box.y1, box.x2, box.y2, score};
      for (const photo::Point& p : landmarks) found.insert(found.end(), {p.x, p.y});
      INFO("face " << i);
      for (std::size_t k = 0; k < 15; ++k)
        CHECK(std::abs(found[k] - static_cast<double>(rows[15 * i + k])) <= (k == 4 ? 1e-6 : 2e-4));
    }
  }
}

TEST_CASE("photos of any size and form can be searched by RetinaFace") {
  RetinaFaceMobileNet<> network;
  fill_golden(network, "");
  Cpu ex(2);
  for (const int channels : {1, 2, 3, 4}) {
    const auto faces =
        detect::find_faces(ex, network, io::Image(75, 33, channels), {.threshold = -1, .min_face = 8});
    for (const detect::Face& face : faces) {
      CHECK(face.box.width() >= 8);
      CHECK(photo::eye_distance(face.landmarks) >= photo::minimum_eye_distance);
    }
  }
  CHECK_NOTHROW(detect::find_faces(ex, network, io::Image(1, 1, 3)));
}
