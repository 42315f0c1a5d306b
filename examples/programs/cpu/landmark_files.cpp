#include "../landmark_files.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <span>

#include "../batch.hpp"
#include "rfpp/io/atomic_file.hpp"
#include "rfpp/photo/landmarks.hpp"
#include "rfpp/restorer.hpp"

namespace fs = std::filesystem;
using namespace rfpp;

namespace {

double rounded(double pixels) { return std::round(100 * pixels) / 100; }

std::string text_of(const std::vector<detect::Face>& faces) {
  nlohmann::ordered_json file{{"faces", nlohmann::ordered_json::array()}};
  for (const detect::Face& face : faces) {
    nlohmann::ordered_json points;
    for (const photo::Point& p : face.landmarks) points.push_back({rounded(p.x), rounded(p.y)});
    const detect::Box& b = face.box;
    file["faces"].push_back({{"score", std::round(1e4 * face.score) / 1e4},
                             {"box", {rounded(b.x1), rounded(b.y1), rounded(b.x2), rounded(b.y2)}},
                             {"landmarks", std::move(points)}});
  }
  return file.dump() + "\n";
}

std::size_t write_faces_of(FaceDetector& detector, const fs::path& path, const detect::FaceChoice& choice) {
  const fs::path beside = landmarks_file(path);
  if (fs::exists(beside))
    throw Error(beside.string() +
                ": is there already, maybe corrected by hand; remove it to detect again, or leave "
                "it with --skip-existing");
  const io::Image photo = load_image(path);
  const auto faces = detector.find(photo);
  std::vector<detect::Face> chosen;
  for (const std::size_t i : choice(faces, photo.width, photo.height)) chosen.push_back(faces[i]);
  const std::string text = text_of(chosen);
  io::AtomicFile file(beside);
  file.write(std::as_bytes(std::span(text)));
  file.commit();
  return chosen.size();
}

}  // namespace

fs::path landmarks_file(const fs::path& photo) {
  return fs::path(photo).replace_extension(".landmarks.json");
}

std::vector<detect::Face> read_faces(const fs::path& file) {
  std::vector<detect::Face> faces;
  for (const photo::Landmarks& landmarks : photo::read_landmarks(file)) {
    const auto [left, right] =
        std::ranges::minmax_element(landmarks, {}, [](const photo::Point& p) { return p.x; });
    const auto [top, bottom] =
        std::ranges::minmax_element(landmarks, {}, [](const photo::Point& p) { return p.y; });
    faces.push_back({{left->x, top->y, right->x, bottom->y}, 1, landmarks});
  }
  return faces;
}

void write_faces(FaceDetector& detector, std::vector<fs::path> photos, const detect::FaceChoice& choice,
                 bool skip_existing) {
  if (skip_existing) {
    const auto there =
        std::erase_if(photos, [](const fs::path& photo) { return fs::exists(landmarks_file(photo)); });
    if (there > 0) std::printf("%zu result%s there already\n", there, there == 1 ? " is" : "s are");
  }
  Batch batch("rfpp-restore", photos.size());
  for (const fs::path& photo : photos)
    batch.attempt(photo, [&] {
      const std::size_t faces = write_faces_of(detector, photo, choice);
      std::printf("%s: %zu face%s -> %s\n", photo.c_str(), faces, faces == 1 ? "" : "s",
                  landmarks_file(photo).c_str());
    });
  batch.finish();
}
