#ifndef RFPP_RESTORER_SERVICES_HPP
#define RFPP_RESTORER_SERVICES_HPP

#include <vector>

#include "rfpp/detect/face.hpp"
#include "rfpp/io/image.hpp"
#include "rfpp/photo/mask.hpp"

// What a Restorer does beside restoring, as it sees the networks that do it. Each opener is defined beside
// its networks.

namespace rfpp::inline v0 {

/// Finds faces in photos.
class FaceDetector {
 public:
  virtual ~FaceDetector() = default;
  /// By descending score.
  virtual std::vector<detect::Face> find(const io::Image& photo) = 0;
};

/// Tells a face from what is around and before it.
class FaceParser {
 public:
  virtual ~FaceParser() = default;
  /// How much of each pixel of an aligned face, an RGB image, is to be pasted, 0 to 1; of the image's size.
  virtual photo::Plane mask(const io::Image& face) = 0;
};

/// Enlarges what is around the faces.
class Upscaler {
 public:
  virtual ~Upscaler() = default;
  /// The photo at `scale` times its size, 1 or more; sides are rounded to the nearest pixel.
  virtual io::Image upscale(const io::Image& photo, double scale) = 0;
};

}  // namespace rfpp::inline v0

#endif
