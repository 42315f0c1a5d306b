#ifndef RFPP_PHOTO_MASK_HPP
#define RFPP_PHOTO_MASK_HPP

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <limits>
#include <numeric>
#include <span>
#include <utility>
#include <vector>

#include "rfpp/core/gaussian.hpp"
#include "rfpp/photo/similarity.hpp"
#include "rfpp/photo/warp.hpp"

namespace rfpp::photo {
inline namespace v0 {

/// How a mask is made of what a face parser saw. By default as facexlib makes it.
struct ParsedMask {
  double sigma = 11;          ///< of both blurs, in pixels
  int margin = 10;            ///< outermost rows and columns that are not pasted
  bool blurs_margin = false;  ///< whether the blurs soften the margin, too
  bool has_neck = false;      ///< whether neck and necklace belong to the face
};

/// A raster of floats, row after row.
struct Plane {
  int width = 0, height = 0;
  std::vector<float> values;

  std::span<float> row(int y) {
    return std::span(values).subspan(static_cast<std::size_t>(y) * static_cast<std::size_t>(width),
                                     static_cast<std::size_t>(width));
  }
};

inline Plane transposed(const Plane& in) {
  Plane out{in.height, in.width, std::vector<float>(in.values.size())};
  constexpr int block = 32;  // both rasters stay in the cache
  for (int y0 = 0; y0 < in.height; y0 += block) {
    for (int x0 = 0; x0 < in.width; x0 += block) {
      for (int y = y0; y < std::min(y0 + block, in.height); ++y) {
        const float* row = in.values.data() + static_cast<std::ptrdiff_t>(y) * in.width;
        for (int x = x0; x < std::min(x0 + block, in.width); ++x) {
          out.values[static_cast<std::size_t>(x) * static_cast<std::size_t>(in.height) +
                     static_cast<std::size_t>(y)] = row[x];
        }
      }
    }
  }
  return out;
}

/// Applies `filter` (float row in place) to all rows and then to all columns.
template <class Filter> Plane filter_separably(Plane plane, Filter filter) {
  for (int axis = 0; axis < 2; ++axis) {
    for (int y = 0; y < plane.height; ++y) filter(plane.row(y));
    plane = transposed(plane);
  }
  return plane;
}

/// The minimum over size x size pixels, from size / 2 before the pixel on; pixels outside the plane do not
/// count.
inline Plane erode(Plane plane, int size) {
  std::vector<float> line;
  return filter_separably(std::move(plane), [&](std::span<float> row) {
    const auto before = static_cast<std::size_t>(size / 2),
               length = static_cast<std::size_t>(std::max(size, 1));
    line.assign(before + row.size() + length, std::numeric_limits<float>::infinity());
    std::copy(row.begin(), row.end(), line.begin() + static_cast<std::ptrdiff_t>(before));
    // line[i] is the minimum over `covered` elements from i on.
    for (std::size_t covered = 1; covered < length;) {
      const std::size_t step = std::min(covered, length - covered);
      for (std::size_t i = 0; i + step < line.size(); ++i) line[i] = std::min(line[i], line[i + step]);
      covered += step;
    }
    std::copy_n(line.begin(), row.size(), row.begin());
  });
}

/// The weights of a Gaussian over 2 * radius + 1 pixels.
inline std::vector<float> gaussian_kernel(int radius, double sigma) {
  const auto weights = gaussian_weights(radius, sigma);
  return {weights.begin(), weights.end()};
}

/// The weights of a Gaussian over 2 * radius + 1 pixels, as OpenCV chooses them when only the size is given.
inline std::vector<float> gaussian_kernel(int radius) {
  switch (radius) {
    case 0:
      return {1.0F};
    case 1:
      return {0.25F, 0.5F, 0.25F};
    case 2:
      return {1 / 16.0F, 4 / 16.0F, 6 / 16.0F, 4 / 16.0F, 1 / 16.0F};
    case 3:
      return {2 / 64.0F, 7 / 64.0F, 14 / 64.0F, 18 / 64.0F, 14 / 64.0F, 7 / 64.0F, 2 / 64.0F};
    case 4:
      return {4 / 256.0F,  13 / 256.0F, 30 / 256.0F, 51 / 256.0F, 60 / 256.0F,
              51 / 256.0F, 30 / 256.0F, 13 / 256.0F, 4 / 256.0F};
    default:
      break;
  }
  return gaussian_kernel(radius, 0.3 * (radius - 1) + 0.8);
}

/// The blur along both axes by an odd number of weights; the plane is mirrored about its outermost pixels.
inline Plane blur(Plane plane, std::span<const float> kernel) {
  constexpr std::size_t block = 64;
  const auto radius = static_cast<std::ptrdiff_t>(kernel.size() / 2);
  std::vector<float> line;           // the row, mirrored on both sides, and room for a whole last block
  std::vector<std::size_t> run_end;  // where the run of equal values ends that line[i] belongs to
  return filter_separably(std::move(plane), [&](std::span<float> row) {
    const std::size_t read = row.size() + kernel.size() - 1;
    const auto last = static_cast<std::ptrdiff_t>(row.size()) - 1;
    line.assign(read + block, 0.0F);
    run_end.assign(read, read);
    for (std::size_t i = read; i-- > 0;) {
      auto x = static_cast<std::ptrdiff_t>(i) - radius;
      while (x < 0 || x > last) x = last == 0 ? 0 : x < 0 ? -x : 2 * last - x;
      line[i] = row[static_cast<std::size_t>(x)];
      if (i + 1 < read) run_end[i] = line[i] == line[i + 1] ? run_end[i + 1] : i + 1;
    }
    for (std::size_t x = 0; x < row.size(); x += block) {
      const std::size_t count = std::min(block, row.size() - x);
      if (run_end[x] >= x + count + kernel.size() - 1) continue;  // all equal: nothing changes
      std::array<float, block> sums{};
      for (std::size_t k = 0; k < kernel.size(); ++k) {
        for (std::size_t i = 0; i < block; ++i) sums[i] += kernel[k] * line[x + k + i];
      }
      std::copy_n(sums.begin(), count, row.begin() + static_cast<std::ptrdiff_t>(x));
    }
  });
}

/// The part of a width x height canvas that size x size pixels may touch when `to_canvas` moves them there:
/// three pixels more on each side, so that a mask ends in a ring of zeros wide enough for erosion and blur.
inline Rectangle touched_region(const Affine& to_canvas, int size, int width, int height) {
  const double end = size;
  double x0 = std::numeric_limits<double>::infinity(), y0 = x0, x1 = -x0, y1 = -x0;
  for (const Point corner : {Point{-1, -1}, Point{end, -1}, Point{-1, end}, Point{end, end}}) {
    const Point p = to_canvas(corner);
    x0 = std::min(x0, p.x), x1 = std::max(x1, p.x), y0 = std::min(y0, p.y), y1 = std::max(y1, p.y);
  }
  const auto clip = [](double v, int limit) { return v > 0 ? v < limit ? static_cast<int>(v) : limit : 0; };
  return {clip(x0 - 3, width), clip(y0 - 3, height), clip(x1 + 4, width), clip(y1 + 4, height)};
}

/// Where head_mask ends, and how wide its soft edge is, as head distances.
inline constexpr double head_mask_end = 1.2, head_mask_width = 0.35;

/// The masks that need no parser: a soft one around the head, or all of the crop with a soft edge.
enum class Mask { face, square };

/// How far a point of the 512-pixel template is from the middle of the head: 1 on an ellipse around it.
inline double head_distance(Point p) {
  const double x = (p.x - 256) / 150, y = (p.y - 272) / 190;
  return std::sqrt(x * x + y * y);
}

/// The mask of a face at a point of the 512-pixel template: 1 on face and chin, falling to 0 across the hair,
/// so that what the network made of the background and the shoulders is left out.
inline float head_mask(Point p) {
  const double t = std::clamp((head_mask_end - head_distance(p)) / head_mask_width, 0.0, 1.0);
  return static_cast<float>(t * t * (3 - 2 * t));
}

/// How a face is blended into its region of a canvas: canvas = soft * (hard * face) + (1 - soft) * canvas.
struct SquareMask {
  Plane hard, soft;
};

/// The square mask of a face: size x size ones moved onto the canvas, eroded, and blurred in proportion to
/// its area. `from_canvas` maps canvas pixels to those of the crop, `scale` is canvas pixels per photo pixel.
/// Source: the paste of facexlib.
inline SquareMask square_mask(const Affine& from_canvas, const Rectangle& region, int size, double scale) {
  Plane ones{region.width(), region.height(), {}};
  ones.values.reserve(region.area());
  for_each_sample(from_canvas, region, [&](const SamplePosition& at) {
    ones.values.push_back(bilinear(at, size, size, 0.0F, [](int, int) { return 1.0F; }));
  });
  Plane hard = erode(std::move(ones), static_cast<int>(2 * scale));
  const double area = std::accumulate(hard.values.begin(), hard.values.end(), 0.0);
  const int edge = static_cast<int>(std::sqrt(area)) / 20;
  Plane soft = blur(erode(hard, 2 * edge), gaussian_kernel(edge));
  return {std::move(hard), std::move(soft)};
}

}  // namespace v0
}  // namespace rfpp::photo

#endif
