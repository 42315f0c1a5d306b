#ifndef RFPP_TESTS_SUPPORT_HPP
#define RFPP_TESTS_SUPPORT_HPP

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "catch.hpp"
#include "error_of.hpp"
#include "rfpp/core/tensor.hpp"
#include "rfpp/io/checkpoint.hpp"

namespace rfpp::test {

/// Uniform in [low, high), the same for the same seed everywhere.
template <class T> Tensor<T> random_tensor(Extents e, std::uint64_t seed, double low = -1, double high = 1) {
  auto t = Tensor<T>::uninitialized(e);
  std::uint64_t state = seed * 0xD1342543DE82EF95u + 1;
  for (T& value : t.elements()) {
    std::uint64_t z = state += 0x9E3779B97F4A7C15u;
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
    z = (z ^ z >> 27) * 0x94D049BB133111EBu;
    value = static_cast<T>(low + (high - low) * static_cast<double>((z ^ z >> 31) >> 11) * 0x1p-53);
  }
  return t;
}

/// The same elements in memory of their own.
template <class T> Tensor<T> copy_of(const Tensor<T>& t) {
  auto copy = Tensor<T>::uninitialized(t.extents());
  std::copy_n(t.data(), t.extents().size(), copy.data());
  return copy;
}

template <class T> Tensor<T> tensor_of(Extents e, const std::vector<T>& values) {
  auto t = Tensor<T>::uninitialized(e);
  REQUIRE(values.size() == e.size());
  std::copy(values.begin(), values.end(), t.data());
  return t;
}

/// |a - b| / |b|, in double; NaN where either holds one, infinite where only b is zero.
template <class A, class B> double relative_l2(std::span<const A> a, std::span<const B> b) {
  double difference = 0, norm = 0;
  for (std::size_t i = 0; i < b.size(); ++i) {
    const double x = static_cast<double>(a[i]), y = static_cast<double>(b[i]);
    difference += (x - y) * (x - y);
    norm += y * y;
  }
  if (difference == 0) return 0;
  return std::sqrt(difference / norm);
}
template <class A, class B> double relative_l2(const Tensor<A>& a, const Tensor<B>& b) {
  return relative_l2(std::span<const A>(a.elements()), std::span<const B>(b.elements()));
}

/// Checks extents and relative L2. On failure prints `what` and the element that differs most.
template <class A, class B>
void check_close(const Tensor<A>& actual, const Tensor<B>& expected, double tolerance,
                 const std::string& what) {
  INFO(what);
  INFO("actual " << to_string(actual.extents()) << ", expected " << to_string(expected.extents()));
  CHECK((actual.extents() == expected.extents()));
  if (!(actual.extents() == expected.extents())) return;
  std::size_t worst = 0;
  double most = -1;
  for (std::size_t i = 0; i < expected.extents().size(); ++i) {
    const double d =
        std::abs(static_cast<double>(actual.data()[i]) - static_cast<double>(expected.data()[i]));
    if (d <= most) continue;
    worst = i;
    most = std::isnan(d) ? std::numeric_limits<double>::infinity() : d;
  }
  if (most >= 0)
    UNSCOPED_INFO("element " << worst << ": " << actual.data()[worst] << " for " << expected.data()[worst]);
  CHECK(relative_l2(actual, expected) <= tolerance);
}

template <class T> bool same_bits(const Tensor<T>& a, const Tensor<T>& b) {
  return a.extents() == b.extents() && std::memcmp(a.data(), b.data(), a.extents().size() * sizeof(T)) == 0;
}

/// Every `step`-th row and column, from the first on.
template <class T> Tensor<T> every_nth_pixel(const Tensor<T>& t, int step) {
  const Extents e = t.extents();
  auto out = Tensor<T>::uninitialized({e.n, (e.h + step - 1) / step, (e.w + step - 1) / step, e.c});
  T* to = out.data();
  for (int n = 0; n < e.n; ++n)
    for (int h = 0; h < e.h; h += step)
      for (int w = 0; w < e.w; w += step, to += e.c)
        std::copy_n(t.data() + ((static_cast<std::ptrdiff_t>(n) * e.h + h) * e.w + w) * e.c, e.c, to);
  return out;
}

inline bool contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

/// Elements in NCHW order as a tensor {n,h,w,c}, and back.
template <class T, class S> Tensor<T> from_nchw(std::span<const S> values, Extents e) {
  auto t = Tensor<T>::uninitialized(e);
  const std::size_t channels = static_cast<std::size_t>(e.c), places = t.extents().image_size() / channels;
  for (std::size_t i = 0; i < e.size(); ++i) {
    const std::size_t n = i / e.image_size(), c = i / places % channels, place = i % places;
    t.data()[n * e.image_size() + place * channels + c] = static_cast<T>(values[i]);
  }
  return t;
}
template <class T> std::vector<T> to_nchw(const Tensor<T>& t) {
  const Extents e = t.extents();
  const std::size_t channels = static_cast<std::size_t>(e.c), places = e.image_size() / channels;
  std::vector<T> values(e.size());
  for (std::size_t i = 0; i < e.size(); ++i) {
    const std::size_t n = i / e.image_size(), c = i / places % channels, place = i % places;
    values[i] = t.data()[n * e.image_size() + place * channels + c];
  }
  return values;
}

/// A tensor of a file: (n,c,h,w) as {n,h,w,c}, (rows,columns) as {rows,1,1,columns}, (c) as {1,1,1,c}.
template <class T = float> Tensor<T> golden(const io::Checkpoint& file, const std::string& name) {
  const io::TensorView& view = file.at(name);
  auto extent = [&](std::size_t i) { return static_cast<int>(view.shape.at(i)); };
  Extents e;
  if (view.shape.size() == 4)
    e = {extent(0), extent(2), extent(3), extent(1)};
  else if (view.shape.size() == 2)
    e = matrix_extents(extent(0), extent(1));
  else
    e = vector_extents(static_cast<int>(view.count()));
  auto t = Tensor<T>::uninitialized(e);
  io::read_channels_last(view, t.elements());
  return t;
}

}  // namespace rfpp::test

#endif
