#ifndef RFPP_PHOTO_USABLE_FACES_HPP
#define RFPP_PHOTO_USABLE_FACES_HPP

#include <algorithm>
#include <cstddef>
#include <span>
#include <utility>
#include <vector>

#include "rfpp/photo/similarity.hpp"

namespace rfpp::photo {
inline namespace v0 {

/// Whether left and right are exchanged: the landmarks are those of a mirrored face, as where eyes and mouth
/// are named from the person's own side.
inline bool are_right_to_left(const Landmarks& face) {
  const double eyes_x = face[1].x - face[0].x, eyes_y = face[1].y - face[0].y;
  const double down_x = (face[3].x + face[4].x - face[0].x - face[1].x) / 2;
  const double down_y = (face[3].y + face[4].y - face[0].y - face[1].y) / 2;
  // About 1 for a face seen from the front; near 0 for a profile, whose order says nothing.
  return (eyes_x * down_y - eyes_y * down_x) < -0.25 * (down_x * down_x + down_y * down_y);
}

/// The landmarks in the order left, right as seen in the image; the mouth's corners follow the eyes.
inline Landmarks left_to_right(Landmarks face) {
  if (are_right_to_left(face)) std::swap(face[0], face[1]);
  const double along =
      (face[1].x - face[0].x) * (face[4].x - face[3].x) + (face[1].y - face[0].y) * (face[4].y - face[3].y);
  if (along < 0) std::swap(face[3], face[4]);
  return face;
}

/// The faces of a photo that can be restored, in the order left, right; and how many cannot.
struct UsableFaces {
  std::vector<Landmarks> landmarks;
  std::size_t too_small = 0;  ///< eyes closer than minimum_eye_distance
  std::size_t outside = 0;    ///< no landmark in the photo
  std::size_t exchanged = 0;  ///< of those that can: eyes given right to left
};

inline UsableFaces usable_faces(std::span<const Landmarks> faces, int width, int height) {
  UsableFaces usable;
  const auto inside = [&](Point p) { return p.x >= 0 && p.y >= 0 && p.x < width && p.y < height; };
  for (const Landmarks& face : faces) {
    if (eye_distance(face) < minimum_eye_distance) {
      ++usable.too_small;
    } else if (std::ranges::none_of(face, inside)) {
      ++usable.outside;
    } else {
      if (are_right_to_left(face)) ++usable.exchanged;
      usable.landmarks.push_back(left_to_right(face));
    }
  }
  return usable;
}

}  // namespace v0
}  // namespace rfpp::photo

#endif
