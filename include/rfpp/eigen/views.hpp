#ifndef RFPP_EIGEN_VIEWS_HPP
#define RFPP_EIGEN_VIEWS_HPP

#include <Eigen/Core>
#include <memory>
#include <string>
#include <utility>

#include "rfpp/core/tensor.hpp"

// Tensors and Eigen matrices over the same memory: nothing is copied.

namespace rfpp {
inline namespace RFPP_ABI {

template <class T> using RowMajorMatrix = Eigen::Matrix<T, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

/// The elements of t {n,h,w,c} as a matrix of a row for every pixel, n*h*w x c, to read and to write. It does
/// not keep the tensor alive.
template <class T> Eigen::Map<RowMajorMatrix<T>> matrix_of(const Tensor<T>& t) {
  return {t.data(), static_cast<Eigen::Index>(t.extents().pixels()), t.extents().c};
}

/// A matrix of rows x columns as a tensor that keeps it: {1,1,rows,columns}, or as `e` says. Throws Error
/// where that has another number of elements.
template <class T> Tensor<T> tensor_of(RowMajorMatrix<T> matrix, Extents e) {
  if (e.size() != static_cast<std::size_t>(matrix.size()))
    throw Error("tensor_of: a matrix of " + std::to_string(matrix.rows()) + " x " +
                std::to_string(matrix.cols()) + " as " + to_string(e));
  const auto kept = std::make_shared<RowMajorMatrix<T>>(std::move(matrix));
  return {Storage(kept->data(), Tensor<T>::bytes(e), kept), e};
}
template <class T> Tensor<T> tensor_of(RowMajorMatrix<T> matrix) {
  const Extents e{1, 1, static_cast<int>(matrix.rows()), static_cast<int>(matrix.cols())};
  return tensor_of<T>(std::move(matrix), e);
}

}  // namespace RFPP_ABI
}  // namespace rfpp

#endif
