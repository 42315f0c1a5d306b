#ifndef RFPP_PHOTO_RESTORE_HPP
#define RFPP_PHOTO_RESTORE_HPP

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <utility>
#include <vector>

#include "rfpp/core/tensor.hpp"
#include "rfpp/photo/paste.hpp"

namespace rfpp::photo {
inline namespace RFPP_ABI {

/// An image as a network reads it: {1, height, width, 3} in [-1, 1].
inline Tensor<float> to_tensor(const io::Image& image) {
  auto tensor = Tensor<float>::uninitialized({1, image.height, image.width, 3});
  io::to_floats(image, tensor.elements());
  return tensor;
}
/// What a network wrote as an RGB image; values beyond [-1, 1] are clamped.
inline io::Image to_image(const Tensor<float>& tensor) {
  return io::to_image(tensor.elements(), tensor.extents().w, tensor.extents().h);
}

/// The restored colors in the form of the original: blended with it (strength 1: restored, 0: original),
/// gray where it is gray, with its alpha and profile. Both have the same size.
inline io::Image blend_with_original(const io::Image& restored, const io::Image& original, double strength) {
  const io::Image repainted = is_gray(original) ? to_gray(restored) : restored;
  io::Image out = original;
  const auto weight = static_cast<float>(strength);
  const std::size_t pixels = static_cast<std::size_t>(out.width) * static_cast<std::size_t>(out.height);
  const auto channels = static_cast<std::size_t>(out.channels),
             colors = static_cast<std::size_t>(out.colors()),
             restored_colors = static_cast<std::size_t>(repainted.colors());
  for (std::size_t p = 0; p < pixels; ++p)
    for (std::size_t c = 0; c < colors; ++c) {
      auto& sample = out.samples[p * channels + c];
      const std::uint8_t color = repainted.samples[p * restored_colors + (restored_colors == 1 ? 0 : c)];
      sample = io::round_to_byte(weight * static_cast<float>(color) +
                                 (1.0F - weight) * static_cast<float>(sample));
    }
  return out;
}

/// How faces are restored.
struct RestoreOptions {
  double strength = 1;  ///< 1: restored, 0: the input, between them: a blend
  Color color = Color::restored;
  double scale = 1;  ///< of the result, 1 or more, times the photo's size
  Mask mask = Mask::face;
  /// What makes the mask of a restored face in the place of `mask`; see parsing_mask. Or empty.
  std::function<Plane(const io::Image& face)> parser = {};
};

/// What a network made of a face, an RGB image of its size, in the colors asked for.
inline io::Image colored(io::Image restored, const io::Image& face, Color color) {
  if (color == Color::restored) return restored;
  return keep_colors(std::move(restored), face, color_sigma * face.width / template_size);
}

/// The RGB image that the network makes of a face of its resolution.
template <class Model> io::Image restored_colors(auto& ex, Model& model, const io::Image& face, Color color) {
  return colored(to_image(model(ex, to_tensor(face)).image), face, color);
}

/// Restores an aligned face of any size: it is resized to the network's resolution and back. A gray face
/// stays gray. Of the options, strength and color count.
template <class Model>
io::Image restore_face(auto& ex, Model& model, const io::Image& face, const RestoreOptions& options = {}) {
  constexpr int side = Model::spec.resolution;
  const bool fits = face.width == side && face.height == side;
  io::Image restored = restored_colors(ex, model, fits ? face : resize(face, side, side), options.color);
  if (!fits) restored = resize(restored, face.width, face.height);
  return blend_with_original(restored, face, options.strength);
}

/// Restores the faces of a photo, given by five landmarks each, and pastes them back into the photo. A gray
/// photo stays gray, also one with three color channels. Faces with an eye distance under
/// minimum_eye_distance stay as they are.
template <class Model>
io::Image restore_photo(auto& ex, Model& model, const io::Image& photo, std::span<const Landmarks> faces,
                        const RestoreOptions& options = {}) {
  std::vector<RestoredFace> restored;
  const bool gray = is_gray(photo);
  for (const Landmarks& landmarks : faces) {
    if (eye_distance(landmarks) < minimum_eye_distance) continue;
    const Affine to_crop = align(landmarks, Model::spec.resolution);
    const io::Image crop = crop_face(photo, to_crop, Model::spec.resolution);
    io::Image face = restored_colors(ex, model, crop, options.color);
    Plane mask = options.parser ? options.parser(face) : Plane{};
    if (gray) remove_color(face);
    restored.push_back({to_crop, std::move(face), std::move(mask)});
  }
  return paste_faces(photo, restored, options.scale, {options.mask, options.strength});
}

}  // namespace RFPP_ABI
}  // namespace rfpp::photo

#endif
