#ifndef RFPP_CPU_WINOGRAD_HPP
#define RFPP_CPU_WINOGRAD_HPP

#include "rfpp/cpu/micro_kernel.hpp"
#include "rfpp/cpu/thread_pool.hpp"
#include "rfpp/cpu/winograd_schemes.hpp"

namespace rfpp::cpu {
inline namespace RFPP_ABI {

/// How a convolution by minimal filtering is cut into tasks: blocks of consecutive tiles, each staged,
/// transformed, multiplied and transformed back while it lies in the cache. Tiles are numbered down the
/// columns of bands of a few tile rows, which makes a block a patch: its tiles share most of what they read,
/// and the prologue is computed once for it. Where the filter is large beside what it is multiplied by, reading
/// it again for every block would take longer than the products: then groups of many tile rows are one block
/// each, whose phases are cut instead. So are images of few tiles.
template <class S, class T> struct WinogradTiling {
  static constexpr int source_count = S::inputs * S::inputs, product_count = S::products * S::products;
  static constexpr int staged_tiles = 28 / S::step;
  static constexpr int staged_columns = staged_tiles * S::step + S::inputs - S::step;
  static constexpr int strip_tiles = 16 / S::outputs, strip_columns = strip_tiles * S::outputs;

  Extents in, out;  // `in` before upsampling
  int pad = 1;      // zero rows and columns on each side, 1 or 0
  int tiles_h, tiles_w, block, band = 1;
  bool by_phases;
  int group = 0;  // tile rows of a block, where by phases

  WinogradTiling(Extents input, Extents output) : in(input), out(output) {
    if (!S::upsamples) pad = (out.h - in.h) / 2 + 1;
    auto tiles = [](int extent) { return (extent - S::first_output + S::outputs - 1) / S::outputs; };
    tiles_h = tiles(out.h);
    tiles_w = tiles(out.w);
    // The bytes of the filter for every tile of the smallest block, against those of the tile.
    const bool large_filter = static_cast<std::int64_t>(in.c) * out.c >= std::int64_t{180} * (in.c + out.c);
    by_phases = tiles_per_image() <= 128 || large_filter;
    if (by_phases) {
      constexpr std::size_t group_bytes = std::size_t{1} << 26;
      const std::size_t row_bytes = static_cast<std::size_t>(tiles_w) * tile_elements() * sizeof(T);
      const int fitting = static_cast<int>(std::min<std::size_t>(group_bytes / row_bytes, 1 << 20));
      const int groups = (tiles_h + std::max(fitting, 1) - 1) / std::max(fitting, 1);
      group = (tiles_h + groups - 1) / groups;
      block = round_up(group * tiles_w, MicroTile<T>::rows);
    } else {
      constexpr std::size_t block_bytes = std::size_t{1} << 19;  // of the order of the second-level cache
      constexpr int unit = MicroTile<T>::rows < 12 ? 2 * MicroTile<T>::rows : MicroTile<T>::rows;
      block = tile_elements() * 2 * unit * sizeof(T) <= block_bytes ? 2 * unit : unit;
      for (const int rows : {2, 4})
        if (tiles_h % rows == 0 && block % rows == 0) band = rows;
    }
  }

  int tiles_per_image() const { return tiles_h * tiles_w; }
  std::size_t tile_elements() const {
    return static_cast<std::size_t>(source_count) * static_cast<std::size_t>(in.c) +
           static_cast<std::size_t>(product_count) * pitch();
  }
  /// Tasks that write the result of an image.
  int tasks_per_image() const { return by_phases ? tiles_h : blocks_per_image(); }
  int blocks_per_image() const { return (tiles_per_image() + block - 1) / block; }
  std::size_t pitch() const { return static_cast<std::size_t>(round_up(out.c, MicroTile<T>::columns)); }
  // The 16 more keep the positions of one tile out of the same sets of the cache.
  std::size_t source_stride() const {
    return static_cast<std::size_t>(block) * static_cast<std::size_t>(in.c) + 16;
  }
  /// Whether the product of a transformed input may be written where the one before it lay.
  bool in_place() const { return !S::upsamples && !by_phases && pitch() <= static_cast<std::size_t>(in.c); }
  std::size_t product_stride() const {
    return in_place() ? source_stride() : static_cast<std::size_t>(block) * pitch() + 16;
  }
  std::size_t sources_size() const { return (source_count + 1) * source_stride(); }
  std::size_t products_size() const { return in_place() ? 0 : product_count * product_stride(); }
  std::size_t staged_size() const {
    return static_cast<std::size_t>(S::inputs) * staged_columns * static_cast<std::size_t>(in.c);
  }
  std::size_t strip_size() const { return static_cast<std::size_t>(S::outputs) * strip_columns * pitch(); }
  /// Elements of scratch that all threads share, and that one thread needs.
  std::size_t shared_size() const { return by_phases ? sources_size() + products_size() : 0; }
  std::size_t scratch_size() const {
    return staged_size() + strip_size() + (by_phases ? 0 : sources_size() + products_size());
  }
};

/// A row of an image, zeros beyond its borders.
template <class T> void stage_padded(const Operand<T>& x, Pixel first, int columns, T* staged) {
  const std::ptrdiff_t c = x.extents.c;
  const bool inside = first.h >= 0 && first.h < x.extents.h;
  const int begin = inside ? std::clamp(-first.w, 0, columns) : columns;
  const int end = std::clamp(x.extents.w - first.w, begin, columns);
  std::fill_n(staged, begin * c, T(0));
  if (begin < end) x.stage({first.n, first.h, first.w + begin}, end - begin, staged + begin * c);
  std::fill(staged + end * c, staged + columns * c, T(0));
}

/// Transforms tiles of `From` staged rows, `Step` columns apart, in both dimensions to To x To elements each:
/// those at place i go to out + i * place_stride, a tile's channels `tile_stride` elements behind the last's.
template <int From, int To, int Step, int MostColumns, class T, class F>
void transform_tiles(const T* const* rows, int tiles, int channels, F&& transform, T* out,
                     std::size_t place_stride, std::ptrdiff_t tile_stride) {
  using V = Lanes<T>;
  const int columns = tiles * Step + From - Step;
  V transformed[MostColumns][To];
  for (int k = 0; k < channels; k += lane_count<T>) {
    for (int column = 0; column < columns; ++column) {
      V d[From];
#pragma GCC unroll 8
      for (int r = 0; r < From; ++r)
        d[r] = load_lanes<V>(rows[r] + static_cast<std::ptrdiff_t>(column) * channels + k);
      transform(d, transformed[column]);
    }
    for (int tile = 0; tile < tiles; ++tile) {
      T* to = out + tile * tile_stride + k;
#pragma GCC unroll 8
      for (int i = 0; i < To; ++i) {
        V d[From], v[To];
#pragma GCC unroll 8
        for (int j = 0; j < From; ++j) d[j] = transformed[tile * Step + j][i];
        transform(d, v);
#pragma GCC unroll 8
        for (int j = 0; j < To; ++j, to += place_stride) store_lanes(to, v[j]);
      }
    }
  }
}

/// Packs a filter {out,3,3,in}: [products * products] times panels, transformed in double.
template <class S, class T> void pack_winograd(ThreadPool& pool, const RawFilter<T>& raw, T* packed) {
  using Wide = Lanes<double>;
  typedef T Narrow __attribute__((vector_size(lane_count<double> * sizeof(T))));
  constexpr int columns = MicroTile<T>::columns, products = S::products, lanes = lane_count<double>;
  const Extents f = raw.extents;
  const std::size_t product_size = panels_size<T>(f.c, f.n);
  auto pack_lanes = [&](int o, int k, T* out) {
    Wide rows[products][3] = {};
    for (int x = 0; x < 3 && o < f.n; ++x)
      for (int y = 0; y < 3; ++y) {
        const T* taps = raw.data + (static_cast<std::ptrdiff_t>(o) * 9 + y * 3 + x) * f.c + k;
        const Wide g = __builtin_convertvector(load_lanes<Narrow>(taps), Wide);
        for (int i = 0; i < products; ++i) rows[i][x] += S::filter[i][y] * g;
      }
    for (const auto& row : rows)
      for (int i = 0; i < products; ++i, out += product_size) {
        const Wide product = row[0] * S::filter[i][0] + row[1] * S::filter[i][1] + row[2] * S::filter[i][2];
        for (int lane = 0; lane < lanes; ++lane) out[lane * columns] = static_cast<T>(product[lane]);
      }
  };
  pool.for_each(round_up(f.n, columns) / columns, [&](int panel, int) {
    for (int k = 0; k < f.c; k += lanes)
      for (int j = 0; j < columns; ++j)
        pack_lanes(panel * columns + j, k,
                   packed + (static_cast<std::ptrdiff_t>(panel) * f.c + k) * columns + j);
  });
}

/// One convolution of stride 1 with a 3x3 filter, padded by 1 or not at all; both channel counts are
/// multiples of the lanes.
template <class S, class T> class WinogradConvolution {
 public:
  using Tiling = WinogradTiling<S, T>;

  /// out = epilogue(convolution(prologue(x), packed filter)), with the sums of what each task wrote. shared:
  /// tiling.shared_size() elements; scratch: tiling.scratch_size() for every thread.
  WinogradConvolution(const Tiling& tiling, int padding, const Operand<T>& x, const T* packed,
                      const Emitter<T>& emitter, T* shared, T* scratch)
      : t_(tiling),
        padding_(padding),
        x_(x),
        packed_(packed),
        emitter_(emitter),
        shared_(shared),
        scratch_(scratch) {}

  void run(ThreadPool& pool) const {
    if (!t_.by_phases) {
      pool.for_each(t_.out.n * t_.blocks_per_image(), [&](int task, int worker) {
        T* staged = staging(worker);
        T* sources = staged + t_.staged_size() + t_.strip_size();
        const int n = task / t_.blocks_per_image(), first = task % t_.blocks_per_image() * t_.block;
        const int count = std::min(t_.block, t_.tiles_per_image() - first);
        for_each_patch(first, count, [&](int h, int w, int tiles, int at) {
          transform_inputs(n, h, w, tiles, at, staged, inputs_of(sources));
        });
        for (int p = 0; p < Tiling::product_count; ++p)
          multiply(p, 0, count, inputs_of(sources), products_of(sources));
        emitter_.clear_sums(task);
        for_each_patch(first, count, [&](int h, int w, int tiles, int at) {
          emit_outputs(task, n, h, w, tiles, at, products_of(sources), staged + t_.staged_size());
        });
      });
      return;
    }
    for (int n = 0; n < t_.out.n; ++n)
      for (int first = 0; first < t_.tiles_h; first += t_.group)
        run_group(pool, n, first, std::min(t_.group, t_.tiles_h - first));
  }

 private:
  using V = Lanes<T>;

  void run_group(ThreadPool& pool, int n, int first, int rows) const {
    pool.for_each(rows, [&](int row, int worker) {
      transform_inputs(n, first + row, 0, t_.tiles_w, row * t_.tiles_w, staging(worker), inputs_of(shared_));
    });
    // All tiles by one product, then by the next: its filter stays in the cache.
    const int tiles = rows * t_.tiles_w, chunks = (tiles + chunk_rows<T> - 1) / chunk_rows<T>;
    pool.for_each(Tiling::product_count * chunks, [&](int task, int) {
      const int begin = task % chunks * chunk_rows<T>;
      multiply(task / chunks, begin, std::min(tiles, begin + chunk_rows<T>), inputs_of(shared_),
               products_of(shared_));
    });
    pool.for_each(rows, [&](int row, int worker) {
      const int task = n * t_.tiles_h + first + row;
      emitter_.clear_sums(task);
      emit_outputs(task, n, first + row, 0, t_.tiles_w, row * t_.tiles_w, products_of(shared_),
                   staging(worker) + t_.staged_size());
    });
  }
  T* staging(int worker) const { return scratch_ + static_cast<std::size_t>(worker) * t_.scratch_size(); }
  T* inputs_of(T* sources) const { return sources + t_.source_stride(); }
  T* products_of(T* sources) const { return t_.in_place() ? sources : sources + t_.sources_size(); }

  /// f(first tile row, first tile column, columns, index of the first tile) for the parts of bands that make
  /// up a block.
  template <class F> void for_each_patch(int first, int count, F&& f) const {
    for (int done = 0; done < count;) {
      const int column = (first + done) / t_.band;  // of all bands, one after the other
      const int h = column / t_.tiles_w * t_.band, w = column % t_.tiles_w;
      const int columns = std::min(t_.tiles_w - w, (count - done) / t_.band);
      f(h, w, columns, done);
      done += columns * t_.band;
    }
  }

  void transform_inputs(int n, int h, int w, int tiles, int at, T* staged, T* inputs) const {
    constexpr int shared_rows = S::inputs - S::step;  // with the tile below
    for (int done = 0; done < tiles; done += Tiling::staged_tiles) {
      const int count = std::min(Tiling::staged_tiles, tiles - done);
      const int first_row = h * S::step - t_.pad, first_column = (w + done) * S::step - t_.pad;
      int staged_rows = 0;
      for (int i = 0; i < t_.band; ++i) {
        for (; staged_rows < (i + 1) * S::step + shared_rows; ++staged_rows)
          stage_padded(x_, {n, first_row + staged_rows, first_column}, count * S::step + shared_rows,
                       staged_row(staged, staged_rows));
        transform_staged(count, staged, i * S::step,
                         inputs + std::ptrdiff_t{at + done * t_.band + i} * t_.in.c);
      }
    }
  }
  /// The buffer holds the latest `inputs` rows.
  T* staged_row(T* staged, int row) const {
    return staged + static_cast<std::ptrdiff_t>(row % S::inputs * Tiling::staged_columns) * t_.in.c;
  }
  void transform_staged(int tiles, T* staged, int first_row, T* inputs) const {
    const T* rows[S::inputs];
    for (int r = 0; r < S::inputs; ++r) rows[r] = staged_row(staged, first_row + r);
    transform_tiles<S::inputs, S::inputs, S::step, Tiling::staged_columns>(
        rows, tiles, t_.in.c, [](const V* d, V* v) { S::transform_input(d, v); }, inputs, t_.source_stride(),
        std::ptrdiff_t{t_.band} * t_.in.c);
  }

  void multiply(int product, int first, int last, const T* inputs, T* products) const {
    const int source = S::source[product / S::products] * S::inputs + S::source[product % S::products];
    const RowSegments shape{1, t_.in.c, 0};
    const T* packed = packed_ + static_cast<std::size_t>(product) * panels_size<T>(t_.in.c, t_.out.c);
    inputs += static_cast<std::size_t>(source) * t_.source_stride();
    products += static_cast<std::size_t>(product) * t_.product_stride();
    const T* row_pointers[chunk_rows<T>];
    for (int begin = first; begin < last; begin += chunk_rows<T>) {
      const int count = std::min(chunk_rows<T>, last - begin);
      for (int i = 0; i < count; ++i) row_pointers[i] = inputs + std::ptrdiff_t{begin + i} * t_.in.c;
      multiply_chunk(shape, row_pointers, count, packed, t_.out.c,
                     products + static_cast<std::size_t>(begin) * t_.pitch());
    }
  }

  void emit_outputs(int task, int n, int h, int w, int tiles, int at, const T* products, T* strip) const {
    const auto pitch = static_cast<std::ptrdiff_t>(t_.pitch()), row_pitch = Tiling::strip_columns * pitch;
    for (int i = 0; i < t_.band; ++i) {
      const int row = (h + i) * S::outputs + S::first_output;
      const int top = std::max(0, -row), bottom = std::min(S::outputs, t_.out.h - row);
      for (int done = 0; done < tiles; done += Tiling::strip_tiles) {
        const int count = std::min(Tiling::strip_tiles, tiles - done);
        for (int j = 0; j < count; ++j)
          transform_products(products + (at + (done + j) * t_.band + i) * pitch,
                             strip + j * S::outputs * pitch);
        const int column = (w + done) * S::outputs + S::first_output;
        const int left = std::max(0, -column), right = std::min(count * S::outputs, t_.out.w - column);
        for (int r = top; r < bottom; ++r) {
          const Pixel first{n, row + r, column + left};
          T* finished = strip + r * row_pitch + left * pitch;
          emitter_.emit_to(finished, first, right - left, finished, pitch);
          emitter_.store(first, right - left, finished);
        }
        emitter_.sum(task, strip + top * row_pitch + left * pitch, bottom - top, right - left, row_pitch);
      }
    }
    if (emitter_.streams) stream_fence();
  }
  void transform_products(const T* products, T* strip) const {
    const auto pitch = static_cast<std::ptrdiff_t>(t_.pitch());
    const auto stride = static_cast<std::ptrdiff_t>(t_.product_stride());
    for (int k = 0; k < t_.out.c; k += lane_count<T>) {
      V columns[S::products][S::outputs];
#pragma GCC unroll 8
      for (int j = 0; j < S::products; ++j) {
        V q[S::products];
#pragma GCC unroll 8
        for (int i = 0; i < S::products; ++i)
          q[i] = load_lanes<V>(products + (i * S::products + j) * stride + k);
        S::transform_output(q, columns[j]);
      }
#pragma GCC unroll 8
      for (int i = 0; i < S::outputs; ++i) {
        V q[S::products], y[S::outputs];
#pragma GCC unroll 8
        for (int j = 0; j < S::products; ++j) q[j] = columns[j][i];
        S::transform_output(q, y);
#pragma GCC unroll 8
        for (int j = 0; j < S::outputs; ++j)
          store_lanes(strip + (i * Tiling::strip_columns + j) * pitch + k, y[j]);
      }
    }
  }

  const Tiling& t_;
  int padding_;
  const Operand<T>& x_;
  const T* packed_;
  const Emitter<T>& emitter_;
  T *shared_, *scratch_;
};

}  // namespace RFPP_ABI
}  // namespace rfpp::cpu

#endif
