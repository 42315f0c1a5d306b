#ifndef RFPP_CUDA_IMAGE_KERNELS_HPP
#define RFPP_CUDA_IMAGE_KERNELS_HPP

#include <cstdint>

#include "rfpp/cuda/kernels.hpp"
#include "rfpp/expr/jpeg.hpp"
#include "rfpp/expr/separable_filter.hpp"

// What degradations need besides maps: separable filters and JPEG.

namespace rfpp::cuda {
inline namespace RFPP_ABI {

/// The taps of one axis, where kernels can read them.
template <class T> struct Taps {
  int count;
  const int* first;
  const T* weights;
};

/// One term of a separable filter along the rows: {n,h,outputs,c}.
template <class T, class X> struct FilterColumnsKernel {
  X x;
  int width;
  Taps<T> taps;
  Extents extents;
  T* out;

  RFPP_HD void operator()(std::size_t i) const {
    int c = 0;
    const Pixel q = place_of(i, extents, c);
    T sum = 0;
    for (int k = 0; k < taps.count; ++k)
      sum += taps.weights[q.w * taps.count + k] * x.at({q.n, q.h, reflected(taps.first[q.w] + k, width)})[c];
    out[i] = sum;
  }
};
/// The same along the columns of what the first made, on to what earlier terms made: `sums` may be the same
/// as `emit.out` nowhere but in the element that is written.
template <class T> struct FilterRowsKernel {
  const T* filtered;
  int height;
  Taps<T> taps;
  Extents extents;
  T* sums;

  RFPP_HD void operator()(std::size_t i) const {
    int c = 0;
    const Pixel q = place_of(i, extents, c);
    T sum = sums[i];
    for (int k = 0; k < taps.count; ++k) {
      const int row = reflected(taps.first[q.h] + k, height);
      sum += taps.weights[q.h * taps.count + k] *
             filtered[((static_cast<std::ptrdiff_t>(q.n) * height + row) * extents.w + q.w) * extents.c + c];
    }
    sums[i] = sum;
  }
};
/// The epilogue over accumulators that lie in memory.
template <class T, class Epilogue> struct EmitKernel {
  const T* accumulators;
  Emit<T, Epilogue> emit;

  RFPP_HD void operator()(std::size_t i) const { emit(i, accumulators + i); }
};

/// Where a JPEG's components lie, as bytes: luma {n,height,width}, then both of chroma, halved.
struct JpegPlanes {
  Extents image;
  int width, height;  // padded to whole macroblocks of 16x16
  std::uint8_t* bytes;

  RFPP_HD std::size_t luma_size() const {
    return static_cast<std::size_t>(width) * static_cast<std::size_t>(height);
  }
  RFPP_HD std::size_t image_bytes() const { return luma_size() * 3 / 2; }
  RFPP_HD std::uint8_t* plane(int n, int component) const {
    return bytes + static_cast<std::size_t>(n) * image_bytes() +
           (component == 0 ? 0 : luma_size() + static_cast<std::size_t>(component - 1) * luma_size() / 4);
  }
  RFPP_HD int pitch(int component) const { return component == 0 ? width : width / 2; }
  RFPP_HD int blocks_per_image() const { return width / 8 * (height / 8) * 3 / 2; }
};

/// Codes and decodes block i of all.
template <class T, class X> struct JpegBlockKernel {
  X x;
  JpegPlanes planes;
  jpeg_arithmetic::QuantizationTable luma, chroma;

  RFPP_HD void operator()(std::size_t i) const {
    namespace ja = jpeg_arithmetic;
    const auto per_image = static_cast<std::size_t>(planes.blocks_per_image());
    const int n = static_cast<int>(i / per_image);
    int block = static_cast<int>(i % per_image), component = 0;
    const int luma_blocks = static_cast<int>(per_image) * 2 / 3;
    if (block >= luma_blocks) {
      component = 1 + (block - luma_blocks) / (luma_blocks / 4);
      block = (block - luma_blocks) % (luma_blocks / 4);
    }
    const int pitch = planes.pitch(component), across = pitch / 8;
    const int top = block / across * 8, left = block % across * 8;
    std::int32_t v[64];
    for (int k = 0; k < 64; ++k) v[k] = sample(n, component, top + k / 8, left + k % 8) - 128;
    along_rows(v, [](std::int32_t* row) { ja::forward_dct<true>(row); });
    along_columns(v, [](std::int32_t* column) { ja::forward_dct<false>(column); });
    const auto& table = component == 0 ? luma : chroma;
    for (int k = 0; k < 64; ++k) v[k] = ja::quantize<float>(v[k], table.step[k]);
    along_columns(v, [](std::int32_t* column) { ja::inverse_dct<true>(column); });
    along_rows(v, [](std::int32_t* row) { ja::inverse_dct<false>(row); });
    std::uint8_t* out = planes.plane(n, component) + static_cast<std::ptrdiff_t>(top) * pitch + left;
    for (int k = 0; k < 64; ++k)
      out[k / 8 * pitch + k % 8] = static_cast<std::uint8_t>(ja::clamp_to_byte(v[k] + 128));
  }

 private:
  template <class F> RFPP_HD static void along_rows(std::int32_t* v, F f) {
    for (int row = 0; row < 8; ++row) f(v + 8 * row);
  }
  template <class F> RFPP_HD static void along_columns(std::int32_t* v, F f) {
    std::int32_t column[8];
    for (int c = 0; c < 8; ++c) {
      for (int row = 0; row < 8; ++row) column[row] = v[8 * row + c];
      f(column);
      for (int row = 0; row < 8; ++row) v[8 * row + c] = column[row];
    }
  }
  RFPP_HD static std::int32_t byte(T v) {
    const T scaled = nearbyint(v * T(255));
    return static_cast<std::int32_t>(scaled > T(0) ? scaled < T(255) ? scaled : T(255) : T(0));
  }
  /// Luma or chroma of a pixel of the image.
  RFPP_HD std::int32_t color(int n, int component, int h, int w) const {
    const auto cursor = x.at({n, h, w});
    const auto found = jpeg_arithmetic::to_luma_chroma(byte(cursor[0]), byte(cursor[1]), byte(cursor[2]));
    return component == 0 ? found.y : component == 1 ? found.cb : found.cr;
  }
  /// A sample as it is coded: chroma halved, the last ones repeated beyond the image.
  RFPP_HD std::int32_t sample(int n, int component, int h, int w) const {
    const Extents e = planes.image;
    const auto at_most = [](int v, int limit) { return v < limit ? v : limit; };
    if (component == 0) return color(n, 0, at_most(h, e.h - 1), at_most(w, e.w - 1));
    const int top = 2 * at_most(h, (e.h + 1) / 2 - 1), bottom = at_most(top + 1, e.h - 1);
    const int left = at_most(2 * w, e.w - 1), right = at_most(2 * w + 1, e.w - 1);
    return (color(n, component, top, left) + color(n, component, top, right) +
            color(n, component, bottom, left) + color(n, component, bottom, right) + 1 + w % 2) >>
           2;
  }
};

/// Element i of the decoded image, chroma upsampled as libjpeg's "fancy" upsampling does.
template <class T, class Epilogue> struct JpegDecodeKernel {
  JpegPlanes planes;
  Emit<T, Epilogue> emit;

  RFPP_HD void operator()(std::size_t i) const {
    int c = 0;
    const Pixel q = place_of(i, emit.extents, c);
    std::int32_t bytes[3];
    const std::int32_t y = planes.plane(q.n, 0)[static_cast<std::ptrdiff_t>(q.h) * planes.width + q.w];
    jpeg_arithmetic::to_rgb<std::int32_t>({y, chroma(q, 1), chroma(q, 2)}, bytes);
    const T value = static_cast<T>(bytes[c]) / T(255);
    emit(i, &value);
  }

 private:
  RFPP_HD std::int32_t chroma(Pixel q, int component) const {
    const int rows = (planes.image.h + 1) / 2, columns = (planes.image.w + 1) / 2, pitch = planes.width / 2;
    const std::uint8_t* plane = planes.plane(q.n, component);
    const int row = q.h / 2, column = q.w / 2;
    if (columns <= 2) return plane[row * pitch + column];
    const auto within = [](int v, int limit) { return v < 0 ? 0 : v < limit ? v : limit - 1; };
    const int beside_row = within(q.h % 2 == 0 ? row - 1 : row + 1, rows);
    const int beside_column = within(q.w % 2 == 0 ? column - 1 : column + 1, columns);
    const auto vertical = [&](int at) {
      return 3 * plane[row * pitch + at] + plane[beside_row * pitch + at];
    };
    return (3 * vertical(column) + vertical(beside_column) + (q.w % 2 == 0 ? 8 : 7)) >> 4;
  }
};

}  // namespace RFPP_ABI
}  // namespace rfpp::cuda

#endif
