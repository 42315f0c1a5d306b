#ifndef RFPP_RESTORER_STATE_HPP
#define RFPP_RESTORER_STATE_HPP

#include <algorithm>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "rfpp/photo/restore.hpp"
#include "rfpp/restorer/device.hpp"
#include "rfpp/restorer/inline.hpp"
#include "rfpp/restorer/networks.hpp"
#include "rfpp/restorer/restorer.hpp"
#include "rfpp/restorer/services.hpp"

namespace rfpp {
inline namespace RFPP_DOOR_ABI {

struct Restorer::State {
  const NetworkEntry& entry;
  RestorerOptions options;
  bool shipped;  // whether the weights come with rfpp
  std::unique_ptr<FaceNetwork> network;
  std::unique_ptr<FaceDetector> detector;
  std::unique_ptr<FaceParser> parser;              // or null
  std::unique_ptr<BackgroundUpscaler> background;  // or null

  int side() const { return entry.info.resolution; }
  int batch() const {
    if (options.batch > 0) return options.batch;
    return gpu_index(options.device) < 0 ? 1 : 8;
  }

  /// What the network makes of RGB images of its resolution, which is `share` of the call's work.
  std::vector<io::Image> run(std::span<const io::Image> faces, const NetworkSettings& settings,
                             double share = 1) {
    std::vector<io::Image> results;
    const auto most = static_cast<std::size_t>(batch());
    std::function<NetworkOutput()> next = start(faces, 0, settings);
    for (std::size_t first = 0; first < faces.size(); first += most) {
      const std::size_t count = std::min(most, faces.size() - first);
      const auto output = std::exchange(next, start(faces, first + most, settings));
      watch(first, count, faces.size(), share);
      const Tensor<float> images = output().image;
      const std::size_t size = images.extents().image_size();
      for (std::size_t i = 0; i < count; ++i)
        results.push_back(
            io::to_image(std::span<const float>(images.elements()).subspan(i * size, size), side(), side()));
      tell(share * static_cast<double>(first + count) / static_cast<double>(faces.size()), first + count - 1,
           faces.size());
    }
    return results;
  }

  /// Throws Error where the photo, or what the network for backgrounds makes of it first, would be too large.
  void check_size(const io::Image& photo, double scale) const {
    photo::enlarged_size(photo, scale);
    if (!background || background->scale() <= scale) return;
    try {
      photo::enlarged_size(photo, background->scale());
    } catch (const Error& error) {
      throw Error("the background's network makes photos " + std::to_string(background->scale()) +
                  " times larger before they are reduced to the scale asked for: " + error.what());
    }
  }

  /// The faces' share of the work that a photo is: networks that restore and those that enlarge take about the
  /// same time for a pixel that they make.
  double share_of(std::size_t faces, const io::Image& photo) const {
    if (!background) return 1;
    const double restored = static_cast<double>(faces) * side() * side(), scale = background->scale();
    return restored / (restored + scale * scale * photo.width * photo.height);
  }

  /// The photo at `scale` times its size through the network for backgrounds, after the faces, which were
  /// `share` of the call's work.
  io::Image enlarge(const io::Image& photo, double scale, double share, std::size_t faces) {
    return background->enlarge(photo, scale,
                               [=, this](double done) { tell(share + (1 - share) * done, faces, faces); });
  }

 private:
  /// Starts on the batch that begins with a face; nothing where there is none.
  std::function<NetworkOutput()> start(std::span<const io::Image> faces, std::size_t first,
                                       const NetworkSettings& settings) {
    if (first >= faces.size()) return nullptr;
    faces = faces.subspan(first, std::min(static_cast<std::size_t>(batch()), faces.size() - first));
    const auto tensor = network->tensor({static_cast<int>(faces.size()), side(), side(), 3});
    const std::size_t size = tensor.extents().image_size();
    for (std::size_t i = 0; i < faces.size(); ++i)
      io::to_floats(faces[i], tensor.elements().subspan(i * size, size));
    return network->start(tensor, settings);
  }
  /// Passes on how far the network is with some of the faces.
  void watch(std::size_t first, std::size_t count, std::size_t faces, double share) {
    if (!options.on_progress) return;
    network->on_progress([=, this](double done) {
      return options.on_progress({share * (static_cast<double>(first) + done * static_cast<double>(count)) /
                                      static_cast<double>(faces),
                                  static_cast<int>(first), static_cast<int>(faces)});
    });
  }
  void tell(double done, std::size_t face, std::size_t faces) const {
    if (options.on_progress && !options.on_progress({done, static_cast<int>(face), static_cast<int>(faces)}))
      throw Cancelled();
  }
};

RFPP_INLINE Restorer::Restorer(std::unique_ptr<State> state) : state_(std::move(state)) {}
RFPP_INLINE Restorer::Restorer(Restorer&&) noexcept = default;
RFPP_INLINE Restorer& Restorer::operator=(Restorer&&) noexcept = default;
RFPP_INLINE Restorer::~Restorer() = default;

/// The network that the options name, or else that of a checkpoint.
inline const NetworkEntry& network_of(const Weights& weights, const RestorerOptions& options) {
  if (!options.network.empty()) return network_named(options.network);
  if (!weights.empty()) {
    const io::Checkpoint checkpoint = weights.open();
    const NetworkEntry* fits = fitting_network(checkpoint);
    if (fits == nullptr) refuse_other_versions(checkpoint, weights.file.string());
    return fits == nullptr ? nearest_network(checkpoint) : *fits;
  }
  return network_named(options.hashed ? "restoreformer++" : "restoreformer++-medium");
}

RFPP_INLINE Restorer Restorer::open(const std::filesystem::path& file, const RestorerOptions& options) {
  gpu_index(options.device);  // throws
  Weights weights{file};
  const NetworkEntry& entry = network_of(weights, options);
  if (weights.empty() && !options.hashed)
    weights = require_shipped_weights(entry.info.name, options.weights_folder);
  require_fit(entry, weights);
  auto state =
      std::make_unique<State>(State{entry, options, weights.shipped, nullptr, open_detector(options),
                                    open_parser(options, entry.info.parsed_mask), open_background(options)});
  state->network = entry.open({state->options, weights, {state->batch(), state->side(), state->side(), 3}});
  return Restorer(std::move(state));
}

RFPP_INLINE const NetworkInfo& Restorer::network() const { return state_->entry.info; }

RFPP_INLINE int Restorer::background_scale() const {
  return state_->background ? state_->background->scale() : 1;
}

RFPP_INLINE std::vector<detect::Face> Restorer::find_faces(const io::Image& photo) {
  return state_->detector->find(photo);
}

RFPP_INLINE io::Image Restorer::restore_photo(const io::Image& photo, const FaceOptions& options) {
  std::vector<photo::Landmarks> landmarks;
  for (const detect::Face& face : find_faces(photo)) landmarks.push_back(face.landmarks);
  return restore_photo(photo, landmarks, options);
}

RFPP_INLINE io::Image Restorer::restore_photo(const io::Image& photo, std::span<const photo::Landmarks> faces,
                                              const FaceOptions& options) {
  State& state = *state_;
  const NetworkSettings settings = state.entry.settings(options);
  const auto color = options.color.value_or(state.shipped ? photo::Color::input : photo::Color::restored);
  const double scale = options.scale.value_or(background_scale());
  state.check_size(photo, scale);
  const bool gray = photo::is_gray(photo);
  std::vector<photo::Affine> maps;
  std::vector<io::Image> crops;
  const auto usable = photo::usable_faces(faces, photo.width, photo.height).landmarks;
  for (const photo::Landmarks& landmarks : usable) {
    maps.push_back(photo::align(landmarks, state.side(), state.entry.info.alignment));
    crops.push_back(photo::crop_face(photo, maps.back(), state.side()));
  }
  const double share = state.share_of(crops.size(), photo);
  auto results = state.run(crops, settings, share);
  std::vector<photo::RestoredFace> restored;
  for (std::size_t i = 0; i < crops.size(); ++i) {
    io::Image face = photo::colored(std::move(results[i]), crops[i], color);
    photo::Plane mask = state.parser ? state.parser->mask(face) : photo::Plane{};
    if (scale * photo::face_width(usable[i]) < state.entry.info.smoothed_below)
      face = photo::smoothed(std::move(face));
    if (gray) photo::remove_color(face);
    restored.push_back({maps[i], std::move(face), std::move(mask)});
  }
  const photo::PasteOptions paste{options.mask, options.strength};
  if (!state.background) return photo::paste_faces(photo, restored, scale, paste);
  io::Image canvas = state.enlarge(photo, scale, share, crops.size());
  photo::paste_onto(canvas, restored, scale, paste);
  return canvas;
}

RFPP_INLINE io::Image Restorer::restore_face(const io::Image& face, const FaceOptions& options) {
  return std::move(restore_faces(std::span(&face, 1), options).front());
}

RFPP_INLINE std::vector<io::Image> Restorer::restore_faces(std::span<const io::Image> faces,
                                                           const FaceOptions& options) {
  State& state = *state_;
  const int side = state.side();
  const NetworkSettings settings = state.entry.settings(options);
  std::vector<io::Image> inputs;
  for (const io::Image& face : faces)
    inputs.push_back(face.width == side && face.height == side ? face : photo::resize(face, side, side));
  auto results = state.run(inputs, settings);
  for (std::size_t i = 0; i < results.size(); ++i) {
    io::Image restored =
        photo::colored(std::move(results[i]), inputs[i], options.color.value_or(photo::Color::restored));
    if (restored.width != faces[i].width || restored.height != faces[i].height)
      restored = photo::resize(restored, faces[i].width, faces[i].height);
    results[i] = photo::blend_with_original(restored, faces[i], options.strength);
  }
  return results;
}

RFPP_INLINE FaceCodes Restorer::encode_face(const io::Image& face) {
  const int side = state_->side();
  const bool fits = face.width == side && face.height == side;
  const Tensor<int> indices =
      state_->network->encode(photo::to_tensor(fits ? face : photo::resize(face, side, side)));
  return {network().name, indices.extents().w, {indices.elements().begin(), indices.elements().end()}};
}

RFPP_INLINE io::Image Restorer::decode_face(const FaceCodes& codes) {
  const NetworkInfo& info = network();
  const auto cells = static_cast<std::size_t>(info.code_side) * static_cast<std::size_t>(info.code_side);
  if (codes.side != info.code_side || codes.indices.size() != cells)
    throw Error(std::string("codes: ") + info.name + " expects " + std::to_string(cells) +
                " indices, found " + std::to_string(codes.indices.size()));
  for (const int index : codes.indices)
    if (index < 0 || index >= info.codebook_entries)
      throw Error("index " + std::to_string(index) + " is not one of " +
                  std::to_string(info.codebook_entries) + " entries");
  Tensor<int> indices({1, codes.side, codes.side, 1});
  std::ranges::copy(codes.indices, indices.data());
  return photo::to_image(state_->network->decode(indices));
}

}  // namespace RFPP_DOOR_ABI
}  // namespace rfpp

#endif
