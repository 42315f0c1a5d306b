#ifndef RFPP_PROGRAMS_DEGRADER_HPP
#define RFPP_PROGRAMS_DEGRADER_HPP

#include "rfpp/degrade/degradation.hpp"
#include "rfpp/restorer/device.hpp"

/// Degrades images wherever that computes. Tensors are in host memory.
class Degrader {
 public:
  virtual ~Degrader() = default;
  virtual rfpp::degrade::DegradedPair degrade(const rfpp::degrade::Degradation& degradation,
                                              const rfpp::Tensor<float>& image) = 0;
};

template <class Ex> class DegraderOn final : public Degrader {
 public:
  explicit DegraderOn(int place) : ex_(place) {}
  rfpp::degrade::DegradedPair degrade(const rfpp::degrade::Degradation& degradation,
                                      const rfpp::Tensor<float>& image) override {
    const auto pair = rfpp::degrade::degrade(ex_, degradation, ex_.upload(image));
    return {ex_.download(pair.clean), ex_.download(pair.degraded)};
  }

 private:
  Ex ex_;
};

/// How it comes to a device, see rfpp::on_device.
struct DegraderService {
  using Interface = Degrader;
  template <class Ex> using On = DegraderOn<Ex>;
};

#endif
