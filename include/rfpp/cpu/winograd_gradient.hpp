#ifndef RFPP_CPU_WINOGRAD_GRADIENT_HPP
#define RFPP_CPU_WINOGRAD_GRADIENT_HPP

#include "rfpp/cpu/winograd.hpp"

// The gradient of a 3x3 filter by minimal filtering. The convolution is A'[(G w G') * (B'x B)]A of every
// tile, so that the gradient of w is G'[sum over tiles of (A g A') * (B'x B)]G: as many products as the
// convolution has.

namespace rfpp::cpu {
inline namespace RFPP_ABI {

/// How the tiles are summed: a few rows of tiles of all images at a time are transformed, then every place of
/// the transformed tiles is a matrix product over them.
template <class S, class T> struct FilterGradientByTiles {
  static constexpr int places = S::products * S::products;
  static constexpr int staged_tiles = 28 / S::step;
  static constexpr int staged_columns = staged_tiles * S::step + S::inputs - S::step;

  Extents in, out;
  int tiles_h, tiles_w, rows;  // `rows` rows of tiles at a time

  FilterGradientByTiles(Extents input, Extents output) : in(input), out(output) {
    tiles_h = (out.h + S::outputs - 1) / S::outputs;
    tiles_w = (out.w + S::outputs - 1) / S::outputs;
    constexpr std::size_t most_bytes = std::size_t{8} << 20;  // a part of the third-level cache
    const std::size_t row_bytes =
        static_cast<std::size_t>(places * tiles_w) * static_cast<std::size_t>(in.c + out.c) * sizeof(T);
    rows = std::clamp(static_cast<int>(most_bytes / row_bytes), 1, out.n * tiles_h);
  }

  int tiles() const { return rows * tiles_w; }
  // What the micro-kernel reads beyond the last tile's channels is not used.
  std::size_t inputs_stride() const {
    return static_cast<std::size_t>(tiles()) * static_cast<std::size_t>(in.c) + MicroTile<T>::columns;
  }
  std::size_t gradients_stride() const {
    return static_cast<std::size_t>(tiles()) * static_cast<std::size_t>(out.c) + MicroTile<T>::columns;
  }
  int row_tiles() const { return (out.c + MicroTile<T>::rows - 1) / MicroTile<T>::rows; }
  int pitch() const { return round_up(in.c, MicroTile<T>::columns); }
  std::size_t place_sums() const {
    return static_cast<std::size_t>(row_tiles() * MicroTile<T>::rows) * static_cast<std::size_t>(pitch());
  }

  /// Elements that all threads share, sums in double, and elements for every thread.
  std::size_t shared_size() const { return places * (inputs_stride() + gradients_stride()); }
  std::size_t sums_at() const { return aligned(shared_size() * sizeof(T)); }  // bytes of shared memory
  std::size_t sums_size() const { return places * place_sums(); }
  std::size_t scratch_size() const {
    const auto staged = static_cast<std::size_t>(S::inputs * staged_columns) *
                        static_cast<std::size_t>(std::max(in.c, out.c));
    return std::max(staged, std::size_t{9} * static_cast<std::size_t>(in.c));
  }

  /// shared, sums: of the sizes above; scratch: scratch_size() for every thread.
  void run(ThreadPool& pool, const Operand<T>& x, const Operand<T>& gradient, const Emitter<T>& emitter,
           T* shared, double* sums, T* scratch) const {
    T* gradients = shared + places * inputs_stride();
    const auto staging = [&](int worker) {
      return scratch + static_cast<std::size_t>(worker) * scratch_size();
    };
    std::fill_n(sums, sums_size(), 0.0);
    for (int first = 0; first < out.n * tiles_h; first += rows) {
      const int count = std::min(rows, out.n * tiles_h - first);
      pool.for_each(2 * count, [&](int task, int worker) {
        const int row = task / 2, n = (first + row) / tiles_h, h = (first + row) % tiles_h;
        if (task % 2 == 0)
          transform_row<S::inputs, S::step>(
              x, {n, h * S::step - 1, -1}, [](const auto* d, auto* v) { S::transform_input(d, v); },
              staging(worker), shared + std::ptrdiff_t{row} * tiles_w * in.c, inputs_stride());
        else
          transform_row<S::outputs, S::outputs>(
              gradient, {n, h * S::outputs, 0}, [](const auto* d, auto* v) { S::transform_gradient(d, v); },
              staging(worker), gradients + std::ptrdiff_t{row} * tiles_w * out.c, gradients_stride());
      });
      pool.for_each(places, [&](int place, int) {
        const auto p = static_cast<std::size_t>(place);
        add_products(count * tiles_w, gradients + p * gradients_stride(), shared + p * inputs_stride(),
                     sums + p * place_sums());
      });
    }
    pool.for_each(out.c, [&](int o, int worker) { emit_filter(o, sums, staging(worker), emitter); });
  }

 private:
  /// One row of tiles; `first` is the first element that its first tile reads.
  template <int From, int Step, class F>
  void transform_row(const Operand<T>& x, Pixel first, F&& transform, T* staged, T* to,
                     std::size_t place_stride) const {
    const std::ptrdiff_t c = x.extents.c;
    const T* rows_of[From];
    for (int done = 0; done < tiles_w; done += staged_tiles) {
      const int count = std::min(staged_tiles, tiles_w - done);
      for (int r = 0; r < From; ++r) {
        T* row = staged + r * staged_columns * c;
        stage_padded(x, {first.n, first.h + r, first.w + done * Step}, count * Step + From - Step, row);
        rows_of[r] = row;
      }
      transform_tiles<From, S::products, Step, staged_columns>(rows_of, count, x.extents.c, transform,
                                                               to + done * c, place_stride, c);
    }
  }
  /// The sums of one place over `count` tiles.
  void add_products(int count, const T* gradients, const T* inputs, double* sums) const {
    using Tile = MicroTile<T>;
    T tile[Tile::rows * Tile::columns] = {};
    for (int k = 0; k < count; k += longest_chain)
      for (int row = 0; row < row_tiles(); ++row)
        for (int panel = 0; panel < pitch(); panel += Tile::columns) {
          const TransposedRows<T> a{gradients + row * Tile::rows, out.c};
          micro_kernel<T>(in.c - panel, k, std::min(count, k + longest_chain), a,
                          inputs + std::ptrdiff_t{k} * in.c + panel, tile, Tile::columns, false, in.c);
          double* to = sums + std::ptrdiff_t{row} * Tile::rows * pitch() + panel;
          for (int i = 0; i < Tile::rows; ++i)
            for (int j = 0; j < Tile::columns; ++j)
              to[i * pitch() + j] += static_cast<double>(tile[i * Tile::columns + j]);
        }
  }
  void emit_filter(int o, const double* sums, T* filter, const Emitter<T>& emitter) const {
    for (int c = 0; c < in.c; ++c) {
      double w[3][3] = {};
      for (int i = 0; i < S::products; ++i) {
        double row[3] = {};
        for (int j = 0; j < S::products; ++j) {
          const double sum = sums[static_cast<std::size_t>(i * S::products + j) * place_sums() +
                                  static_cast<std::size_t>(o) * static_cast<std::size_t>(pitch()) +
                                  static_cast<std::size_t>(c)];
          for (int y = 0; y < 3; ++y) row[y] += S::filter[j][y] * sum;
        }
        for (int y = 0; y < 3; ++y)
          for (int k = 0; k < 3; ++k) w[y][k] += S::filter[i][y] * row[k];
      }
      for (int tap = 0; tap < 9; ++tap) filter[tap * in.c + c] = static_cast<T>(w[tap / 3][tap % 3]);
    }
    for (int i = 0; i < 3; ++i) emitter.emit({o, i, 0}, 3, filter + i * 3 * in.c, in.c);
  }
};

}  // namespace RFPP_ABI
}  // namespace rfpp::cpu

#endif
