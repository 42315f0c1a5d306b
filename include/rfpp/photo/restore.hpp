#ifndef RFPP_PHOTO_RESTORE_HPP
#define RFPP_PHOTO_RESTORE_HPP

#include <algorithm>
#include <span>
#include <vector>

#include "rfpp/core/tensor.hpp"
#include "rfpp/photo/paste.hpp"

namespace rfpp::inline v0::photo {

/// An image as a network reads it: {1, height, width, 3} in [-1, 1].
inline Tensor<float> to_tensor(const io::Image& image) {
  auto tensor = Tensor<float>::uninitialised({1, image.height, image.width, 3});
  io::to_floats(image, tensor.elements());
  return tensor;
}
/// What a network wrote as an RGB image; values beyond [-1, 1] are clamped.
inline io::Image to_image(const Tensor<float>& tensor) {
  return io::to_image(tensor.elements(), tensor.extents().w, tensor.extents().h);
}

/// The restored colours in the form of the original: blended with it (strength 1: restored, 0: original),
/// gray where it is gray, with its alpha and profile. Both have the same size.
inline io::Image blend_with_original(const io::Image& restored, const io::Image& original, double strength) {
  const io::Image colours = original.colors() == 1 ? to_gray(restored) : restored;
  io::Image out = original;
  const auto weight = static_cast<float>(strength);
  const std::size_t pixels = static_cast<std::size_t>(out.width) * static_cast<std::size_t>(out.height);
  const auto channels = static_cast<std::size_t>(out.channels),
             colors = static_cast<std::size_t>(out.colors());
  for (std::size_t p = 0; p < pixels; ++p)
    for (std::size_t c = 0; c < colors; ++c) {
      auto& sample = out.samples[p * channels + c];
      sample = io::round_to_byte(weight * static_cast<float>(colours.samples[p * colors + c]) +
                                 (1.0F - weight) * static_cast<float>(sample));
    }
  return out;
}

/// Restores an aligned face of any size: it is resized to the network's resolution and back.
template <class Model>
io::Image restore_face(auto& ex, Model& model, const io::Image& face, double strength = 1) {
  constexpr int side = Model::spec.resolution;
  const bool fits = face.width == side && face.height == side;
  const auto output = model(ex, to_tensor(fits ? face : resize(face, side, side)));
  io::Image restored = to_image(output.image);
  if (!fits) restored = resize(restored, face.width, face.height);
  return blend_with_original(restored, face, strength);
}

/// Restores the faces of a photo, given by five landmarks each, and pastes them back into the photo at
/// `scale` (1 or more) times its size. Faces with an eye distance under minimum_eye_distance stay as they
/// are.
template <class Model>
io::Image restore_photo(auto& ex, Model& model, const io::Image& photo, std::span<const Landmarks> faces,
                        double strength = 1, double scale = 1) {
  std::vector<RestoredFace> restored;
  for (const Landmarks& landmarks : faces) {
    if (eye_distance(landmarks) < minimum_eye_distance) continue;
    const Affine to_crop = align(landmarks, Model::spec.resolution);
    io::Image crop = crop_face(photo, to_crop, Model::spec.resolution);
    restored.push_back({to_crop, restore_face(ex, model, crop, strength)});
  }
  return paste_faces(photo, restored, scale);
}

}  // namespace rfpp::inline v0::photo

#endif
