#ifndef RFPP_CPU_CONVOLUTION_GRADIENTS_HPP
#define RFPP_CPU_CONVOLUTION_GRADIENTS_HPP

#include "rfpp/cpu/micro_kernel.hpp"
#include "rfpp/cpu/thread_pool.hpp"
#include "rfpp/expr/anchor.hpp"

// The two gradients of a convolution, on the micro-kernel of the convolution itself. Tasks depend on the
// extents alone, so the gradients have the same bits for any number of threads.

namespace rfpp::cpu {
inline namespace RFPP_ABI {

/// The gradient of the input {in} from that of the output {out}: each task makes a few rows of it, by
/// multiplying every gradient pixel that reaches them by all taps at once, and adding the products where they
/// belong.
template <class T> struct DataGradientTiling {
  static constexpr int chunk = 2 * MicroTile<T>::rows;  // pixels multiplied at a time

  ConvolutionGeometry geometry;
  Extents in, out;
  int rows;  // of the input, per task

  DataGradientTiling(const ConvolutionGeometry& g, Extents input, Extents output)
      : geometry(g), in(input), out(output), rows(std::clamp(input.h, 1, 16)) {}

  int tasks_per_image() const { return (in.h + rows - 1) / rows; }
  int columns() const { return geometry.kernel * geometry.kernel * in.c; }
  int pitch() const { return round_up(columns(), MicroTile<T>::columns); }
  std::ptrdiff_t row_size() const { return std::ptrdiff_t{in.w} * in.c; }
  std::size_t sums_size() const { return static_cast<std::size_t>(rows * row_size()); }
  std::size_t products_size() const {
    return static_cast<std::size_t>(chunk) * static_cast<std::size_t>(pitch());
  }
  /// Elements of the packed filter, and of scratch that one thread needs.
  std::size_t shared_size() const { return panels_size<T>(out.c, columns()); }
  std::size_t scratch_size() const {
    return products_size() + sums_size() + static_cast<std::size_t>(out.w) * static_cast<std::size_t>(out.c);
  }
};

/// Adds the products of a gradient pixel (h, w), one for each tap, to the input rows from `top` to `bottom`.
template <class T>
void scatter_taps(const DataGradientTiling<T>& t, const T* products, int h, int w, int top, int bottom,
                  T* sums) {
  const auto& g = t.geometry;
  for (int i = 0; i < g.kernel; ++i) {
    const int y = h * g.stride + i - g.pad_before;
    if (y < top || y >= bottom) continue;
    for (int j = 0; j < g.kernel; ++j) {
      const int x = w * g.stride + j - g.pad_before;
      if (x < 0 || x >= t.in.w) continue;
      const T* from = products + (i * g.kernel + j) * t.in.c;
      T* to = sums + (y - top) * t.row_size() + std::ptrdiff_t{x} * t.in.c;
      for (int c = 0; c < t.in.c; ++c) to[c] += from[c];
    }
  }
}

/// out = epilogue(gradient of the input). shared: shared_size() elements; scratch: scratch_size() for every
/// thread.
template <class T>
void convolution_data_gradient(ThreadPool& pool, const DataGradientTiling<T>& t, const Operand<T>& gradient,
                               const Tensor<T>& filter, const Emitter<T>& emitter, T* shared, T* scratch) {
  const auto& g = t.geometry;
  pool.for_each(t.pitch() / MicroTile<T>::columns, [&](int panel, int) {
    pack_panel(filter.data(), t.columns(), 1, t.out.c, t.columns(), panel, shared);
  });
  pool.for_each(t.in.n * t.tasks_per_image(), [&](int task, int worker) {
    T* products = scratch + static_cast<std::size_t>(worker) * t.scratch_size();
    T* sums = products + t.products_size();
    T* staged = sums + t.sums_size();
    const int n = task / t.tasks_per_image(), top = task % t.tasks_per_image() * t.rows;
    const int bottom = std::min(top + t.rows, t.in.h);
    std::fill_n(sums, (bottom - top) * t.row_size(), T(0));
    const int first = std::max(0, top + g.pad_before - g.kernel + g.stride) / g.stride;
    const int last = std::min(t.out.h - 1, (bottom - 1 + g.pad_before) / g.stride);
    for (int h = first; h <= last; ++h) {
      const T* row = gradient.run({n, h, 0}, t.out.w, staged);
      const T* pixels[DataGradientTiling<T>::chunk];
      for (int begin = 0; begin < t.out.w; begin += t.chunk) {
        const int count = std::min(t.chunk, t.out.w - begin);
        for (int i = 0; i < count; ++i) pixels[i] = row + std::ptrdiff_t{begin + i} * t.out.c;
        multiply_chunk({1, t.out.c, 0}, pixels, count, shared, t.columns(), products);
        for (int i = 0; i < count; ++i)
          scatter_taps(t, products + std::ptrdiff_t{i} * t.pitch(), h, begin + i, top, bottom, sums);
      }
    }
    for (int y = top; y < bottom; ++y)
      emitter.emit({n, y, 0}, t.in.w, sums + (y - top) * t.row_size(), t.in.c);
  });
}

/// The gradient of the filter {out.c,kernel,kernel,in.c}: for each tap a product of the gradient, transposed,
/// and the input, shifted; the depth is that of all pixels. A task owns some rows and columns of the products
/// of one row of taps.
template <class T> struct FilterGradientTiling {
  static constexpr int row_tiles = 2;  // per task

  ConvolutionGeometry geometry;
  Extents in, out;

  int taps() const { return geometry.kernel * geometry.kernel; }
  int groups() const {
    constexpr int rows = row_tiles * MicroTile<T>::rows;
    return (out.c + rows - 1) / rows;
  }
  int panels() const { return round_up(in.c, MicroTile<T>::columns) / MicroTile<T>::columns; }
  int tasks() const { return groups() * panels() * geometry.kernel; }

  // Input columns that a stride separates lie apart, so that those which a tap reads are neighbors.
  int padded_rows() const { return in.h + geometry.pad_before + geometry.pad_after; }
  int phase_columns() const {
    return (in.w + geometry.pad_before + geometry.pad_after + geometry.stride - 1) / geometry.stride;
  }
  /// Where a panel has the channels of an input pixel, given its padded row and column.
  std::ptrdiff_t place(int panel, int row, int column) const {
    const std::ptrdiff_t line =
        (std::ptrdiff_t{panel} * padded_rows() + row) * geometry.stride + column % geometry.stride;
    return (line * phase_columns() + column / geometry.stride) * MicroTile<T>::columns;
  }
  std::size_t input_size() const { return static_cast<std::size_t>(place(panels(), 0, 0)); }
  /// What the micro-kernel reads beyond the last pixel's channels is not used.
  std::size_t gradient_size() const { return out.image_size() + MicroTile<T>::rows; }
  /// Elements of one image of both tensors, and of the sums.
  std::size_t images_size() const { return input_size() + gradient_size(); }
  std::size_t sums_at() const { return aligned(images_size() * sizeof(T)); }  // bytes of shared memory
  std::size_t task_sums() const {
    return static_cast<std::size_t>(row_tiles) *
           static_cast<std::size_t>(geometry.kernel * MicroTile<T>::rows * MicroTile<T>::columns);
  }
  std::size_t sums_size() const { return static_cast<std::size_t>(tasks()) * task_sums(); }
  /// Elements of a staged row of the input, or of a filter's.
  std::size_t scratch_size() const {
    return static_cast<std::size_t>(std::max(in.w, taps())) * static_cast<std::size_t>(in.c);
  }
};

template <class T> class FilterGradient {
 public:
  using Tiling = FilterGradientTiling<T>;

  /// images: images_size() elements, sums: sums_size(), scratch: scratch_size() for every thread.
  FilterGradient(const Tiling& tiling, const Operand<T>& x, const Operand<T>& gradient, T* images,
                 double* sums, T* scratch)
      : t_(tiling),
        x_(x),
        gradient_(gradient),
        panels_(images),
        gradients_(images + t_.input_size()),
        sums_(sums),
        scratch_(scratch) {}

  void run(ThreadPool& pool, const Emitter<T>& emitter) const {
    std::fill_n(sums_, t_.sums_size(), 0.0);
    for (int n = 0; n < t_.in.n; ++n) {
      pool.for_each(t_.padded_rows(), [&](int row, int worker) { pack_input(n, row, staging(worker)); });
      pool.for_each(t_.out.h, [&](int h, int) { gradient_.stage({n, h, 0}, t_.out.w, gradient_row(h)); });
      pool.for_each(t_.tasks(), [&](int task, int) { add_products(task); });
    }
    T* row = scratch_;
    for (int o = 0; o < t_.out.c; ++o) {
      for (int tap = 0; tap < t_.taps(); ++tap)
        for (int c = 0; c < t_.in.c; ++c) row[tap * t_.in.c + c] = static_cast<T>(*sum_of(o, tap, c));
      for (int i = 0; i < t_.geometry.kernel; ++i)
        emitter.emit({o, i, 0}, t_.geometry.kernel, row + i * t_.geometry.kernel * t_.in.c, t_.in.c);
    }
  }

 private:
  using Tile = MicroTile<T>;

  T* staging(int worker) const { return scratch_ + static_cast<std::size_t>(worker) * t_.scratch_size(); }
  double* sum_of(int o, int tap, int c) const {
    constexpr int rows = Tiling::row_tiles * Tile::rows;
    const int kernel = t_.geometry.kernel;
    const int task = (c / Tile::columns * t_.groups() + o / rows) * kernel + tap / kernel;
    const int tile = o % rows / Tile::rows * kernel + tap % kernel;
    return sums_ + static_cast<std::size_t>(task) * t_.task_sums() +
           (tile * Tile::rows + o % Tile::rows) * Tile::columns + c % Tile::columns;
  }

  void pack_input(int n, int row, T* staged) const {
    const int h = row - t_.geometry.pad_before;
    const bool inside = h >= 0 && h < t_.in.h;
    const T* pixels = inside ? x_.run({n, h, 0}, t_.in.w, staged) : nullptr;
    for (int panel = 0; panel < t_.panels(); ++panel) {
      std::fill_n(panels_ + t_.place(panel, row, 0),
                  std::ptrdiff_t{t_.geometry.stride} * t_.phase_columns() * Tile::columns, T(0));
      const int first = panel * Tile::columns, count = std::min(Tile::columns, t_.in.c - first);
      for (int w = 0; inside && w < t_.in.w; ++w)
        std::copy_n(pixels + std::ptrdiff_t{w} * t_.in.c + first, count,
                    panels_ + t_.place(panel, row, w + t_.geometry.pad_before));
    }
  }
  T* gradient_row(int h) const { return gradients_ + std::ptrdiff_t{h} * t_.out.w * t_.out.c; }
  void add_products(int task) const {
    const int kernel = t_.geometry.kernel, tap_row = task % kernel, product = task / kernel;
    const int panel = product / t_.groups();
    const int first = product % t_.groups() * Tiling::row_tiles * Tile::rows;
    const int columns = std::min(t_.out.w, longest_chain), rows = longest_chain / columns;
    for (int h = 0; h < t_.out.h; h += rows)
      for (int w = 0; w < t_.out.w; w += columns) {
        double* sums = sums_ + static_cast<std::size_t>(task) * t_.task_sums();
        for (int tile = 0; tile < Tiling::row_tiles; ++tile)
          for (int tap = tap_row * kernel; tap < (tap_row + 1) * kernel;
               ++tap, sums += Tile::rows * Tile::columns)
            if (first + tile * Tile::rows < t_.out.c)
              add_tile(panel, first + tile * Tile::rows, tap, h, std::min(h + rows, t_.out.h), w,
                       std::min(w + columns, t_.out.w), sums);
      }
  }
  /// One tap's products of a few rows of the image, from column `begin` to `end`.
  void add_tile(int panel, int first, int tap, int top, int bottom, int begin, int end, double* sums) const {
    const auto& g = t_.geometry;
    T tile[Tile::rows * Tile::columns] = {};
    for (int h = top; h < bottom; ++h) {
      const TransposedRows<T> a{gradient_row(h) + first, t_.out.c};
      const T* b =
          panels_ + t_.place(panel, h * g.stride + tap / g.kernel, begin * g.stride + tap % g.kernel);
      micro_kernel<T>(t_.in.c - panel * Tile::columns, begin, end, a, b, tile, Tile::columns, h > top);
    }
    for (int i = 0; i < Tile::rows * Tile::columns; ++i) sums[i] += static_cast<double>(tile[i]);
  }

  const Tiling& t_;
  const Operand<T>&x_, &gradient_;
  T *panels_, *gradients_;
  double* sums_;
  T* scratch_;
};

}  // namespace RFPP_ABI
}  // namespace rfpp::cpu

#endif
