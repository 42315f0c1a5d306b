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
#include "rfpp/photo/color.hpp"
#include "rfpp/photo/mask.hpp"
#include "rfpp/photo/resize.hpp"
#include "rfpp/photo/similarity.hpp"
#include "rfpp/photo/warp.hpp"

namespace rfpp::photo {
inline namespace RFPP_ABI {

/// An aligned face, restored, and the map from the photo's pixels to its own (see align).
struct RestoredFace {
  Affine to_crop;
  io::Image crop;
  Plane mask = {};  ///< how much of each crop pixel is pasted, 0 to 1, as a face parser found it; or empty
};

/// The RGB image smoothed by [1 2 1] x [1 2 1] / 16, so that it does not alias where it is pasted small.
/// Source: the paste of GPEN.
inline io::Image smoothed(io::Image image) {
  const auto kernel = gaussian_kernel(1);
  for (std::size_t color = 0; color < 3; ++color) {
    Plane plane{image.width, image.height, std::vector<float>(image.samples.size() / 3)};
    for (std::size_t i = 0; i < plane.values.size(); ++i)
      plane.values[i] = static_cast<float>(image.samples[3 * i + color]);
    plane = blur(std::move(plane), kernel);
    for (std::size_t i = 0; i < plane.values.size(); ++i)
      image.samples[3 * i + color] = io::round_to_byte(plane.values[i]);
  }
  return image;
}

/// How faces are pasted.
struct PasteOptions {
  Mask mask = Mask::face;  ///< of a face that has none of its own
  double strength = 1;     ///< 1: the restored face, 0: the photo, between them: a blend
};

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

/// The point of the 512-pixel template that a canvas pixel shows.
inline Point template_point(const Placement& face, Point pixel) {
  const Point p = face.from_canvas(pixel);
  return {p.x * face.template_scale, p.y * face.template_scale};
}

/// The share of a pixel, 0 to 1, that a face leaves to those before it: what belongs to a neighbor's head
/// more than to its own, since its crop shows that neighbor unrestored.
inline float share_of_earlier(const Placement& face, std::span<const Placement> earlier, Point pixel) {
  if (earlier.empty()) return 0;
  const double own = head_distance(template_point(face, pixel));
  double kept = 1;
  for (const Placement& other : earlier) {
    const double distance = head_distance(template_point(other, pixel));
    const double inside = std::clamp((1.2 - distance) / 0.2, 0.0, 1.0);
    const double nearer = std::clamp(0.5 + (own - distance) / 0.2, 0.0, 1.0);
    kept *= 1 - inside * nearer;
  }
  return static_cast<float>(1 - kept);
}

/// The colors of a part of an image as floats: what faces are blended into, rounded once at the end.
struct FloatRegion {
  Rectangle region;
  int colors = 0;
  std::vector<float> values;

  FloatRegion(const io::Image& image, const Rectangle& part)
      : region(part), colors(image.colors()), values(part.area() * static_cast<std::size_t>(colors)) {
    for (int y = region.y0; y < region.y1; ++y) {
      for (int x = region.x0; x < region.x1; ++x) {
        if (image.samples16.empty())
          std::copy_n(image.row(y) + x * image.channels, colors, pixel(x, y));
        else
          for (int color = 0; color < colors; ++color)
            pixel(x, y)[color] = static_cast<float>(image.sample16(index(image, x, y, color))) / 257.0F;
      }
    }
  }

  /// Rounds the colors back into the image, of 8 and of 16 bits.
  void store(io::Image& image) {
    for (int y = region.y0; y < region.y1; ++y) {
      for (int x = region.x0; x < region.x1; ++x) {
        std::transform(pixel(x, y), pixel(x, y) + colors, image.row(y) + x * image.channels,
                       io::round_to_byte);
        if (image.samples16.empty()) continue;
        for (int color = 0; color < colors; ++color)
          image.samples16[index(image, x, y, color)] =
              static_cast<std::uint16_t>(std::clamp(pixel(x, y)[color], 0.0F, 255.0F) * 257.0F + 0.5F);
      }
    }
  }

  static std::size_t index(const io::Image& image, int x, int y, int color) {
    return static_cast<std::size_t>(y) * image.row_size() +
           static_cast<std::size_t>(x * image.channels + color);
  }
  float* pixel(int x, int y) {
    return values.data() +
           (static_cast<std::ptrdiff_t>(y - region.y0) * region.width() + x - region.x0) * colors;
  }
};

/// The masks of a face on its region of the canvas: the square one, its soft part narrowed to the head or to
/// what a parser found.
inline SquareMask paste_mask(const RestoredFace& face, const Placement& placed, double scale, Mask kind) {
  SquareMask mask = square_mask(placed.from_canvas, placed.region, face.crop.width, scale);
  auto narrow = [i = mask.soft.values.begin()](float limit) mutable {
    *i = std::min(*i, std::max(limit, 0.0F));
    ++i;
  };
  if (const Plane& own = face.mask; !own.values.empty()) {
    const auto get = [&](int x, int y) {
      return own.values[static_cast<std::size_t>(y) * static_cast<std::size_t>(own.width) +
                        static_cast<std::size_t>(x)];
    };
    for_each_sample(placed.from_canvas, placed.region, [&](const SamplePosition& at) {
      narrow(bilinear(at, own.width, own.height, 0.0F, get));
    });
  } else if (kind == Mask::face) {
    for (int y = placed.region.y0; y < placed.region.y1; ++y) {
      for (int x = placed.region.x0; x < placed.region.x1; ++x)
        narrow(head_mask(template_point(placed, {1.0 * x, 1.0 * y})));
    }
  }
  return mask;
}

/// Blends one face, `placed`, into what the faces before it, `earlier`, have left.
inline void blend(FloatRegion& canvas, const RestoredFace& restored, const Placement& placed,
                  std::span<const Placement> earlier, double scale, const PasteOptions& options) {
  const Rectangle& region = placed.region;
  std::vector<Placement> neighbors;
  std::copy_if(earlier.begin(), earlier.end(), std::back_inserter(neighbors),
               [&](const Placement& other) { return !intersection(other.region, region).empty(); });
  const SquareMask mask = paste_mask(restored, placed, scale, options.mask);
  const auto face = warp(canvas.colors == 1 ? to_gray(restored.crop) : restored.crop, placed.from_canvas,
                         region, canvas.colors, {0, 0, 0});
  std::size_t i = 0;
  for (int y = region.y0; y < region.y1; ++y) {
    for (int x = region.x0; x < region.x1; ++x, ++i) {
      float soft = mask.soft.values[i] * static_cast<float>(options.strength);
      if (soft == 0) continue;
      soft *= 1 - share_of_earlier(placed, neighbors, Point{1.0 * x, 1.0 * y});
      float* out = canvas.pixel(x, y);
      const std::uint8_t* in = face.data() + i * static_cast<std::size_t>(canvas.colors);
      for (int color = 0; color < canvas.colors; ++color) {
        out[color] = soft * (mask.hard.values[i] * static_cast<float>(in[color])) + (1 - soft) * out[color];
      }
    }
  }
}

/// Rectangles that do not meet and cover all those given, but for empty ones.
inline std::vector<Rectangle> joined(std::span<const Placement> faces) {
  std::vector<Rectangle> parts;
  for (const Placement& face : faces) {
    Rectangle part = face.region;
    if (part.empty()) continue;
    const auto meets = [&](const Rectangle& other) { return !intersection(other, part).empty(); };
    for (auto other = std::ranges::find_if(parts, meets); other != parts.end();
         other = std::ranges::find_if(parts, meets)) {
      part = bounding(part, *other);
      parts.erase(other);
    }
    parts.push_back(part);
  }
  return parts;
}

/// Throws Error for a face that paste_faces cannot paste.
inline void check_face(const RestoredFace& face) {
  const io::Image& crop = face.crop;
  const auto size = [](int width, int height) {
    return std::to_string(width) + "x" + std::to_string(height);
  };
  if (crop.width != crop.height || crop.channels != 3) {
    throw Error("paste: expected a square RGB crop, found " + size(crop.width, crop.height) + " with " +
                std::to_string(crop.channels) + " channels");
  }
  const Plane& mask = face.mask;
  if (!mask.values.empty() && (mask.width != crop.width || mask.height != crop.height ||
                               mask.values.size() * 3 != crop.samples.size())) {
    throw Error("paste: expected a mask of " + size(crop.width, crop.height) + " like the crop, found " +
                size(mask.width, mask.height));
  }
}

/// Pastes the faces into `canvas`, which is the photo at `scale` times its size, however it was enlarged; see
/// paste_faces. Only the parts around faces are ever in memory as floats.
inline void paste_onto(io::Image& canvas, std::span<const RestoredFace> faces, double scale,
                       const PasteOptions& options = {}) {
  if (!(options.strength >= 0 && options.strength <= 1))
    throw Error("paste: expected a strength of 0 to 1, found " + std::to_string(options.strength));
  std::vector<Placement> placed;
  for (const RestoredFace& face : faces) {
    check_face(face);
    placed.push_back(place(face, canvas, scale));
  }
  for (const Rectangle& part : joined(placed)) {
    FloatRegion sum(canvas, part);
    for (std::size_t i = 0; i < faces.size(); ++i) {
      if (!intersection(placed[i].region, part).empty())
        blend(sum, faces[i], placed[i], std::span(placed).first(i), scale, options);
    }
    sum.store(canvas);
  }
}

/// The photo at `scale` (1 or more; Lanczos) times its size with all faces pasted in, in their order; a later
/// face leaves an earlier neighbor's head alone. At scale 1 all pixels outside the masks are the photo's.
/// Alpha and profile are kept, a photo with one color channel keeps one. Throws Error for a scale below 1, a
/// result beyond io::check_size, a strength outside 0 to 1, a crop that is not a square RGB image, and a mask
/// of another size than its crop's.
inline io::Image paste_faces(const io::Image& photo, std::span<const RestoredFace> faces, double scale = 1,
                             const PasteOptions& options = {}) {
  const auto [width, height] = enlarged_size(photo, scale);
  io::Image canvas = scale == 1 ? photo : resize(photo, width, height);
  paste_onto(canvas, faces, scale, options);
  return canvas;
}

}  // namespace RFPP_ABI
}  // namespace rfpp::photo

#endif
