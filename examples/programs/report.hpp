#ifndef RFPP_PROGRAMS_REPORT_HPP
#define RFPP_PROGRAMS_REPORT_HPP

#include <cstddef>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "rfpp/detect/face.hpp"

/// What became of a face.
enum class Fate { restored, not_chosen, too_small, outside };

struct ReportedFace {
  rfpp::detect::Face face;
  Fate fate = Fate::restored;
};

/// What became of a photo.
struct PhotoReport {
  std::filesystem::path photo, result;
  int width = 0, height = 0;             ///< of the photo
  std::vector<ReportedFace> faces = {};  ///< in the order of their numbers
  double seconds = 0;                    ///< for finding and restoring the faces
  std::string skipped = {};              ///< why nothing was done
  std::string error = {};                ///< why there is no result

  std::size_t count(Fate fate) const;
  /// "2 faces, 1 too small to restore"
  std::string text() const;
};

/// What became of all photos: a file of JSON, and a line.
class Report {
 public:
  void add(PhotoReport photo) { photos_.push_back(std::move(photo)); }
  bool empty() const { return photos_.empty(); }
  /// How many photos were not skipped.
  std::size_t tried() const;

  /// {"photos": [{"photo", "result", "width", "height", "seconds", "faces": [{"number", "score", "box": [x1,
  /// y1, x2, y2], "size": [width, height], "landmarks": [[x, y], ...], "fate"}]}]}, lengths in pixels of the
  /// photo; a photo without a result has "skipped" or "error" in the place of all but its name.
  void write(const std::string& path) const;

  /// "12 photos: 31 faces, 2 too small to restore; 1 photo without a face; 1 failed; 12.3 s"
  std::string summary(double seconds) const;

 private:
  std::vector<PhotoReport> photos_;
};

#endif
