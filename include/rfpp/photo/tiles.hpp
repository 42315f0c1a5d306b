#ifndef RFPP_PHOTO_TILES_HPP
#define RFPP_PHOTO_TILES_HPP

#include <algorithm>
#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include "rfpp/core/tensor.hpp"
#include "rfpp/photo/color.hpp"
#include "rfpp/photo/resize.hpp"

// Photos of any size through a network that enlarges, tile by tile: the memory it takes is one tile's.

namespace rfpp::photo {
inline namespace RFPP_ABI {

/// How a photo is cut, in pixels of it. Neighbouring tiles overlap by 2 * context + blend: each of them
/// counts where it has `context` pixels around it, and over the `blend` pixels between, one fades into the
/// other.
struct Tiling {
  int tile, context, blend = 4;

  int overlap() const { return 2 * context + blend; }
};

/// The tiles along one side of a photo, all of the same size, evenly laid.
struct TileRow {
  int extent, size;         ///< of the photo and of a tile, multiples of the network's unit
  std::vector<int> starts;  ///< multiples of it, too

  /// Throws Error where tiles do not leave anything between their overlaps.
  TileRow(int photo_extent, int unit, const Tiling& tiling)
      : extent((photo_extent + unit - 1) / unit * unit), size(std::min(extent, tiling.tile / unit * unit)) {
    const int step = size - tiling.overlap() - unit;  // less what rounding to units may add
    if (size < extent && step < 1)
      throw Error("tiles of " + std::to_string(size) + " pixels, expected more than their overlap of " +
                  std::to_string(tiling.overlap() + unit));
    const int steps = size < extent ? (extent - size + step - 1) / step : 0;
    for (int i = 0; i <= steps; ++i)
      starts.push_back(steps == 0 ? 0
                                  : static_cast<int>(std::int64_t{extent - size} * i / steps) / unit * unit);
  }

  /// For every pixel of tile i, enlarged `scale` times, the share in [0, 1] that it has before those of the
  /// tiles before it; 0 also where the next tile has all.
  std::vector<float> shares(std::size_t i, int scale, int blend) const {
    std::vector<float> share(static_cast<std::size_t>(size) * static_cast<std::size_t>(scale), 1.0F);
    if (i > 0) {
      const double begin = 0.5 * scale * (overlap(i) - blend), width = std::max(1e-3, 1.0 * scale * blend);
      for (std::size_t p = 0; p < share.size(); ++p)
        share[p] = static_cast<float>(std::clamp((static_cast<double>(p) + 0.5 - begin) / width, 0.0, 1.0));
    }
    if (i + 1 < starts.size())
      std::fill(share.end() - scale * (overlap(i + 1) - blend) / 2, share.end(), 0.0F);
    return share;
  }
  /// Of tile i and the one before it.
  int overlap(std::size_t i) const { return starts[i - 1] + size - starts[i]; }
};

namespace detail {

/// What lies at i beyond an edge of [0, extent): the image reflected in its last pixel.
inline int reflected(int i, int extent) {
  if (extent == 1) return 0;
  i %= 2 * extent - 2;
  return i < extent ? i : 2 * extent - 2 - i;
}

/// The colours of a part of a photo as RGB in [0, 1], which may reach over its right and lower edge.
inline void read_tile(const io::Image& photo, int x0, int y0, const Tensor<float>& tile) {
  const Extents e = tile.extents();
  float* out = tile.data();
  for (int y = 0; y < e.h; ++y) {
    const std::uint8_t* row = photo.row(reflected(y0 + y, photo.height));
    for (int x = 0; x < e.w; ++x) {
      const std::uint8_t* pixel = row + reflected(x0 + x, photo.width) * photo.channels;
      for (int color = 0; color < 3; ++color)
        *out++ = static_cast<float>(pixel[photo.colors() == 3 ? color : 0]) / 255.0F;
    }
  }
}

/// Writes an enlarged tile to its place in an RGB image that ends where the photo does.
inline void write_tile(const Tensor<float>& tile, int x0, int y0, const std::vector<float>& across,
                       const std::vector<float>& down, io::Image& canvas) {
  const Extents e = tile.extents();
  const int rows = std::min(e.h, canvas.height - y0), columns = std::min(e.w, canvas.width - x0);
  for (int y = 0; y < rows; ++y) {
    const float* in = tile.data() + static_cast<std::ptrdiff_t>(y) * e.w * 3;
    std::uint8_t* out = canvas.row(y0 + y) + static_cast<std::ptrdiff_t>(x0) * 3;
    for (int x = 0; x < columns; ++x) {
      const float share = across[static_cast<std::size_t>(x)] * down[static_cast<std::size_t>(y)];
      for (int color = 0; color < 3; ++color, ++in, ++out)
        *out = io::round_to_byte(share * std::clamp(255 * *in, 0.0F, 255.0F) +
                                 (1 - share) * static_cast<float>(*out));
    }
  }
}

/// The alpha of a photo at the size of an RGB image, together with that image's colours.
inline io::Image with_alpha_of(const io::Image& photo, const io::Image& colors) {
  io::Image alpha(photo.width, photo.height, 1);
  for (std::size_t i = 0; i < alpha.samples.size(); ++i)
    alpha.samples[i] = photo.samples[(i + 1) * static_cast<std::size_t>(photo.channels) - 1];
  alpha = resize(alpha, colors.width, colors.height);
  io::Image out(colors.width, colors.height, colors.channels + 1);
  std::uint8_t* to = out.samples.data();
  const std::uint8_t* from = colors.samples.data();
  for (const std::uint8_t a : alpha.samples) {
    to = std::copy_n(from, colors.channels, to);
    from += colors.channels;
    *to++ = a;
  }
  return out;
}

}  // namespace detail

/// The photo through a network that makes {1,h,w,3} in [0, 1] `Model::scale` times larger; `model` says of
/// which sides (`unit`). A gray photo stays gray; alpha is enlarged by Lanczos interpolation; metadata are
/// kept. `progress` is told the share that is done. Throws Error for a result beyond io::check_size.
template <class Model>
io::Image upscale(auto& ex, const Model& model, const io::Image& photo, const Tiling& tiling,
                  const std::function<void(double)>& progress = {}) {
  constexpr int scale = Model::scale;
  io::check_size(std::int64_t{photo.width} * scale, std::int64_t{photo.height} * scale);
  const TileRow rows(photo.height, Model::unit, tiling), columns(photo.width, Model::unit, tiling);
  io::Image canvas(photo.width * scale, photo.height * scale, 3);
  auto tile = Tensor<float>::uninitialised({1, rows.size, columns.size, 3});
  for (std::size_t i = 0; i < rows.starts.size(); ++i)
    for (std::size_t j = 0; j < columns.starts.size(); ++j) {
      const int x = columns.starts[j], y = rows.starts[i];
      detail::read_tile(photo, x, y, tile);
      const Tensor<float> larger = ex.download(model(ex, ex.upload(tile)));
      detail::write_tile(larger, x * scale, y * scale, columns.shares(j, scale, tiling.blend),
                         rows.shares(i, scale, tiling.blend), canvas);
      const std::size_t done = i * columns.starts.size() + j + 1;
      if (progress)
        progress(static_cast<double>(done) / static_cast<double>(rows.starts.size() * columns.starts.size()));
    }
  if (is_gray(photo)) remove_color(canvas);
  if (photo.colors() == 1) canvas = to_gray(canvas);
  if (photo.channels != photo.colors()) canvas = detail::with_alpha_of(photo, canvas);
  static_cast<io::ImageMetadata&>(canvas) = photo;
  return canvas;
}
template <class Model>
io::Image upscale(auto& ex, const Model& model, const io::Image& photo,
                  const std::function<void(double)>& progress = {}) {
  return upscale(ex, model, photo, Tiling{Model::tile, Model::context}, progress);
}

}  // namespace RFPP_ABI
}  // namespace rfpp::photo

#endif
