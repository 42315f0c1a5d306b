#ifndef RFPP_PROGRAMS_INSTRUMENTS_HPP
#define RFPP_PROGRAMS_INSTRUMENTS_HPP

#include <memory>
#include <string>
#include <vector>

#include "rfpp/core/tensor.hpp"
#include "rfpp/metrics/networks.hpp"
#include "rfpp/restorer/device.hpp"
#include "rfpp/restorer/weights.hpp"

/// The files of networks that `evaluate` measures with; empty where they were not given.
struct InstrumentFiles {
  std::vector<std::string> lpips;
  std::string arcface, dictionary;
  rfpp::Weights centerface{};
  std::string dictionary_network;  ///< the name of the network that the dictionary's weights are of
  rfpp::metrics::ColorOrder order = rfpp::metrics::ColorOrder::correct;
};
/// What faces are measured with, wherever that computes. Images {1,h,w,3}, RGB in [-1, 1], are in host
/// memory.
class Instruments {
 public:
  virtual ~Instruments() = default;
  /// PSNR, SSIM, sharpness (as a share of the truth's) and color error of an image and its ground truth;
  /// landmark error, LPIPS and identity distance where their networks are there. NaN where one has no value.
  virtual std::vector<double> measure(const rfpp::Tensor<float>& image, const rfpp::Tensor<float>& truth) = 0;
  /// What the Frechet distance is over: the feature vectors of an image as rows, {1,1,vectors,features}; of
  /// the dictionary's latents, else of the identity network, else of what the detector sees at 16 px.
  virtual rfpp::Tensor<float> features(const rfpp::Tensor<float>& image) = 0;
};

/// How they come to a device, see rfpp::on_device. Throws Error over files that do not fit.
template <class Ex> class InstrumentsOn;
struct InstrumentsService {
  using Interface = Instruments;
  template <class Ex> using On = InstrumentsOn<Ex>;
};

#endif
