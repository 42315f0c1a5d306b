#ifndef RFPP_IO_TENSOR_VIEW_HPP
#define RFPP_IO_TENSOR_VIEW_HPP

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <map>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "rfpp/core/error.hpp"
#include "rfpp/io/dtype.hpp"

namespace rfpp::io {
inline namespace RFPP_ABI {

/// Read-only tensor in memory that something else owns. Element (i, j, ...) lies at byte
/// (i * strides[0] + j * strides[1] + ...) * dtype_size(dtype) of `data`, aligned or not. Views that this
/// library hands out are checked: all elements lie within `data`, and their number and bytes fit
/// std::int64_t.
struct TensorView {
  DType dtype = DType::float32;
  std::vector<std::int64_t> shape;
  std::vector<std::int64_t> strides;  ///< in elements, never negative
  std::span<const std::byte> data;

  /// Number of elements; 1 for a scalar.
  std::int64_t count() const {
    std::int64_t product = 1;
    for (const auto extent : shape) product *= extent;
    return product;
  }
};

struct NamedTensor {
  std::string name;
  TensorView tensor;
};

/// What a checkpoint file holds: tensors in file order, and the `__metadata__` of a safetensors file.
struct CheckpointContents {
  std::vector<NamedTensor> tensors;
  std::map<std::string, std::string> metadata;
  /// Names of the tensors whose element type DType lacks, with that type as the file calls it.
  std::map<std::string, std::string> unread;
};

/// "(512, 3, 3)"
inline std::string to_string(std::span<const std::int64_t> shape) {
  std::string text = "(";
  for (const auto extent : shape) text += (text.size() > 1 ? ", " : "") + std::to_string(extent);
  return text + ")";
}

namespace detail {

inline std::int64_t checked_multiply(std::int64_t a, std::int64_t b) {
  std::int64_t product = 0;
  if (__builtin_mul_overflow(a, b, &product)) throw Error("tensor too large: its size overflows 64 bits");
  return product;
}

inline std::int64_t checked_add(std::int64_t a, std::int64_t b) {
  std::int64_t sum = 0;
  if (__builtin_add_overflow(a, b, &sum)) throw Error("tensor too large: its size overflows 64 bits");
  return sum;
}

}  // namespace detail

inline constexpr std::size_t max_dimensions = 64;  // PyTorch's limit

/// Strides of a row-major tensor. Throws Error for a negative extent, more than max_dimensions, or more than
/// 2^60 elements (extents of 0 counted as 1, so that no partial product can overflow either).
inline std::vector<std::int64_t> row_major_strides(std::span<const std::int64_t> shape) {
  constexpr std::int64_t max_count = std::int64_t{1} << 59;  // times 8 bytes still fits
  if (shape.size() > max_dimensions)
    throw Error(std::to_string(shape.size()) + " dimensions, expected at most 64");
  std::vector<std::int64_t> strides(shape.size());
  std::int64_t count = 1;
  for (std::size_t i = shape.size(); i-- > 0;) {
    if (shape[i] < 0) throw Error("negative extent in shape " + to_string(shape));
    strides[i] = count;
    count = detail::checked_multiply(count, std::max<std::int64_t>(shape[i], 1));
    if (count > max_count) throw Error("tensor too large: shape " + to_string(shape));
  }
  return strides;
}

/// A checked view that starts `offset` elements into `storage`. Throws Error unless every element lies within
/// it.
inline TensorView view_into(std::span<const std::byte> storage, DType dtype, std::vector<std::int64_t> shape,
                            std::vector<std::int64_t> strides, std::int64_t offset = 0) {
  row_major_strides(shape);
  if (strides.size() != shape.size() || offset < 0 ||
      std::ranges::any_of(strides, [](auto s) { return s < 0; })) {
    throw Error("invalid strides " + to_string(strides) + " or offset " + std::to_string(offset) +
                " for shape " + to_string(shape));
  }
  const auto width = static_cast<std::int64_t>(dtype_size(dtype));
  if (std::ranges::find(shape, 0) != shape.end()) return {dtype, std::move(shape), std::move(strides), {}};
  std::int64_t footprint = 1;
  for (std::size_t i = 0; i < shape.size(); ++i) {
    footprint = detail::checked_add(footprint, detail::checked_multiply(shape[i] - 1, strides[i]));
  }
  const std::int64_t end = detail::checked_multiply(detail::checked_add(footprint, offset), width);
  if (static_cast<std::uint64_t>(end) > storage.size()) {
    throw Error("shape " + to_string(shape) + " needs " + std::to_string(end) + " bytes, its storage holds " +
                std::to_string(storage.size()));
  }
  const auto data =
      storage.subspan(static_cast<std::size_t>(offset * width), static_cast<std::size_t>(footprint * width));
  return {dtype, std::move(shape), std::move(strides), data};
}

namespace detail {

struct Dimension {
  std::int64_t extent;
  std::int64_t stride;
};

/// Dimensions without those of extent 1 and with neighbors merged that one stride can walk; never empty.
inline std::vector<Dimension> merged_dimensions(const TensorView& view) {
  std::vector<Dimension> merged;
  for (std::size_t i = 0; i < view.shape.size(); ++i) {
    const Dimension next{view.shape[i], view.strides[i]};
    if (next.extent == 1) continue;
    if (!merged.empty() && merged.back().stride == next.extent * next.stride) {
      merged.back() = {merged.back().extent * next.extent, next.stride};
    } else {
      merged.push_back(next);
    }
  }
  if (merged.empty()) merged.push_back({1, 1});
  return merged;
}

/// Writes the elements of the dimensions from `dimensions` on, row-major, and returns the end of what it
/// wrote.
template <class Stored, class T>
T* copy_elements(const std::byte* source, std::span<const Dimension> dimensions, T* out) {
  const std::int64_t extent = dimensions.front().extent, stride = dimensions.front().stride;
  if (dimensions.size() > 1) {
    for (std::int64_t i = 0; i < extent; ++i) {
      out = copy_elements<Stored>(source + i * stride * std::int64_t{sizeof(Stored)}, dimensions.subspan(1),
                                  out);
    }
    return out;
  }
  if constexpr (std::is_same_v<Stored, T>) {
    if (stride == 1) {
      std::memcpy(out, source, static_cast<std::size_t>(extent) * sizeof(T));
      return out + extent;
    }
  }
  const auto copy_row = [&](auto step) {
    for (std::int64_t i = 0; i < extent; ++i) {
      Stored element;
      std::memcpy(&element, source + i * step * std::int64_t{sizeof(Stored)}, sizeof(Stored));
      out[i] = static_cast<T>(element);
    }
  };
  if (stride == 1) {
    copy_row(std::integral_constant<std::int64_t, 1>{});  // a constant step lets the loop vectorize
  } else {
    copy_row(stride);
  }
  return out + extent;
}

}  // namespace detail

/// Reads all elements in row-major order, converted to T; `out` holds exactly view.count() elements.
template <std::floating_point T> void read_elements(const TensorView& view, std::span<T> out) {
  if (out.size() != static_cast<std::size_t>(view.count())) {
    throw Error("tensor of shape " + to_string(view.shape) + " read into " + std::to_string(out.size()) +
                " elements");
  }
  if (out.empty()) return;
  const auto dimensions = detail::merged_dimensions(view);
  visit_dtype(view.dtype, [&]<class Stored>(Stored) {
    detail::copy_elements<Stored>(view.data.data(), std::span(dimensions), out.data());
  });
}

/// Like read_elements, but a 4-d tensor (N, C, H, W) is written as (N, H, W, C), a weight (O, I, H, W) as
/// (O, H, W, I), a modulated one (1, O, I, H, W) as (1, O, H, W, I).
template <std::floating_point T> void read_channels_last(const TensorView& view, std::span<T> out) {
  TensorView last = view;
  if (view.shape.size() == 4 || (view.shape.size() == 5 && view.shape[0] == 1)) {
    std::rotate(last.shape.end() - 3, last.shape.end() - 2, last.shape.end());
    std::rotate(last.strides.end() - 3, last.strides.end() - 2, last.strides.end());
  }
  read_elements(last, out);
}

}  // namespace RFPP_ABI
}  // namespace rfpp::io

#endif
