#ifndef RFPP_PHOTO_LANDMARKS_HPP
#define RFPP_PHOTO_LANDMARKS_HPP

#include <cmath>
#include <cstddef>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "rfpp/core/error.hpp"
#include "rfpp/io/byte_reader.hpp"
#include "rfpp/io/mapped_file.hpp"
#include "rfpp/photo/similarity.hpp"
#include "rfpp/photo/usable_faces.hpp"

namespace rfpp::photo {
inline namespace RFPP_ABI {

namespace detail {
/// What a message says was found in place of five points.
inline std::string text_of_wrong_points(const nlohmann::json& face) {
  if (!face.is_object()) return face.type_name();
  const auto points = face.find("landmarks");
  if (points != face.end())
    return points->is_array() ? std::to_string(points->size()) + " values" : points->type_name();
  std::string keys;
  for (const auto& item : face.items()) {
    if (keys.size() > 60) return keys + ", ...";
    keys.append(keys.empty() ? "only \"" : ", \"").append(item.key().substr(0, 40)).append("\"");
  }
  return keys.empty() ? "nothing" : keys;
}

inline std::string text_of_wrong_point(const nlohmann::json& point) {
  if (!point.is_array()) return point.type_name();
  for (const auto& number : point)
    if (number.is_string()) return "text; write numbers without quotation marks";
  if (point.size() != 2) return "an array of " + std::to_string(point.size());
  return std::string("an array that holds ") + (point[0].is_number() ? point[1] : point[0]).type_name();
}
}  // namespace detail

/// A face's landmarks from its JSON value. Throws Error unless they are five pairs of numbers that do not
/// coincide.
inline Landmarks parse_landmarks(const nlohmann::json& face) {
  const auto points = face.is_object() ? face.find("landmarks") : face.end();
  if (!face.is_object() || points == face.end() || !points->is_array() || points->size() != 5)
    throw Error("expected \"landmarks\": five [x, y] points, found " + detail::text_of_wrong_points(face));
  Landmarks landmarks;
  for (std::size_t i = 0; i < 5; ++i) {
    const auto& point = (*points)[i];
    if (!point.is_array() || point.size() != 2 || !point[0].is_number() || !point[1].is_number()) {
      throw Error("landmark " + std::to_string(i) + ": expected [x, y] in pixels, found " +
                  detail::text_of_wrong_point(point));
    }
    landmarks[i] = {point[0].get<double>(), point[1].get<double>()};
    if (!(std::abs(landmarks[i].x) < 1e6 && std::abs(landmarks[i].y) < 1e6)) {
      throw Error("landmark " + std::to_string(i) + ": expected coordinates below a million pixels");
    }
  }
  align(landmarks);  // throws when they coincide
  return landmarks;
}

/// The faces in a file {"faces": [{"landmarks": [[x, y], [x, y], [x, y], [x, y], [x, y]]}, ...]}: left eye,
/// right eye, nose, left and right corner of the mouth as seen in the image, in pixels of the upright photo.
/// Other keys are ignored. Throws Error, naming the file and the face, for anything else.
inline std::vector<Landmarks> read_landmarks(const std::filesystem::path& path) {
  const io::MappedFile file(path);
  const auto bytes = file.bytes();
  const auto* text = reinterpret_cast<const char*>(bytes.data());
  const auto json = nlohmann::json::parse(text, text + bytes.size(), nullptr, false);
  if (!json.is_object() || !json.contains("faces") || !json["faces"].is_array()) {
    const bool not_finite = io::as_text(bytes).find("NaN") != std::string_view::npos;
    throw Error(path.string() +
                ": expected JSON of the form {\"faces\": [{\"landmarks\": [[x, y], ...]}]}, found " +
                (!json.is_discarded() ? "other JSON"
                 : not_finite         ? "NaN, which is no number in JSON; leave such faces out"
                                      : "no JSON"));
  }
  std::vector<Landmarks> faces;
  for (const auto& face : json["faces"]) {
    try {
      faces.push_back(parse_landmarks(face));
    } catch (const Error& error) {
      throw Error(path.string() + ": face " + std::to_string(faces.size()) + ": " + error.what());
    }
  }
  return faces;
}

}  // namespace RFPP_ABI
}  // namespace rfpp::photo

#endif
