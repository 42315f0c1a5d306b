#ifndef RFPP_CPU_MATMUL_HPP
#define RFPP_CPU_MATMUL_HPP

#include "rfpp/cpu/micro_kernel.hpp"
#include "rfpp/cpu/thread_pool.hpp"

namespace rfpp::cpu {
inline namespace RFPP_ABI {

/// Sizes of a batch of matrix products {n} of rows x depth and depth x columns.
template <class T> struct MatmulShape {
  static constexpr int staged_depth = 64;  // of a transposed a, at a time: a quarter of a second-level cache
  int n, rows, depth, columns;
  bool transpose_a, transpose_b;

  MatmulShape(Extents a, bool ta, Extents out, bool tb)
      : n(out.n), rows(out.w), depth(ta ? a.w : a.c), columns(out.c), transpose_a(ta), transpose_b(tb) {}

  std::size_t packed_size() const { return panels_size<T>(depth, columns); }
  std::size_t b_size() const { return static_cast<std::size_t>(depth) * static_cast<std::size_t>(columns); }
  int row_tasks() const { return (rows + chunk_rows<T> - 1) / chunk_rows<T>; }
  /// Rows whose accumulators are kept at a time.
  int chunk() const { return transpose_a ? round_up(rows, MicroTile<T>::rows) : chunk_rows<T>; }
  int pitch() const { return round_up(columns, MicroTile<T>::columns); }
  std::size_t accumulators_size() const {
    return static_cast<std::size_t>(chunk()) * static_cast<std::size_t>(pitch());
  }
  /// Elements that hold every packed b.
  std::size_t shared_size() const { return static_cast<std::size_t>(n) * packed_size(); }
  /// Elements of scratch that one thread needs.
  std::size_t scratch_size() const {
    const std::size_t staged_a =
        transpose_a
            ? static_cast<std::size_t>(staged_depth) * static_cast<std::size_t>(rows) + MicroTile<T>::rows
            : static_cast<std::size_t>(chunk()) * static_cast<std::size_t>(depth);
    return std::max(b_size(), staged_a + accumulators_size()) + 16;
  }
};

template <class T>
void multiply_rows(ThreadPool& pool, const MatmulShape<T>& s, const Operand<T>& a, const Emitter<T>& emitter,
                   const T* packed, T* scratch) {
  pool.for_each(s.n * s.row_tasks(), [&](int task, int worker) {
    T* accumulators = scratch + static_cast<std::size_t>(worker) * s.scratch_size();
    const int n = task / s.row_tasks(), first = task % s.row_tasks() * chunk_rows<T>;
    const int count = std::min(chunk_rows<T>, s.rows - first);
    const T* left = a.run({n, 0, first}, count, accumulators + s.accumulators_size());
    const T* row_pointers[chunk_rows<T>];
    for (int i = 0; i < count; ++i) row_pointers[i] = left + static_cast<std::ptrdiff_t>(i) * s.depth;
    multiply_chunk({1, s.depth, 0}, row_pointers, count,
                   packed + static_cast<std::size_t>(n) * s.packed_size(), s.columns, accumulators);
    emitter.emit({n, 0, first}, count, accumulators, s.pitch());
  });
}
/// The same for a transposed first: a few of its rows at a time are staged, and their products added up.
template <class T>
void multiply_columns(ThreadPool& pool, const MatmulShape<T>& s, const Operand<T>& a,
                      const Emitter<T>& emitter, const T* packed, T* scratch) {
  using Tile = MicroTile<T>;
  pool.for_each(s.n, [&](int n, int worker) {
    T* sums = scratch + static_cast<std::size_t>(worker) * s.scratch_size();
    T* staged = sums + s.accumulators_size();
    const T* right = packed + static_cast<std::size_t>(n) * s.packed_size();
    for (int k = 0; k < s.depth; k += s.staged_depth) {
      const int count = std::min(s.staged_depth, s.depth - k);
      a.stage({n, 0, k}, count, staged);
      for (int column = 0; column < s.columns; column += Tile::columns)
        for (int row = 0; row < s.rows; row += Tile::rows)
          micro_kernel<T>(s.columns - column, 0, count, TransposedRows<T>{staged + row, s.rows},
                          right + std::ptrdiff_t{column} * s.depth + std::ptrdiff_t{k} * Tile::columns,
                          sums + std::ptrdiff_t{row} * s.pitch() + column, s.pitch(), k > 0);
    }
    emitter.emit({n, 0, 0}, s.rows, sums, s.pitch());
  });
}

/// out = epilogue(a * b) for every n. shared: shared_size() elements; scratch: scratch_size() for every
/// thread.
template <class T>
void multiply(ThreadPool& pool, const MatmulShape<T>& s, const Operand<T>& a, const Operand<T>& b,
              const Emitter<T>& emitter, T* shared, T* scratch) {
  const int panels = (s.columns + MicroTile<T>::columns - 1) / MicroTile<T>::columns;
  const auto pack = [&](int n, int panel, const T* matrix) {
    pack_panel(matrix, s.transpose_b ? 1 : s.columns, s.transpose_b ? s.depth : 1, s.depth, s.columns, panel,
               shared + static_cast<std::size_t>(n) * s.packed_size());
  };
  if (b.dense != nullptr)  // a linear layer's one large matrix occupies all threads
    pool.for_each(s.n * panels, [&](int task, int) {
      const int n = task / panels;
      pack(n, task % panels, b.run({n, 0, 0}, b.extents.w, nullptr));
    });
  else
    pool.for_each(s.n, [&](int n, int worker) {
      const T* staged =
          b.run({n, 0, 0}, b.extents.w, scratch + static_cast<std::size_t>(worker) * s.scratch_size());
      for (int panel = 0; panel < panels; ++panel) pack(n, panel, staged);
    });
  if (s.transpose_a)
    multiply_columns(pool, s, a, emitter, shared, scratch);
  else
    multiply_rows(pool, s, a, emitter, shared, scratch);
}

}  // namespace RFPP_ABI
}  // namespace rfpp::cpu

#endif
