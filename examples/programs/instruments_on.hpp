#ifndef RFPP_PROGRAMS_INSTRUMENTS_ON_HPP
#define RFPP_PROGRAMS_INSTRUMENTS_ON_HPP

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "instruments.hpp"
#include "rfpp/detect/landmark_error.hpp"
#include "rfpp/io/parameters.hpp"
#include "rfpp/metrics/appearance.hpp"
#include "rfpp/metrics/similarity.hpp"
#include "rfpp/model/network.hpp"
#include "rfpp/model/registry.hpp"
#include "rfpp/photo/restore.hpp"

/// A network up to its latent, which dictionary entries stand for.
template <class N> struct LatentEncoder {
  decltype(rfpp::Network<N>::encoder) encoder;
  decltype(rfpp::Network<N>::quant_conv) quant_conv;

  rfpp::Tensor<float> operator()(auto& ex, const rfpp::Tensor<float>& image) const {
    rfpp::check_image<N>(image.extents());
    return bare(eval(ex, quant_conv(encoder(ex, image).out)));
  }
  static void fields(auto&& f, auto&... models) {
    f("encoder", models.encoder...);
    f("quant_conv", models.quant_conv...);
  }
};

/// The networks that a dictionary's weights can be of.
using Autoencoders = rfpp::NetworkList<rfpp::RohqdMedium, rfpp::Rohqd>;

/// MakeReady<Ex>{}(executor, network, input) is called for every network that has been loaded.
template <class Ex> struct MakeReady;

template <class Ex> class InstrumentsOn final : public Instruments {
  using Image = rfpp::Tensor<float>;

 public:
  InstrumentsOn(int place, const InstrumentFiles& files) : ex_(place), order_(files.order) {
    if (!files.lpips.empty()) {
      lpips_.emplace();
      rfpp::metrics::load_lpips(*lpips_, {files.lpips.begin(), files.lpips.end()});
      MakeReady<Ex>{}(ex_, *lpips_, {1, 512, 512, 3});
    }
    if (!files.arcface.empty()) {
      constexpr int side = rfpp::ArcFaceResnet18<float>::side;
      arcface_.emplace();
      rfpp::io::load_parameters(*arcface_, files.arcface);
      MakeReady<Ex>{}(ex_, *arcface_, {1, side, side, 1});
    }
    if (!files.centerface.empty()) {
      centerface_.emplace();
      rfpp::io::load_parameters(*centerface_, files.centerface.open(), files.centerface.file.string());
      MakeReady<Ex>{}(ex_, *centerface_, {1, 256, 256, 3});
    }
    if (!files.dictionary.empty())
      Autoencoders::visit(files.dictionary_network,
                          [&](auto n) { load_dictionary<decltype(n)>(files.dictionary); });
  }

  std::vector<double> measure(const Image& image, const Image& truth) override {
    namespace metrics = rfpp::metrics;
    const auto a8 = levels(image), b8 = levels(truth);
    const auto x = ex_.upload(a8), y = ex_.upload(b8);
    const double sharpness = metrics::sharpness(b8);
    std::vector<double> values{metrics::psnr(ex_, x, y), metrics::ssim(ex_, x, y),
                               sharpness > 0 ? metrics::sharpness(a8) / sharpness : no_value,
                               metrics::color_error(a8, b8)};
    if (centerface_)
      values.push_back(rfpp::detect::landmark_error(ex_, *centerface_, rfpp::photo::to_image(image),
                                                    rfpp::photo::to_image(truth))
                           .value_or(no_value));
    const Image a = ex_.upload(image), b = ex_.upload(truth);
    if (lpips_) values.push_back(metrics::lpips(ex_, *lpips_, a, b, order_));
    if (arcface_)
      values.push_back(metrics::identity_distance(metrics::identity_features(ex_, *arcface_, a, order_),
                                                  metrics::identity_features(ex_, *arcface_, b, order_)));
    return values;
  }
  Image features(const Image& image) override {
    if (latents_) return latents_(image);
    if (!arcface_) return detector_features(image);
    const auto vector = rfpp::metrics::identity_features(ex_, *arcface_, ex_.upload(image), order_);
    Image row(rfpp::vector_extents(static_cast<int>(vector.size())));
    std::ranges::copy(vector, row.data());
    return row;
  }

 private:
  static constexpr double no_value = std::numeric_limits<double>::quiet_NaN();

  /// The image is resized to 256x256: features depend on a face's size.
  Image detector_features(const Image& image) {
    constexpr int side = 256;
    const rfpp::Constant<float> middle{127.5f, {}};
    const auto input = eval(ex_, resized(ex_.upload(image), side, side) * 127.5 + middle);
    const auto seen = ex_.download(bare(std::get<4>(centerface_->features(ex_, bare(input)))));
    const rfpp::Extents e = seen.extents();
    return reshaped(seen, {1, 1, static_cast<int>(e.pixels()), e.c});
  }
  template <class N> void load_dictionary(const std::string& file) {
    constexpr int side = N::spec.resolution;
    rfpp::Network<N> network;
    rfpp::io::load_parameters(network, file);
    const std::shared_ptr<LatentEncoder<N>> model(
        new LatentEncoder<N>{std::move(network.encoder), std::move(network.quant_conv)});
    MakeReady<Ex>{}(ex_, *model, {1, side, side, 3});
    latents_ = [this, model](const Image& image) {
      const auto latent = ex_.download((*model)(ex_, ex_.upload(image)));
      const rfpp::Extents e = latent.extents();
      return reshaped(latent, {1, 1, static_cast<int>(e.pixels()), e.c});
    };
  }
  /// 8-bit RGB samples as doubles.
  static rfpp::Tensor<double> levels(const Image& image) {
    rfpp::Tensor<double> t(image.extents());
    std::ranges::transform(image.elements(), t.data(),
                           [](float v) { return std::nearbyint((static_cast<double>(v) + 1) * 127.5); });
    return t;
  }

  Ex ex_;
  rfpp::metrics::ColorOrder order_;
  std::optional<rfpp::Lpips<float>> lpips_;
  std::optional<rfpp::ArcFaceResnet18<float>> arcface_;
  std::optional<rfpp::CenterFace<float>> centerface_;
  std::function<Image(const Image&)> latents_;
};

#endif
