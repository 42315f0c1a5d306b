#ifndef RFPP_DETECT_LANDMARK_ERROR_HPP
#define RFPP_DETECT_LANDMARK_ERROR_HPP

#include <cmath>
#include <optional>

#include "rfpp/detect/centerface.hpp"

namespace rfpp::detect {
inline namespace RFPP_ABI {

/// How far CenterFace finds a restored face's five landmarks from where it finds those of the truth: the mean
/// distance, in parts of the truth's distance of the eyes. Images are aligned faces of one size; in each the
/// face of the highest score counts. 1 where the detector finds none in the restored image; nothing where it
/// finds none in the truth.
inline std::optional<double> landmark_error(auto& ex, const CenterFace<>& network, const io::Image& restored,
                                            const io::Image& truth) {
  const auto expected = find_faces(ex, network, truth);
  if (expected.empty()) return std::nullopt;
  const auto found = find_faces(ex, network, restored);
  if (found.empty()) return 1;
  const photo::Landmarks &a = found.front().landmarks, &b = expected.front().landmarks;
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += std::hypot(a[i].x - b[i].x, a[i].y - b[i].y);
  return sum / static_cast<double>(a.size()) / photo::eye_distance(b);
}

}  // namespace RFPP_ABI
}  // namespace rfpp::detect

#endif
