#ifndef RFPP_DEGRADE_COMPONENTS_HPP
#define RFPP_DEGRADE_COMPONENTS_HPP

#include <utility>

#include "rfpp/degrade/degradation.hpp"
#include "rfpp/photo/similarity.hpp"

namespace rfpp::degrade {
inline namespace RFPP_ABI {

/// A square box in pixels: its center and half its side.
struct Box {
  double x = 0, y = 0, half = 0;
};
/// Left and right as seen in the image.
struct Components {
  Box left_eye, right_eye, mouth;
};

/// Where a degradation moves a face's boxes in an image of `width`: a mirrored center x becomes width - x,
/// and the eyes change places.
inline Components moved(Components c, const Degradation& d, int width) {
  if (d.flip) {
    std::swap(c.left_eye, c.right_eye);
    for (Box* box : {&c.left_eye, &c.right_eye, &c.mouth}) box->x = width - box->x;
  }
  if (d.shift)
    for (Box* box : {&c.left_eye, &c.right_eye, &c.mouth})
      box->x += d.shift->margin - d.shift->right, box->y += d.shift->margin - d.shift->down;
  return c;
}

/// The same for landmarks, which count from the center of the first pixel: a mirrored x becomes
/// width - 1 - x, and left and right change places.
inline photo::Landmarks moved(photo::Landmarks points, const Degradation& d, int width) {
  if (d.flip) {
    std::swap(points[0], points[1]);
    std::swap(points[3], points[4]);
    for (photo::Point& p : points) p.x = width - 1 - p.x;
  }
  if (d.shift)
    for (photo::Point& p : points)
      p.x += d.shift->margin - d.shift->right, p.y += d.shift->margin - d.shift->down;
  return points;
}

}  // namespace RFPP_ABI
}  // namespace rfpp::degrade

#endif
