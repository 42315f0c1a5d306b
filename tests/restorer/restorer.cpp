#include "rfpp/restorer.hpp"

#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "catch.hpp"
#include "rfpp/restorer/networks.hpp"

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
  CHECK(std::string(restorer.network().name) == "restoreformer++-medium");
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
  auto first = Restorer::open({}, {.network = "ROHQD-medium"});
  auto restorer = std::move(first);
  const FaceCodes codes = restorer.encode_face(drawn_face(256, 0));
  CHECK(codes.side == 32);
  CHECK(codes.indices.size() == 1024);
  const io::Image decoded = restorer.decode_face(codes);
  CHECK(decoded.width == 256);
  FaceCodes wrong = codes;
  wrong.indices[7] = 16384;
  CHECK_THROWS_WITH(restorer.decode_face(wrong), "index 16384 is not one of 16384 entries");
  CHECK_THROWS_WITH(Restorer::open().decode_face(codes),
                    Catch::Matchers::EndsWith("the decoder needs more than indices"));
}

TEST_CASE("weights that nearly fit a network, or fit another, are compared with the nearest") {
  const auto path = std::filesystem::temp_directory_path() /
                    ("rfpp-restorer-" + std::to_string(::getpid()) + ".safetensors");
  // Files with holes for their data: names and shapes are all that is compared.
  const auto write = [&](const io::ParameterShapes& shapes, const std::string& network = "") {
    nlohmann::json header = nlohmann::json::object();
    if (!network.empty()) header["__metadata__"] = {{"network", network}};
    std::uint64_t bytes = 0;
    for (const auto& [name, shape] : shapes) {
      const std::uint64_t begin = bytes;
      bytes += 2 * static_cast<std::uint64_t>(io::TensorView{io::DType::float16, shape, {}, {}}.count());
      header[name] = {{"dtype", "F16"}, {"shape", shape}, {"data_offsets", {begin, bytes}}};
    }
    const std::string text = header.dump();
    std::ofstream file(path, std::ios::binary);
    for (std::uint64_t i = 0; i < 8; ++i) file.put(static_cast<char>(text.size() >> 8 * i));
    file << text;
    file.close();
    std::filesystem::resize_file(path, 8 + text.size() + bytes);
  };
  const auto error = [&](const RestorerOptions& options) -> std::string {
    try {
      Restorer::open(path, options);
    } catch (const Error& thrown) {
      return thrown.what();
    }
    return "";
  };
  const std::string file = path.string() + ": ";
  for (const NetworkEntry& network : all_networks()) {
    const std::string name = network.info.name;
    CAPTURE(name);
    auto shapes = network.parameters();
    shapes["ema_decay"] = {1};
    write(shapes, name);
    CHECK(error({}) == file + "fits " + name + " but for 1 unexpected: ema_decay");
    const std::string first = network.parameters().begin()->first;
    shapes.erase(first);
    write(shapes, name);
    CHECK(error({}) == file + "fits " + name + " but for 1 missing: " + first + "; 1 unexpected: ema_decay");
    shapes.erase("ema_decay");
    shapes[first] = {1, 2, 3};
    write(shapes, name);
    CHECK_THAT(error({}),
               Catch::Matchers::StartsWith(file + "fits " + name + " but for 1 of another shape: " + first +
                                           " (expected ("));
  }
  // A file of two networks, another network's, and one of none.
  const auto medium = network_named("restoreformer++-medium").parameters();
  auto mixed = network_named("gpen-bfr-512").parameters();
  mixed.insert(medium.begin(), medium.end());
  write(mixed);
  CHECK_THAT(error({}), Catch::Matchers::StartsWith(file + "fits "));
  write(medium);
  CHECK_THAT(error({.network = "codeformer"}),
             Catch::Matchers::StartsWith(file + "does not fit codeformer: "));
  CHECK_THAT(error({.network = "codeformer"}), Catch::Matchers::EndsWith("; it fits restoreformer++-medium"));
  write({{"fc.weight", {10, 512}}});
  CHECK_THAT(error({}), Catch::Matchers::StartsWith(file + "does not fit "));
  CHECK_THAT(error({}), Catch::Matchers::EndsWith("1 unexpected: fc.weight; no other network is nearer"));
  CHECK(error({.network = "vqfr"}).find("; the nearest network is ") != std::string::npos);
  std::filesystem::remove(path);
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
