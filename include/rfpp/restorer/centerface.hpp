#ifndef RFPP_RESTORER_CENTERFACE_HPP
#define RFPP_RESTORER_CENTERFACE_HPP

#include <memory>
#include <vector>

#include "rfpp/cpu/prepare.hpp"
#include "rfpp/detect/centerface.hpp"
#include "rfpp/restorer/detectors.hpp"

namespace rfpp::inline v0 {

/// CenterFace on the processor.
class CenterFaceDetector final : public FaceDetector {
 public:
  explicit CenterFaceDetector(const RestorerOptions& options)
      : ex_(options.threads),
        weights_folder_(options.weights_folder),
        options_{.min_face = options.min_face} {}

  std::vector<detect::Face> find(const io::Image& photo) override {
    if (!loaded_) load();
    return detect::find_faces(ex_, network_, photo, options_);
  }

 private:
  void load() {
    const Weights weights = shipped_weights("centerface", weights_folder_);
    if (weights.empty())
      throw Error(
          "no faces can be found: centerface.safetensors, which comes with rfpp, is not there; give "
          "--landmarks, or --aligned for an aligned face");
    io::load_parameters(network_, weights.open(), weights.file.string());
    prepare(ex_, network_, RawWeights::drop);
    loaded_ = true;
  }

  Cpu ex_;
  std::string weights_folder_;
  CenterFace<> network_;
  detect::CenterFaceOptions options_;
  bool loaded_ = false;
};

RFPP_INLINE std::unique_ptr<FaceDetector> open_detector(const RestorerOptions& options) {
  return std::make_unique<CenterFaceDetector>(options);
}

}  // namespace rfpp::inline v0

#endif
