#ifndef RFPP_DETECT_CENTERFACE_HPP
#define RFPP_DETECT_CENTERFACE_HPP

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "rfpp/detect/face.hpp"
#include "rfpp/detect/resize.hpp"
#include "rfpp/model/centerface.hpp"

namespace rfpp::detect {
inline namespace RFPP_ABI {

/// How a photo is searched.
struct CenterFaceOptions {
  /// Faces of a lower score are left out: false ones reach 0.53, real ones are mostly above 0.6.
  double threshold = 0.55;
  /// Width of the smallest face that is looked for, in pixels of the photo, which is resized so that it has
  /// `smallest_found`; narrower ones are left out. 0: whatever is found in the photo at its own size, the
  /// longer side at most `longest_side`.
  double min_face = 0;
  /// Whether faces of `large_face` pixels and more are looked at again, for their landmarks.
  bool second_look = true;
};
/// Bounds the time that a large photo takes.
inline constexpr int longest_side = 1280;
/// Width of a face, in pixels of the network's input, that it finds reliably.
inline constexpr double smallest_found = 12;
/// The network finds landmarks best in faces of about `second_look_face` pixels' width.
inline constexpr double large_face = 200, second_look_face = 90;
/// Faces that overlap by as much are one.
inline constexpr double centerface_overlap = 0.3;

/// The faces that the maps of one image {1,h,w,.} show, in pixels of the network's input, whose sides are 4 w
/// and 4 h, by descending score.
inline std::vector<Face> decode(const CenterFaceMaps<float>& maps, double threshold) {
  const Extents e = maps.heatmap.extents();
  const double width = 4.0 * e.w, height = 4.0 * e.h;
  std::vector<Face> faces;
  for (std::size_t i = 0; i < e.image_size(); ++i) {
    const auto score = static_cast<double>(maps.heatmap.data()[i]);
    if (!(score > threshold)) continue;
    const auto at = [i](const Tensor<float>& map, std::size_t c) {
      return static_cast<double>(map.data()[i * static_cast<std::size_t>(map.extents().c) + c]);
    };
    const double face_height = 4 * std::exp(at(maps.scale, 0)), face_width = 4 * std::exp(at(maps.scale, 1));
    const std::size_t row = i / static_cast<std::size_t>(e.w), column = i % static_cast<std::size_t>(e.w);
    Face face{{}, score, {}};
    Box& box = face.box;
    box.x1 =
        std::clamp((static_cast<double>(column) + at(maps.offset, 1) + 0.5) * 4 - face_width / 2, 0.0, width);
    box.y1 =
        std::clamp((static_cast<double>(row) + at(maps.offset, 0) + 0.5) * 4 - face_height / 2, 0.0, height);
    box.x2 = std::min(box.x1 + face_width, width);
    box.y2 = std::min(box.y1 + face_height, height);
    for (std::size_t j = 0; j < face.landmarks.size(); ++j)
      face.landmarks[j] = {at(maps.landmarks, 2 * j + 1) * face_width + box.x1,
                           at(maps.landmarks, 2 * j) * face_height + box.y1};
    faces.push_back(face);
  }
  return suppress_overlapping(std::move(faces), centerface_overlap);
}

/// The faces in a part of an image that is searched at `scale` times its size, in pixels of the image.
inline std::vector<Face> search(auto& ex, const CenterFace<>& network, const io::Image& image,
                                const Part& part, double scale, double threshold) {
  const auto searched = [scale](int side) {
    return 32 * std::max(1, static_cast<int>(std::ceil(side * scale / 32 - 1e-9)));
  };
  const int width = searched(part.width), height = searched(part.height);
  const auto maps = network(ex, ex.upload(resized_rgb(image, part, width, height)));
  auto faces = decode({ex.download(maps.heatmap), ex.download(maps.scale), ex.download(maps.offset),
                       ex.download(maps.landmarks)},
                      threshold);
  const double x = static_cast<double>(part.width) / width, y = static_cast<double>(part.height) / height;
  for (Face& face : faces) {
    Box& box = face.box;
    box = {part.x + x * box.x1, part.y + y * box.y1, part.x + x * box.x2, part.y + y * box.y2};
    for (photo::Point& p : face.landmarks) p = {part.x + x * p.x, part.y + y * p.y};
  }
  return faces;
}

/// A large face's landmarks, from a cut-out where it is as wide as the network likes it best; those it has
/// where it is not found again.
inline photo::Landmarks second_look(auto& ex, const CenterFace<>& network, const io::Image& image,
                                    const Face& face, double threshold) {
  const double side = 1.4 * std::max(face.box.width(), face.box.height());
  const auto range = [side](double low, double high, int extent) {
    const double center = (low + high) / 2;
    const int first = std::clamp(static_cast<int>(center - side / 2), 0, extent - 1);
    return std::pair(first, std::clamp(static_cast<int>(center + side / 2), first + 1, extent) - first);
  };
  const auto [x, width] = range(face.box.x1, face.box.x2, image.width);
  const auto [y, height] = range(face.box.y1, face.box.y2, image.height);
  const auto again =
      search(ex, network, image, {x, y, width, height}, second_look_face / face.box.width(), threshold);
  const auto best = std::max_element(again.begin(), again.end(), [&](const Face& a, const Face& b) {
    return overlap(a.box, face.box) < overlap(b.box, face.box);
  });
  const bool found = best != again.end() && overlap(best->box, face.box) >= 0.5;
  return found ? best->landmarks : face.landmarks;
}

/// The faces in a photo, by descending score.
inline std::vector<Face> find_faces(auto& ex, const CenterFace<>& network, const io::Image& image,
                                    const CenterFaceOptions& options = {}) {
  const double longer = std::max(image.width, image.height);
  const double scale =
      std::min(1.0, options.min_face > 0 ? smallest_found / options.min_face : longest_side / longer);
  auto faces = search(ex, network, image, {0, 0, image.width, image.height}, scale, options.threshold);
  std::erase_if(faces, [&](const Face& face) {
    return face.box.width() < options.min_face ||
           photo::eye_distance(face.landmarks) < photo::minimum_eye_distance;
  });
  if (options.second_look)
    for (Face& face : faces)
      if (face.box.width() >= large_face)
        face.landmarks = second_look(ex, network, image, face, options.threshold);
  return faces;
}

}  // namespace RFPP_ABI
}  // namespace rfpp::detect

#endif
