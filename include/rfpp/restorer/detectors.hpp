#ifndef RFPP_RESTORER_DETECTORS_HPP
#define RFPP_RESTORER_DETECTORS_HPP

#include <memory>
#include <type_traits>
#include <utility>
#include <vector>

#include "rfpp/cpu/prepare.hpp"
#include "rfpp/detect/centerface.hpp"
#include "rfpp/detect/retinaface.hpp"
#include "rfpp/restorer/inline.hpp"
#include "rfpp/restorer/recognized.hpp"
#include "rfpp/restorer/services.hpp"

namespace rfpp {
inline namespace RFPP_ABI {

inline detect::CenterFaceOptions search_options(const CenterFace<>&, double min_face) {
  return {.min_face = min_face};
}
template <template <class> class Backbone>
detect::RetinaFaceOptions search_options(const RetinaFace<Backbone>&, double min_face) {
  return {.min_face = min_face};
}

/// A detector on the processor, whose weights are read when the first photo comes.
template <class Network> class DetectorOnCpu final : public FaceDetector {
 public:
  DetectorOnCpu(Weights weights, const RestorerOptions& options)
      : ex_(options.threads), weights_(std::move(weights)), min_face_(options.min_face) {}

  std::vector<detect::Face> find(const io::Image& photo) override {
    if (!loaded_) load();
    return detect::find_faces(ex_, network_, photo, search_options(network_, min_face_));
  }

 private:
  void load() {
    if (weights_.empty())
      throw Error(
          "no faces can be found: centerface.safetensors, which comes with rfpp, is not there; give "
          "--detector or --landmarks, or --aligned for an aligned face");
    io::load_parameters(network_, weights_.open(), weights_.file.string());
    prepare(ex_, network_, RawWeights::drop);
    loaded_ = true;
  }

  Cpu ex_;
  Weights weights_;
  Network network_;
  double min_face_;
  bool loaded_ = false;
};

RFPP_INLINE std::unique_ptr<FaceDetector> open_detector(const RestorerOptions& options) {
  if (options.detector.empty())
    return std::make_unique<DetectorOnCpu<CenterFace<>>>(
        shipped_weights("centerface", options.weights_folder), options);
  std::unique_ptr<FaceDetector> detector;
  const Weights weights{options.detector};
  with_recognized<CenterFace<>, RetinaFaceResnet50<>, RetinaFaceMobileNet<>>(
      weights, "a face detector", [&]<class Network>(std::type_identity<Network>) {
        detector = std::make_unique<DetectorOnCpu<Network>>(weights, options);
      });
  return detector;
}

}  // namespace RFPP_ABI
}  // namespace rfpp

#endif
