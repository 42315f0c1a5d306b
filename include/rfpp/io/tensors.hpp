#ifndef RFPP_IO_TENSORS_HPP
#define RFPP_IO_TENSORS_HPP

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "rfpp/core/filter.hpp"
#include "rfpp/io/checkpoint.hpp"
#include "rfpp/io/safetensors_writer.hpp"

// Between files and tensors. A file's (N, C, H, W) is {N, H, W, C} here, (O, I, H, W) the filter {O, H, W,
// I}, (rows, columns) {rows, 1, 1, columns}, and (C) {1, 1, 1, C}.

namespace rfpp::io {
inline namespace RFPP_ABI {

/// The shape that files give a tensor.
template <class T> std::vector<std::int64_t> file_shape(const Filter<T>& filter) {
  const Extents e = filter.extents();
  if (filter.is_modulated()) return {1, e.n, e.c, e.h, e.w};
  return {e.n, e.c, e.h, e.w};
}
template <class T> std::vector<std::int64_t> file_shape(const Tensor<T>& tensor) {
  const Extents e = tensor.extents();
  if (e.h != 1 || e.w != 1) return {e.n, e.c, e.h, e.w};
  if (e.n != 1) return {e.n, e.c};
  return {e.c};
}

/// The elements in the order of files: (N, C, H, W).
template <class T> std::vector<float> channels_first(const Tensor<T>& tensor) {
  const Extents e = tensor.extents();
  const std::size_t images = static_cast<std::size_t>(e.n), channels = static_cast<std::size_t>(e.c);
  const std::size_t pixels = static_cast<std::size_t>(e.h) * static_cast<std::size_t>(e.w);
  std::vector<float> out;
  out.reserve(e.size());
  for (std::size_t n = 0; n < images; ++n)
    for (std::size_t c = 0; c < channels; ++c)
      for (std::size_t p = 0; p < pixels; ++p)
        out.push_back(static_cast<float>(tensor.data()[(n * pixels + p) * channels + c]));
  return out;
}

/// A file's (N, C, H, W) as a tensor {N, H, W, C}. Throws Error for another number of dimensions; `name` is
/// for it.
template <class T = float> Tensor<T> read_images(const TensorView& view, const std::string& name) {
  constexpr std::int64_t most = std::numeric_limits<int>::max();
  if (view.shape.size() != 4 || view.count() < 1 || view.count() > most)
    throw Error(name + ": expected shape (N, C, H, W), found " + to_string(view.shape));
  auto extent = [&](std::size_t i) { return static_cast<int>(view.shape[i]); };
  auto tensor = Tensor<T>::uninitialized({extent(0), extent(2), extent(3), extent(1)});
  read_channels_last(view, tensor.elements());
  return tensor;
}

}  // namespace RFPP_ABI
}  // namespace rfpp::io

#endif
