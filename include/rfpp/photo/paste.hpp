#ifndef RFPP_PHOTO_PASTE_HPP
#define RFPP_PHOTO_PASTE_HPP

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "rfpp/core/error.hpp"
#include "rfpp/io/image.hpp"
#include "rfpp/photo/mask.hpp"
#include "rfpp/photo/resize.hpp"
#include "rfpp/photo/similarity.hpp"
#include "rfpp/photo/warp.hpp"

namespace rfpp::inline v0::photo {

/// An aligned face, restored, and the map from the photo's pixels to its own (see align).
struct RestoredFace {
  Affine to_crop;
  io::Image crop;
};

/// The image's luma (ITU-R BT.601), for a gray photo.
inline io::Image to_gray(const io::Image& image) {
  io::Image gray(image.width, image.height, 1);
  for (std::size_t i = 0; i < gray.samples.size(); ++i) {
    const std::uint8_t* p = image.samples.data() + i * static_cast<std::size_t>(image.channels);
    gray.samples[i] =
        io::round_to_byte(0.299F * static_cast<float>(p[0]) + 0.587F * static_cast<float>(p[1]) +
                          0.114F * static_cast<float>(p[2]));
  }
  return gray;
}

/// Where a face lies on the canvas.
struct Placement {
  Affine to_canvas, from_canvas;
  Rectangle region;
  double template_scale = 1;  ///< template pixels per crop pixel
};

inline Placement place(const RestoredFace& face, const io::Image& canvas, double scale) {
  Placement placed;
  placed.to_canvas = scaled(inverse(face.to_crop), scale);
  if (scale > 1) {
    placed.to_canvas.x0 += 0.5 * scale;
    placed.to_canvas.y0 += 0.5 * scale;
  }
  placed.from_canvas = inverse(placed.to_canvas);
  placed.region = touched_region(placed.to_canvas, face.crop.width, canvas.width, canvas.height);
  placed.template_scale = static_cast<double>(template_size) / face.crop.width;
  return placed;
}

/// How far a canvas pixel is from the middle of a face: 1 on an ellipse around its head.
inline double head_distance(const Placement& face, Point pixel) {
  const Point p = face.from_canvas(pixel);
  return std::hypot((p.x * face.template_scale - 256) / 150, (p.y * face.template_scale - 272) / 190);
}

/// The share of a pixel, 0 to 1, that a face leaves to those before it: what belongs to a neighbour's head
/// more than to its own, since its crop shows that neighbour unrestored.
inline float share_of_earlier(const Placement& face, std::span<const Placement> earlier, Point pixel) {
  if (earlier.empty()) return 0;
  const double own = head_distance(face, pixel);
  double kept = 1;
  for (const Placement& other : earlier) {
    const double distance = head_distance(other, pixel);
    const double inside = std::clamp((1.2 - distance) / 0.2, 0.0, 1.0);
    const double nearer = std::clamp(0.5 + (own - distance) / 0.2, 0.0, 1.0);
    kept *= 1 - inside * nearer;
  }
  return static_cast<float>(1 - kept);
}

/// The colours of a part of an image as floats: what faces are blended into, rounded once at the end.
struct FloatRegion {
  Rectangle region;
  int colors = 0;
  std::vector<float> values;

  FloatRegion(const io::Image& image, const Rectangle& part)
      : region(part), colors(image.colors()), values(part.area() * static_cast<std::size_t>(colors)) {
    for (int y = region.y0; y < region.y1; ++y) {
      for (int x = region.x0; x < region.x1; ++x) {
        std::copy_n(image.row(y) + x * image.channels, colors, pixel(x, y));
      }
    }
  }

  /// Rounds the colours back into the image.
  void store(io::Image& image) {
    for (int y = region.y0; y < region.y1; ++y) {
      for (int x = region.x0; x < region.x1; ++x) {
        std::transform(pixel(x, y), pixel(x, y) + colors, image.row(y) + x * image.channels,
                       io::round_to_byte);
      }
    }
  }

  float* pixel(int x, int y) {
    return values.data() +
           (static_cast<std::ptrdiff_t>(y - region.y0) * region.width() + x - region.x0) * colors;
  }
};

/// Blends one face, `placed`, into what the faces before it, `earlier`, have left.
inline void blend(FloatRegion& canvas, const io::Image& crop, const Placement& placed,
                  std::span<const Placement> earlier, double scale) {
  const Rectangle& region = placed.region;
  std::vector<Placement> neighbours;
  std::copy_if(earlier.begin(), earlier.end(), std::back_inserter(neighbours),
               [&](const Placement& other) { return !intersection(other.region, region).empty(); });
  const SquareMask mask = square_mask(placed.from_canvas, region, crop.width, scale);
  const auto face =
      warp(canvas.colors == 1 ? to_gray(crop) : crop, placed.from_canvas, region, canvas.colors, {0, 0, 0});
  std::size_t i = 0;
  for (int y = region.y0; y < region.y1; ++y) {
    for (int x = region.x0; x < region.x1; ++x, ++i) {
      float soft = mask.soft.values[i];
      if (soft == 0) continue;
      soft *= 1 - share_of_earlier(placed, neighbours, Point{1.0 * x, 1.0 * y});
      float* out = canvas.pixel(x, y);
      const std::uint8_t* in = face.data() + i * static_cast<std::size_t>(canvas.colors);
      for (int color = 0; color < canvas.colors; ++color) {
        out[color] = soft * (mask.hard.values[i] * static_cast<float>(in[color])) + (1 - soft) * out[color];
      }
    }
  }
}

/// The photo at `scale` (1 or more; Lanczos) times its size with all faces pasted in by the square mask, in
/// their order; a later face leaves an earlier neighbour's head alone. Alpha and profile are kept, a gray
/// photo stays gray. Throws Error for a scale below 1, a result beyond io::check_size, and a crop that is not
/// a square RGB image.
inline io::Image paste_faces(const io::Image& photo, std::span<const RestoredFace> faces, double scale = 1) {
  if (!(scale >= 1 && scale <= io::max_side)) {
    throw Error("paste: expected a scale of 1 or more, found " + std::to_string(scale));
  }
  const auto width = std::llround(photo.width * scale), height = std::llround(photo.height * scale);
  io::check_size(width, height);
  io::Image canvas = scale == 1 ? photo : resize(photo, static_cast<int>(width), static_cast<int>(height));

  std::vector<Placement> placed;
  Rectangle around{canvas.width, canvas.height, 0, 0};
  for (const RestoredFace& face : faces) {
    if (face.crop.width != face.crop.height || face.crop.channels != 3) {
      throw Error("paste: expected a square RGB crop, found " + std::to_string(face.crop.width) + "x" +
                  std::to_string(face.crop.height) + " with " + std::to_string(face.crop.channels) +
                  " channels");
    }
    const Rectangle& region = placed.emplace_back(place(face, canvas, scale)).region;
    if (!region.empty()) around = bounding(around, region);
  }
  if (around.empty()) return canvas;
  FloatRegion sum(canvas, around);
  for (std::size_t i = 0; i < faces.size(); ++i) {
    if (!placed[i].region.empty()) blend(sum, faces[i].crop, placed[i], std::span(placed).first(i), scale);
  }
  sum.store(canvas);
  return canvas;
}

}  // namespace rfpp::inline v0::photo

#endif
