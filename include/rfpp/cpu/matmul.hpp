#ifndef RFPP_CPU_MATMUL_HPP
#define RFPP_CPU_MATMUL_HPP

#include "rfpp/cpu/micro_kernel.hpp"
#include "rfpp/cpu/thread_pool.hpp"

namespace rfpp::inline v0::cpu {

/// Sizes of a batch of matrix products {n} of rows x depth and depth x columns.
template <class T> struct MatmulShape {
  int n, rows, depth, columns;
  bool transpose_a, transpose_b;

  MatmulShape(Extents a, bool ta, Extents out, bool tb)
      : n(out.n), rows(out.w), depth(ta ? a.w : a.c), columns(out.c), transpose_a(ta), transpose_b(tb) {}

  std::size_t packed_size() const { return panels_size<T>(depth, columns); }
  std::size_t b_size() const { return static_cast<std::size_t>(depth) * static_cast<std::size_t>(columns); }
  std::size_t a_size() const { return static_cast<std::size_t>(depth) * static_cast<std::size_t>(rows); }
  int row_tasks() const { return (rows + chunk_rows<T> - 1) / chunk_rows<T>; }
  /// Elements that hold every packed b and, if a is transposed, every a in row order.
  std::size_t shared_size() const {
    return static_cast<std::size_t>(n) * (packed_size() + (transpose_a ? a_size() : 0));
  }
  /// Elements of scratch that one thread needs.
  std::size_t scratch_size() const {
    const std::size_t staged_a =
        transpose_a ? a_size() : static_cast<std::size_t>(chunk_rows<T>) * static_cast<std::size_t>(depth);
    const std::size_t accumulators = static_cast<std::size_t>(chunk_rows<T>) *
                                     static_cast<std::size_t>(round_up(columns, MicroTile<T>::columns));
    return std::max(b_size(), staged_a + accumulators) + 16;
  }
};

/// out = epilogue(a * b) for every n. shared: shared_size() elements; scratch: scratch_size() for every
/// thread.
template <class T>
void multiply(ThreadPool& pool, const MatmulShape<T>& s, const Operand<T>& a, const Operand<T>& b,
              const Emitter<T>& emitter, T* shared, T* scratch) {
  T* rows_of_a = shared + static_cast<std::size_t>(s.n) * s.packed_size();
  pool.for_each(s.n, [&](int n, int worker) {
    T* buffer = scratch + static_cast<std::size_t>(worker) * s.scratch_size();
    const T* staged = b.run({n, 0, 0}, b.extents.w, buffer);
    T* packed = shared + static_cast<std::size_t>(n) * s.packed_size();
    for (int panel = 0; panel * MicroTile<T>::columns < s.columns; ++panel)
      pack_panel(staged, s.transpose_b ? 1 : s.columns, s.transpose_b ? s.depth : 1, s.depth, s.columns,
                 panel, packed);
    if (!s.transpose_a) return;
    staged = a.run({n, 0, 0}, a.extents.w, buffer);
    T* out = rows_of_a + static_cast<std::size_t>(n) * s.a_size();
    transpose(staged, s.rows, s.depth, s.rows, out, s.depth);
  });
  pool.for_each(s.n * s.row_tasks(), [&](int task, int worker) {
    T* accumulators = scratch + static_cast<std::size_t>(worker) * s.scratch_size();
    T* buffer = accumulators + chunk_rows<T> * round_up(s.columns, MicroTile<T>::columns);
    const int n = task / s.row_tasks(), first = task % s.row_tasks() * chunk_rows<T>;
    const int count = std::min(chunk_rows<T>, s.rows - first);
    const T* left = s.transpose_a ? rows_of_a + static_cast<std::size_t>(n) * s.a_size() +
                                        static_cast<std::size_t>(first) * static_cast<std::size_t>(s.depth)
                                  : a.run({n, 0, first}, count, buffer);
    const T* row_pointers[chunk_rows<T>];
    for (int i = 0; i < count; ++i) row_pointers[i] = left + static_cast<std::ptrdiff_t>(i) * s.depth;
    multiply_chunk({1, s.depth, 0}, row_pointers, count,
                   shared + static_cast<std::size_t>(n) * s.packed_size(), s.columns, accumulators);
    emitter.emit({n, 0, first}, count, accumulators, round_up(s.columns, MicroTile<T>::columns));
  });
}

}  // namespace rfpp::inline v0::cpu

#endif
