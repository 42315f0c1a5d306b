#ifndef RFPP_DETECT_RETINAFACE_HPP
#define RFPP_DETECT_RETINAFACE_HPP

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <utility>
#include <vector>

#include "rfpp/detect/face.hpp"
#include "rfpp/detect/resize.hpp"
#include "rfpp/model/retinaface.hpp"

namespace rfpp::detect {
inline namespace RFPP_ABI {

/// How a photo is searched by RetinaFace.
struct RetinaFaceOptions {
  /// Faces of this score or a lower one are left out.
  double threshold = 0.97;
  /// Width of the smallest face that is looked for, in pixels of the photo, which is made smaller where that
  /// allows it; narrower ones are left out. 0: whatever is found in the photo at its own size, the longer
  /// side at most `retinaface_longest_side`.
  double min_face = 0;
};
/// Bounds time and memory, as the optional rule of the reference does.
inline constexpr int retinaface_longest_side = 2150;
/// Width of a face, in pixels of the network's input, that it finds reliably.
inline constexpr double retinaface_smallest_found = 16;
/// Faces that overlap by more are one.
inline constexpr double retinaface_overlap = 0.4;

/// A place and a size, as shares of the image's, that a box is told relative to.
struct Anchor {
  double x, y, width, height;
};
/// Anchor `index` (0 or 1) of a cell of level 0 to 2, whose cells are 8, 16 or 32 pixels wide, in an image of
/// width x height pixels.
inline Anchor anchor_of(std::size_t level, int row, int column, int index, double width, double height) {
  const double step = 8 << level, side = (index == 0 ? 16 : 32) << (2 * level);
  return {(column + 0.5) * step / width, (row + 0.5) * step / height, side / width, side / height};
}

namespace detail {
inline Face decoded(const Anchor& a, const float* box, const float* landmarks, double score, double width,
                    double height) {
  const auto value = [](float v) { return static_cast<double>(v); };
  const double x = (a.x + 0.1 * value(box[0]) * a.width) * width,
               y = (a.y + 0.1 * value(box[1]) * a.height) * height;
  const double w = a.width * std::exp(0.2 * value(box[2])) * width,
               h = a.height * std::exp(0.2 * value(box[3])) * height;
  Face face{{x - w / 2, y - h / 2, x + w / 2, y + h / 2}, score, {}};
  for (photo::Point& p : face.landmarks) {
    p = {(a.x + 0.1 * value(landmarks[0]) * a.width) * width,
         (a.y + 0.1 * value(landmarks[1]) * a.height) * height};
    landmarks += 2;
  }
  return face;
}
}  // namespace detail

/// The faces that the maps of one image of width x height pixels show, by descending score.
inline std::vector<Face> decode(const RetinaFaceMaps<float>& maps, int width, int height, double threshold) {
  std::vector<Face> faces;
  for (std::size_t level = 0; level < 3; ++level) {
    const Extents e = maps.boxes[level].extents();
    const float *box = maps.boxes[level].data(), *logits = maps.logits[level].data(),
                *landmarks = maps.landmarks[level].data();
    for (int anchor = 0; anchor < 2 * e.h * e.w; ++anchor, box += 4, logits += 2, landmarks += 10) {
      const double score =
          1 / (1 + std::exp(static_cast<double>(logits[0]) - static_cast<double>(logits[1])));
      if (!(score > threshold)) continue;
      const int cell = anchor / 2;
      faces.push_back(detail::decoded(anchor_of(level, cell / e.w, cell % e.w, anchor % 2, width, height),
                                      box, landmarks, score, width, height));
    }
  }
  return suppress_overlapping(std::move(faces), std::nextafter(retinaface_overlap, 1.0));
}

/// The faces in a photo, by descending score. Boxes may reach beyond the photo.
template <template <class> class Backbone>
std::vector<Face> find_faces(auto& ex, const RetinaFace<Backbone, float>& network, const io::Image& image,
                             const RetinaFaceOptions& options = {}) {
  const double longer = std::max(image.width, image.height);
  const double scale = std::min(1.0, options.min_face > 0 ? retinaface_smallest_found / options.min_face
                                                          : retinaface_longest_side / longer);
  const int width = std::max(1, static_cast<int>(std::lround(image.width * scale))),
            height = std::max(1, static_cast<int>(std::lround(image.height * scale)));
  Tensor<float> pixels = resized_rgb(image, {0, 0, image.width, image.height}, width, height);
  for (float *p = pixels.data(), *end = p + pixels.extents().size(); p != end; p += 3) {
    std::swap(p[0], p[2]);
    p[0] -= 104, p[1] -= 117, p[2] -= 123;
  }
  const auto made = network(ex, ex.upload(pixels));
  RetinaFaceMaps<float> maps;
  for (std::size_t i = 0; i < 3; ++i) {
    maps.boxes[i] = ex.download(made.boxes[i]);
    maps.logits[i] = ex.download(made.logits[i]);
    maps.landmarks[i] = ex.download(made.landmarks[i]);
  }
  auto faces = decode(maps, width, height, options.threshold);
  const double across = static_cast<double>(image.width) / width,
               down = static_cast<double>(image.height) / height;
  for (Face& face : faces) {
    face.box = {across * face.box.x1, down * face.box.y1, across * face.box.x2, down * face.box.y2};
    for (photo::Point& p : face.landmarks) p = {across * p.x, down * p.y};
  }
  std::erase_if(faces, [&](const Face& face) {
    return face.box.width() < options.min_face ||
           photo::eye_distance(face.landmarks) < photo::minimum_eye_distance;
  });
  return faces;
}

}  // namespace RFPP_ABI
}  // namespace rfpp::detect

#endif
