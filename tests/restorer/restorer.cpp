#include "rfpp/restorer.hpp"

#include <algorithm>
#include <string>
#include <vector>

#include "catch.hpp"

using namespace rfpp;

namespace {

const std::string photo_file = RFPP_TEST_DATA "/../../examples/data/astronaut_degraded.jpg";

/// An aligned face with something to see on it, of any size.
io::Image drawn_face(int side, int shift) {
  io::Image face(side, side, 3);
  for (int y = 0; y < side; ++y)
    for (int x = 0; x < side; ++x)
      for (int c = 0; c < 3; ++c)
        face.row(y)[3 * x + c] = static_cast<std::uint8_t>((x * (c + 1) + y * 3 + shift) * 255 / (8 * side));
  return face;
}

}  // namespace

TEST_CASE("faces restored together have the bits of each alone, and the sizes they came in") {
  const std::vector<io::Image> faces{drawn_face(256, 0), drawn_face(100, 30), drawn_face(256, 60)};
  auto together = Restorer::open({}, {.threads = 1, .batch = 2});
  auto alone = Restorer::open();
  const auto restored = together.restore_faces(faces);
  REQUIRE(restored.size() == faces.size());
  for (std::size_t i = 0; i < faces.size(); ++i) {
    CHECK(restored[i].width == faces[i].width);
    CHECK(restored[i].samples == alone.restore_face(faces[i]).samples);
    CHECK(restored[i].samples != faces[i].samples);
    CHECK(alone.restore_face(faces[i], {.strength = 0}).samples == faces[i].samples);
  }
}

TEST_CASE("a photo's face is found and restored, and nothing else is changed") {
  auto restorer = Restorer::open();
  CHECK(std::string(restorer.network().name) == "restoreformer++-small");
  const io::Image photo = load_image(photo_file);
  const auto faces = restorer.find_faces(photo);
  REQUIRE(faces.size() == 1);
  const io::Image restored = restorer.restore_photo(photo);
  CHECK(restored.samples == restorer.restore_photo(photo, std::vector{faces[0].landmarks}).samples);
  CHECK(restored.samples != photo.samples);
  CHECK(std::equal(photo.row(0), photo.row(0) + photo.row_size(), restored.row(0)));
  CHECK(restorer.restore_photo(photo, std::span<const photo::Landmarks>()).samples == photo.samples);
}

TEST_CASE("progress rises to one, and a false ends the call") {
  std::vector<double> done;
  bool go_on = true;
  auto restorer = Restorer::open({}, {.on_progress = [&](const Progress& progress) {
                                   CHECK(progress.faces == 2);
                                   done.push_back(progress.done);
                                   return go_on;
                                 }});
  const std::vector<io::Image> faces(2, drawn_face(256, 0));
  restorer.restore_faces(faces);
  REQUIRE(done.size() > 20);
  CHECK(std::ranges::is_sorted(done));
  CHECK(done.back() == 1);
  go_on = false;
  done.clear();
  CHECK_THROWS_AS(restorer.restore_faces(faces), Cancelled);
  CHECK(done.size() == 1);
}

TEST_CASE("a moved restorer restores; codes go there and back") {
  auto first = Restorer::open({}, {.network = "ROHQD-small"});
  auto restorer = std::move(first);
  const FaceCodes codes = restorer.encode_face(drawn_face(256, 0));
  CHECK(codes.side == 32);
  CHECK(codes.indices.size() == 1024);
  const io::Image decoded = restorer.decode_face(codes);
  CHECK(decoded.width == 256);
  FaceCodes wrong = codes;
  wrong.indices[7] = 1024;
  CHECK_THROWS_WITH(restorer.decode_face(wrong), "index 1024 is not one of 1024 entries");
  CHECK_THROWS_WITH(Restorer::open().decode_face(codes),
                    Catch::Matchers::EndsWith("the decoder needs more than indices"));
}

TEST_CASE("what cannot be opened or asked for says so") {
  CHECK_THROWS_WITH(Restorer::open("missing.ckpt"), Catch::Matchers::StartsWith("missing.ckpt: "));
  CHECK_THROWS_WITH(Restorer::open({}, {.device = "gpu"}),
                    Catch::Matchers::StartsWith("device: "
                                                "expected cpu, cuda or cuda:N"));
  CHECK_THROWS_WITH(Restorer::open({}, {.network = "gfp"}),
                    Catch::Matchers::StartsWith("unknown network \"gfp\""));
  CHECK_THROWS_WITH(Restorer::open({}, {.network = "restoreformer"}),
                    Catch::Matchers::StartsWith("no weights for restoreformer: expected "));
  auto restorer = Restorer::open();
  const io::Image face = drawn_face(256, 0);
  CHECK_THROWS_WITH(restorer.restore_face(face, {.fidelity = 0.5}),
                    Catch::Matchers::StartsWith("fidelity: "));
  CHECK_THROWS_WITH(restorer.restore_face(face, {.seed = 5}), Catch::Matchers::StartsWith("seed: "));
}
