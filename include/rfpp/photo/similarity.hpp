#ifndef RFPP_PHOTO_SIMILARITY_HPP
#define RFPP_PHOTO_SIMILARITY_HPP

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <numeric>
#include <optional>

#include "rfpp/core/error.hpp"
#include "rfpp/core/finite.hpp"

namespace rfpp::photo {
inline namespace v0 {

/// A position in pixels; (0, 0) is the center of the top left one.
struct Point {
  double x = 0, y = 0;
};

/// Left eye, right eye, nose, left and right corner of the mouth; left as seen in the image.
using Landmarks = std::array<Point, 5>;

/// Where the landmarks lie in an aligned face of 512x512 pixels (the FFHQ template).
inline constexpr Landmarks ffhq_template{{{192.98138, 239.94708},
                                          {318.90277, 240.1936},
                                          {256.63416, 314.01935},
                                          {201.26117, 371.41043},
                                          {313.08905, 371.15118}}};
inline constexpr int template_size = 512;

/// Faces whose eyes are closer than this, in pixels, hold too little to restore.
inline constexpr double minimum_eye_distance = 5;

inline double eye_distance(const Landmarks& landmarks) {
  return std::hypot(landmarks[1].x - landmarks[0].x, landmarks[1].y - landmarks[0].y);
}

/// The width of a face as detectors' boxes have it, by its landmarks: 2.26 times the distance of the eyes, the
/// median of 63 faces in photos, which differ by 8 %. The eyes of a face in profile are nearer each other: then
/// its height counts, from between the eyes to between the corners of the mouth.
inline double face_width(const Landmarks& l) {
  const double height = std::hypot(l[3].x + l[4].x - l[0].x - l[1].x, l[3].y + l[4].y - l[0].y - l[1].y) / 2;
  return 2.26 * std::max(eye_distance(l), 0.95 * height);
}

/// The map (x, y) -> (xx x + xy y + x0, yx x + yy y + y0).
struct Affine {
  double xx = 1, xy = 0, x0 = 0;
  double yx = 0, yy = 1, y0 = 0;

  Point operator()(Point p) const { return {xx * p.x + xy * p.y + x0, yx * p.x + yy * p.y + y0}; }
};

/// The map followed by a multiplication of both coordinates.
inline Affine scaled(const Affine& map, double scale) {
  return {map.xx * scale, map.xy * scale, map.x0 * scale, map.yx * scale, map.yy * scale, map.y0 * scale};
}

/// Throws Error when the map cannot be inverted.
inline Affine inverse(const Affine& map) {
  const double determinant = map.xx * map.yy - map.xy * map.yx;
  if (!is_normal(determinant))
    throw Error("affine map: expected one that can be inverted, found a degenerate one");
  const double factor = 1 / determinant;
  const double xx = map.yy * factor, xy = -map.xy * factor, yx = -map.yx * factor, yy = map.xx * factor;
  return {xx, xy, -xx * map.x0 - xy * map.y0, yx, yy, -yx * map.x0 - yy * map.y0};
}

/// Which of the five landmarks count.
using LandmarkMask = std::array<bool, 5>;

/// The similarity (turn, uniform scale and shift) that takes the marked landmarks closest to those of
/// `target` in the sense of least squares; none where those landmarks coincide or are not finite.
inline std::optional<Affine> least_squares_similarity(const Landmarks& landmarks,
                                                      const LandmarkMask& mask = {true, true, true, true,
                                                                                  true},
                                                      const Landmarks& target = ffhq_template) {
  Point from, to;
  double count = 0;
  for (std::size_t i = 0; i < landmarks.size(); ++i) {
    if (!mask[i]) continue;
    from = {from.x + landmarks[i].x, from.y + landmarks[i].y};
    to = {to.x + target[i].x, to.y + target[i].y};
    ++count;
  }
  from = {from.x / count, from.y / count};
  to = {to.x / count, to.y / count};
  double spread = 0, along = 0, across = 0;
  for (std::size_t i = 0; i < landmarks.size(); ++i) {
    if (!mask[i]) continue;
    const Point f{landmarks[i].x - from.x, landmarks[i].y - from.y};
    const Point t{target[i].x - to.x, target[i].y - to.y};
    spread += f.x * f.x + f.y * f.y;
    along += f.x * t.x + f.y * t.y;
    across += f.x * t.y - f.y * t.x;
  }
  if (!is_normal(spread)) return std::nullopt;
  const double c = along / spread, s = across / spread;
  return Affine{c, -s, to.x - c * from.x + s * from.y, s, c, to.y - s * from.x - c * from.y};
}

/// The squared distance, in template pixels, of each mapped landmark from its place in `target`.
inline std::array<double, 5> squared_errors(const Affine& map, const Landmarks& landmarks,
                                            const Landmarks& target = ffhq_template) {
  std::array<double, 5> errors{};
  for (std::size_t i = 0; i < errors.size(); ++i) {
    const Point mapped = map(landmarks[i]);
    const double x = mapped.x - target[i].x, y = mapped.y - target[i].y;
    errors[i] = x * x + y * y;
  }
  return errors;
}

/// The map from photo pixels to the pixels of an aligned crop of `size` x `size`, where the landmarks lie as
/// those of `target` do in one of template_size: least median of squares
/// over all pairs of landmarks, then least squares over the landmarks that agree, so one bad landmark does no
/// harm. Throws Error when the landmarks are not finite or coincide. Source: estimateAffinePartial2D of
/// OpenCV with LMEDS.
inline Affine align(const Landmarks& landmarks, int size = template_size,
                    const Landmarks& target = ffhq_template) {
  std::optional<double> smallest_median;
  std::array<double, 5> errors{};
  for (std::size_t first = 0; first < 5; ++first) {
    for (std::size_t second = first + 1; second < 5; ++second) {
      LandmarkMask pair{};
      pair[first] = pair[second] = true;
      const auto exact = least_squares_similarity(landmarks, pair, target);
      if (!exact) continue;
      const auto candidate = squared_errors(*exact, landmarks, target);
      if (!is_finite(std::accumulate(candidate.begin(), candidate.end(), 0.0))) continue;
      auto sorted = candidate;
      std::nth_element(sorted.begin(), sorted.begin() + 2, sorted.end());
      if (!smallest_median || sorted[2] < *smallest_median) {
        smallest_median = sorted[2];
        errors = candidate;
      }
    }
  }
  const auto coincide = [] {
    return Error("landmarks: expected five finite points that span a face, found points that coincide");
  };
  if (!smallest_median) throw coincide();
  const double threshold = std::max(2.5 * 1.4826 * (1 + 5.0 / 3) * std::sqrt(*smallest_median), 0.001);
  LandmarkMask inliers{};
  std::transform(errors.begin(), errors.end(), inliers.begin(),
                 [&](double error) { return error <= threshold * threshold; });
  const auto map = least_squares_similarity(landmarks, inliers, target);
  if (!map || !is_normal(map->xx * map->yy - map->xy * map->yx)) throw coincide();
  return scaled(*map, size / static_cast<double>(template_size));
}

}  // namespace v0
}  // namespace rfpp::photo

#endif
