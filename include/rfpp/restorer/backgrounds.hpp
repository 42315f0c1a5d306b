#ifndef RFPP_RESTORER_BACKGROUNDS_HPP
#define RFPP_RESTORER_BACKGROUNDS_HPP

#include <functional>
#include <memory>
#include <string>

#include "rfpp/photo/upscaler.hpp"
#include "rfpp/restorer/inline.hpp"
#include "rfpp/restorer/services.hpp"

namespace rfpp {
inline namespace RFPP_ABI {

/// One of Real-ESRGAN's networks on the processor.
class BackgroundOnCpu final : public BackgroundUpscaler {
 public:
  BackgroundOnCpu(const std::string& file, int threads)
      : ex_(threads), upscaler_(photo::Upscaler::open(ex_, file)) {}

  int scale() const override { return upscaler_.scale(); }
  io::Image enlarge(const io::Image& photo, double scale,
                    const std::function<void(double)>& progress) override {
    return photo::upscale_to(ex_, upscaler_, photo, scale, progress);
  }

 private:
  Cpu ex_;
  photo::Upscaler upscaler_;
};

RFPP_INLINE std::unique_ptr<BackgroundUpscaler> open_background(const RestorerOptions& options) {
  if (options.background.empty()) return nullptr;
  return std::make_unique<BackgroundOnCpu>(options.background, options.threads);
}

}  // namespace RFPP_ABI
}  // namespace rfpp

#endif
