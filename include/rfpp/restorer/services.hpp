#ifndef RFPP_RESTORER_SERVICES_HPP
#define RFPP_RESTORER_SERVICES_HPP

#include <vector>

#include "rfpp/detect/face.hpp"
#include "rfpp/io/image.hpp"

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

}  // namespace rfpp::inline v0

#endif
