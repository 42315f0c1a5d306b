#ifndef RFPP_EIGEN_EIGEN_CPU_HPP
#define RFPP_EIGEN_EIGEN_CPU_HPP

#include <algorithm>
#include <cmath>
#include <type_traits>
#include <utility>
#include <vector>

#include "rfpp/eigen/jpeg.hpp"
#include "rfpp/eigen/views.hpp"
#include "rfpp/expr/eval.hpp"

namespace rfpp {
inline namespace RFPP_ABI {

/// The shortest complete executor: what others are compared with, and where one for another platform starts.
/// On one thread, for any floating-point type, under a tape too. Maps go element by element over the plan of
/// an expression; products and convolutions are Eigen's. Nothing is fused: prologues are evaluated first and
/// epilogues last.
class EigenCpu {
 public:
  static constexpr bool overwrites = true, runs_on_host = true;

  template <class T> Tensor<T> upload(const Tensor<T>& host) { return host; }
  template <class T> Tensor<T> download(const Tensor<T>& t) { return t; }
  template <class T> Tensor<T> tensor(Extents e) { return Tensor<T>::uninitialized(e); }

  /// out = e, or out += e.
  template <class T, class E> void run(const Tensor<T>& out, const E& e, bool accumulate = false) {
    write(out, plan_of(e), static_cast<const T*>(nullptr), accumulate);
  }
  template <class T, class Core, class Epilogue>
  void run(const Tensor<T>& out, const Anchor<Core, Epilogue>& a, bool accumulate = false) {
    const auto y = tensor<T>(a.core.extents());
    compute(y, a.core);
    write(out, plan_of(a.epilogue), y.data(), accumulate);
  }
  /// target += e summed over the extents that are 1 in target.
  template <class T, class E> void add_reduced(const Tensor<T>& target, const E& e) {
    const Extents t = target.extents();
    std::vector<Wide<T>> sums(t.size());
    const auto plan = plan_of(e);
    for_each_pixel(e.extents(), [&](Pixel q) {
      const auto cursor = plan.at(q);
      Wide<T>* to = sums.data() + place(t, {t.n == 1 ? 0 : q.n, t.h == 1 ? 0 : q.h, t.w == 1 ? 0 : q.w});
      for (int c = 0; c < e.extents().c; ++c) to[t.c == 1 ? 0 : c] += static_cast<Wide<T>>(cursor[c]);
    });
    for (std::size_t i = 0; i < sums.size(); ++i) target.data()[i] += static_cast<T>(sums[i]);
  }
  /// table[index[i]] += rows[i].
  template <class T>
  void scatter_rows(const Tensor<T>& table, const Tensor<int>& index, const Tensor<T>& rows) {
    for (Eigen::Index i = 0; i < matrix_of(rows).rows(); ++i)
      matrix_of(table).row(index.data()[i]) += matrix_of(rows).row(i);
  }
  /// f(i) for every i in [0, count).
  template <class F> void for_each_item(std::size_t count, const F& f) {
    for (std::size_t i = 0; i < count; ++i) f(i);
  }

 private:
  /// What sums are taken in.
  template <class T> using Wide = std::common_type_t<T, double>;
  template <class T> using Rows = Eigen::Map<RowMajorMatrix<T>>;

  template <class F> static void for_each_pixel(Extents e, F&& f) {
    for (int n = 0; n < e.n; ++n)
      for (int h = 0; h < e.h; ++h)
        for (int w = 0; w < e.w; ++w) f(Pixel{n, h, w});
  }
  /// Where a pixel's channels begin.
  static std::ptrdiff_t place(Extents e, Pixel q) {
    return ((std::ptrdiff_t{q.n} * e.h + q.h) * e.w + q.w) * e.c;
  }

  /// `y`: the results of the anchor whose epilogue the plan is.
  template <class T, class P>
  static void write(const Tensor<T>& out, const P& plan, const T* y, bool accumulate) {
    if (!out.has_storage())
      throw Error("eval: the destination " + to_string(out.extents()) + " has no storage");
    out.storage.attach({});
    const Extents e = out.extents();
    for_each_pixel(e, [&](Pixel q) {
      T* to = out.data() + place(e, q);
      if (y != nullptr) q.accumulator = y + place(e, q);
      const auto cursor = plan.at(q);
      for (int c = 0; c < e.c; ++c) to[c] = accumulate ? to[c] + cursor[c] : cursor[c];
    });
  }
  template <class E> auto value_of(const E& e) {
    if constexpr (is_tensor<E>) {
      plan_of(e);  // throws without storage
      return e;
    } else {
      const auto t = tensor<typename E::value>(e.extents());
      run(t, e);
      return t;
    }
  }

  // Convolutions, row by row of the output, unfolded: a row of the matrix `patches` is what one output reads.

  /// f(where in patches, where in the image or -1) for every pixel that row h of the output reads.
  template <class F>
  static void for_each_read(const ConvolutionGeometry& g, Extents in, Extents out, int h, F&& f) {
    std::ptrdiff_t patch = 0;
    for (int w = 0; w < out.w; ++w)
      for (int row = 0; row < g.kernel; ++row)
        for (int column = 0; column < g.kernel; ++column, patch += in.c) {
          const int y = h * g.stride + row - g.pad_before, x = w * g.stride + column - g.pad_before;
          const bool inside = y >= 0 && y < in.h && x >= 0 && x < in.w;
          f(patch, inside ? place(in, {0, y, x}) : -1);
        }
  }
  template <class T>
  static void unfold(const ConvolutionGeometry& g, const Tensor<T>& x, Extents out, int n, int h,
                     RowMajorMatrix<T>& patches) {
    const Extents in = x.extents();
    const T* image = x.data() + place(in, {n, 0, 0});
    patches.resize(out.w, g.kernel * g.kernel * in.c);
    for_each_read(g, in, out, h, [&](std::ptrdiff_t patch, std::ptrdiff_t from) {
      T* to = patches.data() + patch;
      from < 0 ? std::fill_n(to, in.c, T(0)) : std::copy_n(image + from, in.c, to);
    });
  }
  /// One row of an image as a matrix, and a filter {out,kernel,kernel,in}.
  template <class T> static Rows<T> row_of(const Tensor<T>& t, int n, int h) {
    return {t.data() + place(t.extents(), {n, h, 0}), t.extents().w, t.extents().c};
  }
  template <class T> static Rows<T> filter_matrix(const Tensor<T>& t) {
    return {t.data(), t.extents().n, t.extents().h * t.extents().w * t.extents().c};
  }

  template <class T, class X> void compute(const Tensor<T>& y, const ConvolutionCore<X>& core) {
    const Tensor<T> x = value_of(core.x);
    const Extents out = y.extents();
    const auto filter = filter_matrix(core.filter.raw());
    RowMajorMatrix<T> patches;
    for (int n = 0; n < out.n; ++n)
      for (int h = 0; h < out.h; ++h) {
        unfold(core.geometry, x, out, n, h, patches);
        row_of(y, n, h).noalias() = patches * filter.transpose();
      }
  }
  template <class T, class G> void compute(const Tensor<T>& y, const ConvolutionDataGradientCore<G>& core) {
    const Tensor<T> gradient = value_of(core.gradient);
    const Extents in = y.extents(), out = gradient.extents();
    const auto filter = filter_matrix(core.filter.raw());
    RowMajorMatrix<T> patches;
    matrix_of(y).setZero();
    for (int n = 0; n < out.n; ++n)
      for (int h = 0; h < out.h; ++h) {
        patches.noalias() = row_of(gradient, n, h) * filter;
        T* image = y.data() + place(in, {n, 0, 0});
        for_each_read(core.geometry, in, out, h, [&](std::ptrdiff_t patch, std::ptrdiff_t to) {
          if (to < 0) return;
          for (int c = 0; c < in.c; ++c) image[to + c] += patches.data()[patch + c];
        });
      }
  }
  template <class T, class X, class G>
  void compute(const Tensor<T>& y, const ConvolutionFilterGradientCore<X, G>& core) {
    const Tensor<T> x = value_of(core.x), gradient = value_of(core.gradient);
    const Extents out = gradient.extents();
    auto filter = filter_matrix(y);
    RowMajorMatrix<T> patches;
    filter.setZero();
    for (int n = 0; n < out.n; ++n)
      for (int h = 0; h < out.h; ++h) {
        unfold(core.geometry, x, out, n, h, patches);
        filter.noalias() += row_of(gradient, n, h).transpose() * patches;
      }
  }
  template <class T, class X> void compute(const Tensor<T>& y, const DepthwiseCore<X>& core) {
    const Tensor<T> x = value_of(core.x), weight = value_of(core.weight);
    const Extents in = x.extents(), out = y.extents();
    const int taps = core.geometry.kernel * core.geometry.kernel;
    RowMajorMatrix<T> patches;
    for (int n = 0; n < out.n; ++n)
      for (int h = 0; h < out.h; ++h) {
        unfold(core.geometry, x, out, n, h, patches);
        for (int w = 0; w < out.w; ++w) {
          const Rows<T> read(patches.row(w).data(), taps, in.c);
          row_of(y, n, h).row(w) = read.cwiseProduct(filter_matrix(weight).transpose()).colwise().sum();
        }
      }
  }

  template <class T, class A, class B> void compute(const Tensor<T>& y, const MatmulCore<A, B>& core) {
    const Tensor<T> a = value_of(core.a), b = value_of(core.b);
    for (int n = 0; n < y.extents().n; ++n) {
      const auto left = row_of(a, n, 0), right = row_of(b, n, 0);
      auto product = row_of(y, n, 0);
      if (core.transpose_a && core.transpose_b)
        product.noalias() = left.transpose() * right.transpose();
      else if (core.transpose_a)
        product.noalias() = left.transpose() * right;
      else if (core.transpose_b)
        product.noalias() = left * right.transpose();
      else
        product.noalias() = left * right;
    }
  }

  template <class T, class X> void compute(const Tensor<T>& y, const MomentsCore<X>& core) {
    const Tensor<T> x = value_of(core.x);
    const Extents e = x.extents();
    const int images = y.extents().n, per_group = e.c / core.groups;
    const auto pixels = static_cast<Eigen::Index>(e.pixels()) / images;
    for (int i = 0; i < images; ++i)
      for (int g = 0; g < core.groups; ++g) {
        const RowMajorMatrix<Wide<T>> group =
            matrix_of(x).block(i * pixels, g * per_group, pixels, per_group).template cast<Wide<T>>();
        const Wide<T> mean = group.mean(), variance = (group.array() - mean).square().mean();
        matrix_of(y)(2 * i, g) = static_cast<T>(mean);
        matrix_of(y)(2 * i + 1, g) = static_cast<T>(1 / std::sqrt(variance + core.epsilon));
      }
  }
  template <class T, class Operation, class X>
  void compute(const Tensor<T>& y, const ReductionCore<Operation, X>& core) {
    const Tensor<T> x = value_of(core.x);
    const std::size_t count = x.extents().size() / y.extents().size();
    const T* from = x.data();
    for (T& folded : y.elements()) {
      auto value = Operation::template start<Wide<T>>();
      for (std::size_t i = 0; i < count; ++i) value = Operation::join(value, static_cast<Wide<T>>(*from++));
      folded = static_cast<T>(value);
    }
  }
  template <class X> void compute(const Tensor<int>& y, const NearestCore<X>& core) {
    using W = Wide<typename X::value>;
    const RowMajorMatrix<W> x = matrix_of(value_of(core.x)).template cast<W>();
    const RowMajorMatrix<W> table = matrix_of(value_of(core.table)).template cast<W>();
    for (Eigen::Index i = 0; i < x.rows(); ++i) {
      const Eigen::Matrix<W, Eigen::Dynamic, 1> distances =
          (table.rowwise() - x.row(i)).rowwise().squaredNorm();
      if (!distances.allFinite())
        throw Error(
            "nearest: a distance to the codebook is not finite: the input or the weights hold NaN or "
            "infinity");
      Eigen::Index nearest = 0;
      distances.minCoeff(&nearest);
      y.data()[i] = static_cast<int>(nearest);
    }
  }
  template <class X> void compute(const Tensor<int>& y, const ArgmaxCore<X>& core) {
    const auto x = value_of(core.x);
    if (!matrix_of(x).allFinite())
      throw Error("argmax: a channel is not finite: the input or the weights hold NaN or infinity");
    for (Eigen::Index i = 0; i < matrix_of(x).rows(); ++i) {
      Eigen::Index largest = 0;
      matrix_of(x).row(i).maxCoeff(&largest);
      y.data()[i] = static_cast<int>(largest);
    }
  }

  /// A filter of one axis as a matrix, outputs x inputs.
  template <class T> static RowMajorMatrix<T> taps_matrix(const FilterTaps<T>& taps, int inputs) {
    RowMajorMatrix<T> matrix = RowMajorMatrix<T>::Zero(taps.outputs(), inputs);
    const T* weight = taps.weights.data();
    for (int i = 0; i < taps.outputs(); ++i)
      for (int k = 0; k < taps.count; ++k)
        matrix(i, reflected(taps.first[static_cast<std::size_t>(i)] + k, inputs)) += *weight++;
    return matrix;
  }
  template <class T, class X> void compute(const Tensor<T>& y, const SeparableFilterCore<X>& core) {
    const Tensor<T> x = value_of(core.x);
    const Extents in = x.extents(), out = y.extents();
    matrix_of(y).setZero();
    for (const auto& term : core.filter->terms) {
      const RowMajorMatrix<T> rows = taps_matrix(term.rows, in.h), columns = taps_matrix(term.columns, in.w);
      for (int n = 0; n < in.n; ++n) {
        const Rows<T> image(x.data() + place(in, {n, 0, 0}), in.h, in.w * in.c);
        RowMajorMatrix<T> filtered = rows * image;
        for (int h = 0; h < out.h; ++h)
          row_of(y, n, h).noalias() += columns * Rows<T>(filtered.row(h).data(), in.w, in.c);
      }
    }
  }
  template <class T, class X> void compute(const Tensor<T>& y, const JpegCore<X>& core) {
    const Tensor<T> x = value_of(core.x);
    const Extents e = x.extents();
    for (int n = 0; n < e.n; ++n)
      detail::code_jpeg(x.data() + place(e, {n, 0, 0}), e.h, e.w, core.quality,
                        y.data() + place(e, {n, 0, 0}));
  }
};

}  // namespace RFPP_ABI
}  // namespace rfpp

#endif
