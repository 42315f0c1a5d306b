#ifndef RFPP_METRICS_NETWORKS_HPP
#define RFPP_METRICS_NETWORKS_HPP

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <filesystem>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "rfpp/core/finite.hpp"
#include "rfpp/io/parameters.hpp"
#include "rfpp/model/arcface.hpp"
#include "rfpp/model/lpips.hpp"

// Metrics that look through a network. Images are {1,h,w,3}, RGB in [-1, 1], in the executor's memory.

namespace rfpp::metrics {
inline namespace RFPP_ABI {

/// `correct`: as the metrics are defined. `authors`: blue and red change places, as in the scripts with which
/// the RestoreFormer papers were measured.
enum class ColorOrder { correct, authors };

/// Red and blue exchanged.
struct ReverseChannels {
  static constexpr bool keeps_channels = false;
  int channels;
  Extents extents(Extents e) const { return e; }
  RFPP_HD bool map(Pixel&, int& c) const {
    c = channels - 1 - c;
    return true;
  }
  RFPP_HD int fan() const { return 1; }
  RFPP_HD bool preimage(int, Pixel& q, int& c) const { return map(q, c); }
};
inline Tensor<float> ordered(auto& ex, const Tensor<float>& image, ColorOrder order) {
  if (order == ColorOrder::correct) return image;
  return eval(ex, Remap<ReverseChannels, Tensor<float>>{{image.extents().c}, image});
}

/// LPIPS of one pair; 0 for equal images, larger for more different ones. Throws Error where the network's
/// weights make it NaN or infinite.
inline double lpips(auto& ex, const Lpips<float>& network, const Tensor<float>& a, const Tensor<float>& b,
                    ColorOrder order = ColorOrder::correct) {
  const double distance = number_of(ex, network(ex, ordered(ex, a, order), ordered(ex, b, order)));
  if (!is_finite(distance)) throw Error("LPIPS: the distance is NaN or infinite");
  return distance;
}

/// The 512 features of a face's identity, of its gray image in [0, 1] at 128x128.
inline std::vector<float> identity_features(auto& ex, const ArcFaceResnet18<float>& network,
                                            const Tensor<float>& face,
                                            ColorOrder order = ColorOrder::correct) {
  constexpr int side = ArcFaceResnet18<float>::side;
  std::array<float, 3> weights{0.2989f, 0.5870f, 0.1140f};
  if (order == ColorOrder::authors) std::swap(weights[0], weights[2]);
  Tensor<float> gray_weights(vector_extents(3));
  std::copy(weights.begin(), weights.end(), gray_weights.data());
  const Constant<float> half{0.5f, {}};
  const auto gray = eval(ex, reduce<Sum>((face * 0.5 + half) * ex.upload(gray_weights), Over::channels));
  const auto vector = ex.download(bare(network(ex, eval(ex, resized(gray, side, side)))));
  return {vector.elements().begin(), vector.elements().end()};
}

/// The angle between two feature vectors in radians, 0 to pi: the identity distance (IDD). Throws Error where
/// one of them is zero.
inline double identity_distance(std::span<const float> a, std::span<const float> b) {
  double ab = 0, aa = 0, bb = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const auto x = static_cast<double>(a[i]), y = static_cast<double>(b[i]);
    ab += x * y, aa += x * x, bb += y * y;
  }
  if (!(is_normal(aa) && is_normal(bb)))
    throw Error("identity distance: a feature vector is zero or not finite");
  return std::acos(std::clamp(ab / std::sqrt(aa * bb), -1.0, 1.0));
}

/// Fills the network from the files that users have: one with all of it (the LPIPS package's state), or
/// torchvision's VGG16 (`features.<i>.weight`) and the channel weights (`lin<k>.model.1.weight`), in any
/// order. What the files hold besides is ignored. Throws Error for a parameter that none has, or of another
/// shape.
inline void load_lpips(Lpips<float>& network, const std::vector<std::filesystem::path>& files) {
  std::vector<io::Checkpoint> checkpoints;
  checkpoints.reserve(files.size());
  for (const auto& file : files) checkpoints.push_back(io::Checkpoint::open(file));
  const auto find = [&](const std::string& name) -> const io::TensorView* {
    for (const auto& checkpoint : checkpoints)
      if (const auto* view = checkpoint.find(name)) return view;
    return nullptr;
  };
  Lpips<float> loaded = network;
  walk(
      [&](const std::string& name, auto& parameter) {
        const io::TensorView* view = find(name);
        if (view == nullptr && name.starts_with("net.slice")) view = find("features." + name.substr(11));
        if (view == nullptr) throw Error("LPIPS: no file holds the parameter " + name);
        if (view->shape != io::file_shape(parameter))
          throw Error("LPIPS: parameter " + name + ": expected shape " +
                      io::to_string(io::file_shape(parameter)) + ", found " + io::to_string(view->shape));
        using T = typename std::remove_cvref_t<decltype(parameter)>::value;
        auto value = Tensor<T>::uninitialized(parameter.extents());
        io::read_channels_last(*view, value.elements());
        io::assign(parameter, std::move(value));
      },
      loaded);
  network = std::move(loaded);
}

}  // namespace RFPP_ABI
}  // namespace rfpp::metrics

#endif
