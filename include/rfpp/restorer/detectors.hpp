#ifndef RFPP_RESTORER_DETECTORS_HPP
#define RFPP_RESTORER_DETECTORS_HPP

#include <memory>

#include "rfpp/restorer/face_network.hpp"
#include "rfpp/restorer/inline.hpp"
#include "rfpp/restorer/services.hpp"

namespace rfpp::inline v0 {

/// A detector of the weights that come with rfpp, which are read when the first photo comes.
std::unique_ptr<FaceDetector> open_detector(const RestorerOptions& options);

}  // namespace rfpp::inline v0

#endif
