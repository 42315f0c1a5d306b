#include "../report.hpp"

#include <array>
#include <cmath>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <span>

#include "rfpp/io/atomic_file.hpp"

using namespace rfpp;
using Json = nlohmann::ordered_json;

namespace {

const char* text_of(Fate fate) {
  constexpr std::array texts{"restored", "not chosen", "too small to restore", "outside the photo"};
  return texts[static_cast<std::size_t>(fate)];
}
std::string counted(std::size_t n, const char* what) {
  return std::to_string(n) + " " + what + (n == 1 ? "" : "s");
}
double rounded(double v, double steps) { return std::round(steps * v) / steps; }
double pixels(double v) { return rounded(v, 100); }

Json json_of(std::size_t number, const ReportedFace& reported) {
  const auto& [face, fate] = reported;
  const detect::Box& b = face.box;
  Json points = Json::array();
  for (const photo::Point& p : face.landmarks) points.push_back({pixels(p.x), pixels(p.y)});
  return {{"number", number},
          {"score", rounded(face.score, 1e4)},
          {"box", {pixels(b.x1), pixels(b.y1), pixels(b.x2), pixels(b.y2)}},
          {"size", {pixels(b.width()), pixels(b.height())}},
          {"landmarks", std::move(points)},
          {"fate", text_of(fate)}};
}

Json json_of(const PhotoReport& photo) {
  Json json{{"photo", photo.photo.string()}};
  if (!photo.error.empty()) {
    json["error"] = photo.error;
  } else if (!photo.skipped.empty()) {
    json["skipped"] = photo.skipped;
  } else {
    json["result"] = photo.result.string();
    json["width"] = photo.width;
    json["height"] = photo.height;
    json["seconds"] = rounded(photo.seconds, 1000);
    json["faces"] = Json::array();
    for (std::size_t i = 0; i < photo.faces.size(); ++i)
      json["faces"].push_back(json_of(i + 1, photo.faces[i]));
  }
  return json;
}

}  // namespace

std::size_t PhotoReport::count(Fate fate) const {
  std::size_t n = 0;
  for (const ReportedFace& reported : faces) n += reported.fate == fate ? 1U : 0U;
  return n;
}

std::string PhotoReport::text() const {
  std::string text = counted(count(Fate::restored), "face");
  for (const Fate fate : {Fate::not_chosen, Fate::too_small, Fate::outside})
    if (const std::size_t n = count(fate); n > 0)
      text.append(", ").append(std::to_string(n)).append(" ").append(text_of(fate));
  return text;
}

std::size_t Report::tried() const {
  std::size_t n = 0;
  for (const PhotoReport& photo : photos_) n += photo.skipped.empty() ? 1U : 0U;
  return n;
}

void Report::write(const std::string& path) const {
  Json json{{"photos", Json::array()}};
  for (const PhotoReport& photo : photos_) json["photos"].push_back(json_of(photo));
  // Names of files need not be UTF-8.
  const std::string text = json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
  io::AtomicFile file(path);
  file.write(std::as_bytes(std::span(text)));
  file.commit();
}

std::string Report::summary(double seconds) const {
  PhotoReport all;
  std::size_t without = 0, skipped = 0, failed = 0;
  for (const PhotoReport& photo : photos_) {
    if (!photo.error.empty())
      ++failed;
    else if (!photo.skipped.empty())
      ++skipped;
    else if (photo.faces.empty())
      ++without;
    all.faces.insert(all.faces.end(), photo.faces.begin(), photo.faces.end());
  }
  std::string text = counted(photos_.size(), "photo") + ": " + all.text();
  if (without > 0) text += "; " + counted(without, "photo") + " without a face";
  if (skipped > 0) text += "; " + std::to_string(skipped) + " skipped";
  if (failed > 0) text += "; " + std::to_string(failed) + " failed";
  std::array<char, 32> time{};
  std::snprintf(time.data(), time.size(), "; %.1f s", seconds);
  return text + time.data();
}
