#ifndef RFPP_PHOTO_TILES_HPP
#define RFPP_PHOTO_TILES_HPP

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "rfpp/core/tensor.hpp"
#include "rfpp/photo/color.hpp"
#include "rfpp/photo/resize.hpp"

// Photos of any size through a network that enlarges, tile by tile: the memory it takes is one tile's.

namespace rfpp::photo {
inline namespace RFPP_ABI {

/// How a photo is cut, in pixels of it. Neighboring tiles overlap by 2 * context + blend: each of them
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

/// The colors of a part of a photo as RGB in [0, 1], which may reach over its right and lower edge.
inline void read_tile(const io::Image& photo, int x0, int y0, const Tensor<float>& tile) {
  const Extents e = tile.extents();
  const bool wide = !photo.samples16.empty();
  float* out = tile.data();
  for (int y = 0; y < e.h; ++y) {
    const std::size_t row =
        static_cast<std::size_t>(reflected(y0 + y, photo.height)) * static_cast<std::size_t>(photo.width);
    for (int x = 0; x < e.w; ++x) {
      const std::size_t pixel = (row + static_cast<std::size_t>(reflected(x0 + x, photo.width))) *
                                static_cast<std::size_t>(photo.channels);
      for (std::size_t color = 0; color < 3; ++color) {
        const std::size_t i = pixel + (photo.colors() == 3 ? color : 0);
        *out++ = wide ? static_cast<float>(photo.sample16(i)) / 65535.0F
                      : static_cast<float>(photo.samples[i]) / 255.0F;
      }
    }
  }
}

/// Writes an enlarged tile to its place among the samples, of 8 or 16 bits, of a canvas that ends where the
/// photo does; as gray, the luma of its colors. Alpha is left out.
template <class Sample>
void write_tile(const Tensor<float>& tile, int x0, int y0, const std::vector<float>& across,
                const std::vector<float>& down, bool gray, const io::Image& canvas,
                std::vector<Sample>& samples) {
  static constexpr float white = std::numeric_limits<Sample>::max();
  const Extents e = tile.extents();
  const int rows = std::min(e.h, canvas.height - y0), columns = std::min(e.w, canvas.width - x0);
  for (int y = 0; y < rows; ++y) {
    const float* in = tile.data() + static_cast<std::ptrdiff_t>(y) * e.w * 3;
    Sample* out = samples.data() + static_cast<std::size_t>(y0 + y) * canvas.row_size() +
                  static_cast<std::ptrdiff_t>(x0) * canvas.channels;
    for (int x = 0; x < columns; ++x, in += 3, out += canvas.channels) {
      std::array<float, 3> rgb{};
      std::transform(in, in + 3, rgb.begin(),
                     [](float v) { return v > 0 ? std::min(white * v, white) : 0.0F; });
      if (gray) rgb.fill(0.299F * rgb[0] + 0.587F * rgb[1] + 0.114F * rgb[2]);
      const float share = across[static_cast<std::size_t>(x)] * down[static_cast<std::size_t>(y)];
      for (int color = 0; color < canvas.colors(); ++color)
        out[color] = static_cast<Sample>(share * rgb[static_cast<std::size_t>(color)] +
                                         (1 - share) * static_cast<float>(out[color]) + 0.5F);
    }
  }
}

/// Writes the photo's alpha, enlarged, into a canvas that has one.
inline void enlarge_alpha(const io::Image& photo, io::Image& canvas) {
  io::Image alpha(photo.width, photo.height, 1);
  alpha.samples16.resize(photo.samples16.empty() ? 0 : alpha.samples.size());
  const auto copy = [](const auto& from, std::size_t from_step, auto& to, std::size_t to_step) {
    for (std::size_t i = 1; i * to_step <= to.size(); ++i) to[i * to_step - 1] = from[i * from_step - 1];
  };
  const auto channels = static_cast<std::size_t>(photo.channels);
  copy(photo.samples, channels, alpha.samples, 1);
  copy(photo.samples16, channels, alpha.samples16, 1);
  alpha = resize(alpha, canvas.width, canvas.height);
  copy(alpha.samples, 1, canvas.samples, channels);
  copy(alpha.samples16, 1, canvas.samples16, channels);
}

}  // namespace detail

/// The photo through a network that makes {1,h,w,3} in [0, 1] `Model::scale` times larger; `model` says of
/// which sides (`unit`). A gray photo stays gray, 16 bits stay 16 bits; alpha is enlarged by Lanczos
/// interpolation; metadata are kept. `progress` is told the share that is done. Throws Error for a result
/// beyond io::check_size.
template <class Model>
io::Image upscale(auto& ex, const Model& model, const io::Image& photo, const Tiling& tiling,
                  const std::function<void(double)>& progress = {}) {
  constexpr int scale = Model::scale;
  io::check_size(std::int64_t{photo.width} * scale, std::int64_t{photo.height} * scale);
  const TileRow rows(photo.height, Model::unit, tiling), columns(photo.width, Model::unit, tiling);
  io::Image canvas(photo.width * scale, photo.height * scale, photo.channels);
  const bool wide = !photo.samples16.empty(), gray = is_gray(photo);
  if (wide) canvas.samples16.resize(canvas.samples.size());
  auto tile = Tensor<float>::uninitialized({1, rows.size, columns.size, 3});
  for (std::size_t i = 0; i < rows.starts.size(); ++i)
    for (std::size_t j = 0; j < columns.starts.size(); ++j) {
      const int x = columns.starts[j], y = rows.starts[i];
      detail::read_tile(photo, x, y, tile);
      const Tensor<float> larger = ex.download(model(ex, ex.upload(tile)));
      const auto write = [&](auto& samples) {
        detail::write_tile(larger, x * scale, y * scale, columns.shares(j, scale, tiling.blend),
                           rows.shares(i, scale, tiling.blend), gray, canvas, samples);
      };
      wide ? write(canvas.samples16) : write(canvas.samples);
      const std::size_t done = i * columns.starts.size() + j + 1;
      if (progress)
        progress(static_cast<double>(done) / static_cast<double>(rows.starts.size() * columns.starts.size()));
    }
  if (photo.channels != photo.colors()) detail::enlarge_alpha(photo, canvas);
  if (wide) set_samples16(canvas, std::move(canvas.samples16));
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
