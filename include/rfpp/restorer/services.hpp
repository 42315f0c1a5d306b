#ifndef RFPP_RESTORER_SERVICES_HPP
#define RFPP_RESTORER_SERVICES_HPP

#include <functional>
#include <memory>
#include <vector>

#include "rfpp/detect/face.hpp"
#include "rfpp/io/image.hpp"
#include "rfpp/restorer/options.hpp"

// What a Restorer does beside restoring, as it sees the networks that do it. Each opener is defined beside
// its networks; all of them run on the processor.

namespace rfpp {
inline namespace RFPP_ABI {

/// Finds faces in photos.
class FaceDetector {
 public:
  virtual ~FaceDetector() = default;
  /// By descending score.
  virtual std::vector<detect::Face> find(const io::Image& photo) = 0;
};

/// The detector whose weights are the file that the options name, or else CenterFace with the weights that
/// come with rfpp. They are read when the first photo comes. Throws Error for a file that is none.
std::unique_ptr<FaceDetector> open_detector(const RestorerOptions& options);

/// Tells which pixels of an aligned face belong to it.
class FaceParser {
 public:
  virtual ~FaceParser() = default;
  /// How much of each pixel of a square RGB face is pasted, 0 to 1; see photo::parsing_mask.
  virtual photo::Plane mask(const io::Image& face) = 0;
};

/// The parser whose weights are the file that the options name, and what its masks hold; null where they name
/// none. Throws Error for a file that is none.
std::unique_ptr<FaceParser> open_parser(const RestorerOptions& options, const photo::ParsedMask& how = {});

/// Enlarges what is around the faces.
class BackgroundUpscaler {
 public:
  virtual ~BackgroundUpscaler() = default;
  /// How many times larger its network makes photos.
  virtual int scale() const = 0;
  /// The photo at `scale` (1 or more) times its size; `progress` is told the share that is done.
  virtual io::Image enlarge(const io::Image& photo, double scale,
                            const std::function<void(double)>& progress) = 0;
};

/// The upscaler whose weights are the file that the options name; null where they name none. Throws Error for
/// a file that is none.
std::unique_ptr<BackgroundUpscaler> open_background(const RestorerOptions& options);

}  // namespace RFPP_ABI
}  // namespace rfpp

#endif
