#ifndef RFPP_RESTORER_FACE_NETWORK_HPP
#define RFPP_RESTORER_FACE_NETWORK_HPP

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "rfpp/core/tensor.hpp"
#include "rfpp/io/parameters.hpp"
#include "rfpp/restorer/options.hpp"
#include "rfpp/restorer/weights.hpp"

namespace rfpp {
inline namespace RFPP_ABI {

/// A run's choices, for networks that have them.
struct NetworkSettings {
  double fidelity = 0;
  std::uint64_t seed = 0;
};

/// What a network makes of faces.
struct NetworkOutput {
  Tensor<float> image;    ///< {n,h,w,3}, not clamped
  Tensor<int> indices{};  ///< {n,h',w',1} of the dictionary's entries, where the network has a dictionary
  /// What else was computed, by the name that comparisons with other implementations use; only where it was
  /// asked for.
  std::vector<std::pair<std::string, Tensor<float>>> features{};
};

/// A network that restores faces, whatever it is and wherever it runs. Tensors are in host memory. One thread
/// at a time.
class FaceNetwork {
 public:
  virtual ~FaceNetwork() = default;

  /// Aligned faces {n,h,w,3}, RGB in [-1, 1].
  virtual NetworkOutput run(const Tensor<float>& faces, const NetworkSettings& settings) = 0;
  /// run() in two steps, so that a device works on one batch while its host prepares the next: gives what
  /// waits for the output, to be called once while the network is there. `faces` stay as they are until then.
  virtual std::function<NetworkOutput()> start(const Tensor<float>& faces, const NetworkSettings& settings) {
    return [=, this] { return run(faces, settings); };
  }
  /// Memory for such faces, which the device reads best.
  virtual Tensor<float> tensor(Extents e) { return Tensor<float>::uninitialized(e); }
  /// The dictionary's indices of faces, and the faces that indices stand for. Throw Error for a network
  /// without them.
  virtual Tensor<int> encode(const Tensor<float>& faces) = 0;
  virtual Tensor<float> decode(const Tensor<int>& indices) = 0;
  /// `callback` is told during run() how much of it is done, 0 to 1; false makes run() throw Cancelled. On a
  /// GPU a network runs in one piece, and nothing is told.
  virtual void on_progress(std::function<bool(double done)> callback) = 0;
};

/// What a network is opened with.
struct NetworkRequest {
  const RestorerOptions& options;
  Weights weights;
  Extents faces;                ///< extents of the faces to come; others may come too
  bool keeps_features = false;  ///< whether NetworkOutput::features are wanted

  void tell(const std::string& message) const {
    if (options.on_message) options.on_message(message);
  }
};

/// A network that the front door can open.
struct NetworkEntry {
  NetworkInfo info;
  io::ParameterShapes (*parameters)();  ///< as its checkpoint has them
  std::unique_ptr<FaceNetwork> (*open)(const NetworkRequest& request);
  /// Writes the weights as a safetensors file that names the network.
  void (*save)(const Weights& weights, const std::filesystem::path& file, io::DType dtype);

  /// What the options say. Throws Error for a choice that the network does not have.
  NetworkSettings settings(const FaceOptions& face) const {
    if (face.fidelity && !info.fidelity)
      throw Error(std::string("fidelity: ") + info.name +
                  " has no choice between quality and closeness to the input");
    if (face.fidelity && !(*face.fidelity >= 0 && *face.fidelity <= 1))
      throw Error("fidelity: expected 0 to 1, found " + std::to_string(*face.fidelity));
    if (face.seed && !info.has_noise)
      throw Error(std::string("seed: ") + info.name + " adds no noise that a seed would choose");
    return {face.fidelity.value_or(info.fidelity.value_or(0)), face.seed.value_or(0)};
  }
};

}  // namespace RFPP_ABI
}  // namespace rfpp

#endif
