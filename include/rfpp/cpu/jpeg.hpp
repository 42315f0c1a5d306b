#ifndef RFPP_CPU_JPEG_HPP
#define RFPP_CPU_JPEG_HPP

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>

#include "rfpp/cpu/operand.hpp"
#include "rfpp/cpu/thread_pool.hpp"
#include "rfpp/cpu/transpose.hpp"
#include "rfpp/expr/jpeg.hpp"

// The first pass goes over bands of 16 rows: color transform, chroma subsampling, and every 8x8 block there
// and back, into planes of bytes. The second upsamples chroma and goes back to RGB row by row.

namespace rfpp::cpu {
inline namespace RFPP_ABI {

/// An 8x8 block in SIMD registers of at most a row: row[i][part].
struct JpegBlock {
  static constexpr int bytes = std::min(vector_bytes, 32), lanes = bytes / 4, parts = 8 / lanes;
  typedef std::int32_t Row __attribute__((vector_size(bytes)));
  typedef float Floats __attribute__((vector_size(bytes)));

  Row row[8][parts];

  void transpose() {
    JpegBlock out;
    for (int i = 0; i < parts; ++i)
      for (int j = 0; j < parts; ++j) {
        Row square[lanes];
        for (int k = 0; k < lanes; ++k) square[k] = row[i * lanes + k][j];
        cpu::transpose(square);
        for (int k = 0; k < lanes; ++k) out.row[j * lanes + k][i] = square[k];
      }
    *this = out;
  }
  /// f(eight rows) for the columns of every part.
  template <class F> void along_columns(F&& f) {
    for (int part = 0; part < parts; ++part) {
      Row column[8];
      for (int i = 0; i < 8; ++i) column[i] = row[i][part];
      f(column);
      for (int i = 0; i < 8; ++i) row[i][part] = column[i];
    }
  }
};

struct JpegShape {
  Extents e;
  int width, bands;                 // of luma, padded to whole macroblocks of 16x16; bands of those
  int chroma_width, chroma_height;  // of the samples that are kept, before padding

  explicit JpegShape(Extents image)
      : e(image),
        width((image.w + 15) / 16 * 16),
        bands((image.h + 15) / 16),
        chroma_width((image.w + 1) / 2),
        chroma_height((image.h + 1) / 2) {}

  std::size_t luma_size() const {
    return static_cast<std::size_t>(width) * static_cast<std::size_t>(16 * bands);
  }
  std::size_t image_size() const { return luma_size() * 3 / 2; }
  std::size_t planes_size() const { return static_cast<std::size_t>(e.n) * image_size(); }
  std::uint8_t* plane(std::uint8_t* planes, int n, int component) const {
    return planes + static_cast<std::size_t>(n) * image_size() +
           (component == 0 ? 0 : luma_size() + static_cast<std::size_t>(component - 1) * luma_size() / 4);
  }
  /// Bytes: a row of samples, and three components of a band.
  template <class T> std::size_t scratch_size() const {
    return static_cast<std::size_t>(width) * (3 * sizeof(T) + (3 * 16 + 8) * sizeof(std::int32_t));
  }
};

/// An 8x8 block of samples, coded and decoded. `pitch` elements between rows.
inline void code_block(const std::int32_t* samples, std::ptrdiff_t pitch,
                       const jpeg_arithmetic::QuantizationTable& table, std::uint8_t* out,
                       std::ptrdiff_t out_pitch) {
  namespace ja = jpeg_arithmetic;
  using Row = JpegBlock::Row;
  JpegBlock block;
  auto for_each = [&](auto&& f) {  // f(row, part's first column, registers)
    for (int i = 0; i < 8; ++i)
      for (int part = 0; part < JpegBlock::parts; ++part) f(i, part * JpegBlock::lanes, block.row[i][part]);
  };
  for_each([&](int i, int column, Row& r) { r = load_lanes<Row>(samples + i * pitch + column) - 128; });
  block.transpose();
  block.along_columns([](Row* v) { ja::forward_dct<true>(v); });
  block.transpose();
  block.along_columns([](Row* v) { ja::forward_dct<false>(v); });
  for_each([&](int i, int column, Row& r) {
    r = ja::quantize<JpegBlock::Floats>(r, load_lanes<Row>(table.step + 8 * i + column));
  });
  block.along_columns([](Row* v) { ja::inverse_dct<true>(v); });
  block.transpose();
  block.along_columns([](Row* v) { ja::inverse_dct<false>(v); });
  block.transpose();
  for_each([&](int i, int column, const Row& r) {
    const Row bytes = ja::clamp_to_byte(r + 128);
    for (int j = 0; j < JpegBlock::lanes; ++j)
      out[i * out_pitch + column + j] = static_cast<std::uint8_t>(bytes[j]);
  });
}

/// One row as luma and chroma, its last pixel repeated up to the padded width.
template <class T>
void luma_chroma_row(const JpegShape& s, const T* rgb, std::int32_t* y, std::int32_t* cb, std::int32_t* cr) {
  const auto byte = [](T v) {
    const T scaled = std::nearbyint(v * T(255));
    return static_cast<std::int32_t>(scaled > T(0) ? scaled < T(255) ? scaled : T(255) : T(0));
  };
  for (int i = 0; i < s.e.w; ++i) {
    const auto color =
        jpeg_arithmetic::to_luma_chroma(byte(rgb[3 * i]), byte(rgb[3 * i + 1]), byte(rgb[3 * i + 2]));
    y[i] = color.y, cb[i] = color.cb, cr[i] = color.cr;
  }
  for (std::int32_t* row : {y, cb, cr}) std::fill(row + s.e.w, row + s.width, row[s.e.w - 1]);
}

/// Halves the chroma of a band: 16 rows from row `top` on, of which those inside the image count.
inline void subsample(const JpegShape& s, int top, const std::int32_t* chroma, std::int32_t* out) {
  const int half = s.width / 2;
  for (int j = 0; j < 8; ++j) {
    const int row = 2 * std::min(top / 2 + j, s.chroma_height - 1) - top;
    const std::int32_t* upper = chroma + static_cast<std::ptrdiff_t>(row) * s.width;
    const std::int32_t* lower = row + 1 + top < s.e.h ? upper + s.width : upper;
    for (int i = 0; i < half; ++i)
      out[j * half + i] =
          (upper[2 * i] + upper[2 * i + 1] + lower[2 * i] + lower[2 * i + 1] + 1 + i % 2) >> 2;
  }
}

template <class T>
void code_band(const JpegShape& s, const jpeg_arithmetic::QuantizationTable* tables, const Operand<T>& x,
               int n, int band, std::uint8_t* planes, char* scratch) {
  auto* buffer = reinterpret_cast<T*>(scratch);
  auto* samples = reinterpret_cast<std::int32_t*>(buffer + 3 * static_cast<std::ptrdiff_t>(s.width));
  const std::ptrdiff_t width = s.width, size = 16 * width;
  std::int32_t* halved = samples + 3 * size;
  const int top = 16 * band;
  for (int i = 0; i < 16; ++i) {
    std::int32_t* y = samples + i * width;
    if (top + i < s.e.h)
      luma_chroma_row(s, x.run({n, top + i, 0}, x.extents.w, buffer), y, y + size, y + 2 * size);
    else
      std::copy_n(y - width, width, y);
  }
  for (int row = 0; row < 2; ++row)
    for (std::ptrdiff_t i = 0; i < width; i += 8)
      code_block(samples + 8 * row * width + i, width, tables[0],
                 s.plane(planes, n, 0) + (top + 8 * row) * width + i, width);
  for (int component = 1; component < 3; ++component) {
    subsample(s, top, samples + component * size, halved);
    for (std::ptrdiff_t i = 0; i < width / 2; i += 8)
      code_block(halved + i, width / 2, tables[1], s.plane(planes, n, component) + top / 2 * (width / 2) + i,
                 width / 2);
  }
}

/// A row of chroma at full width by libjpeg's "fancy" upsampling; `vertical` has room for one of half width.
inline void upsample_row(const JpegShape& s, const std::uint8_t* plane, int y, std::int32_t* vertical,
                         std::int32_t* out) {
  const int half = s.width / 2, last = s.chroma_width - 1;
  const std::uint8_t* near = plane + static_cast<std::ptrdiff_t>(y / 2) * half;
  if (s.chroma_width <= 2) {
    for (int i = 0; i < s.e.w; ++i) out[i] = near[i / 2];
    return;
  }
  const int beside = std::clamp(y % 2 == 0 ? y / 2 - 1 : y / 2 + 1, 0, s.chroma_height - 1);
  const std::uint8_t* far = plane + static_cast<std::ptrdiff_t>(beside) * half;
  for (int i = 0; i <= last; ++i) vertical[i] = 3 * near[i] + far[i];
  for (int i = 0; i <= last; ++i) {
    out[2 * i] = (3 * vertical[i] + vertical[std::max(i - 1, 0)] + 8) >> 4;
    out[2 * i + 1] = (3 * vertical[i] + vertical[std::min(i + 1, last)] + 7) >> 4;
  }
}

template <class T>
void decode_row(const JpegShape& s, int n, int y, std::uint8_t* planes, const Emitter<T>& emitter,
                char* scratch) {
  auto* rgb = reinterpret_cast<T*>(scratch);
  auto* chroma = reinterpret_cast<std::int32_t*>(rgb + 3 * static_cast<std::ptrdiff_t>(s.width));
  std::int32_t *cb = chroma, *cr = cb + s.width, *vertical = cr + s.width;
  upsample_row(s, s.plane(planes, n, 1), y, vertical, cb);
  upsample_row(s, s.plane(planes, n, 2), y, vertical, cr);
  const std::uint8_t* luma = s.plane(planes, n, 0) + static_cast<std::ptrdiff_t>(y) * s.width;
  for (int i = 0; i < s.e.w; ++i) {
    std::int32_t bytes[3];
    jpeg_arithmetic::to_rgb<std::int32_t>({luma[i], cb[i], cr[i]}, bytes);
    for (int c = 0; c < 3; ++c) rgb[3 * i + c] = static_cast<T>(bytes[c]) / T(255);
  }
  emitter.emit({n, y, 0}, emitter.extents.w, rgb, emitter.extents.c);
}

/// `planes` holds shape.planes_size() bytes, `scratch` scratch_size() for each thread, rounded up to 64.
template <class T>
void code_jpeg(ThreadPool& pool, const JpegShape& s, int quality, const Operand<T>& x,
               const Emitter<T>& emitter, std::uint8_t* planes, char* scratch) {
  const jpeg_arithmetic::QuantizationTable tables[2] = {{0, quality}, {1, quality}};
  const std::size_t own = (s.scratch_size<T>() + 63) / 64 * 64;
  pool.for_each(s.e.n * s.bands, [&](int task, int worker) {
    code_band(s, tables, x, task / s.bands, task % s.bands, planes,
              scratch + static_cast<std::size_t>(worker) * own);
  });
  pool.for_each(s.e.n * s.e.h, [&](int row, int worker) {
    decode_row(s, row / s.e.h, row % s.e.h, planes, emitter,
               scratch + static_cast<std::size_t>(worker) * own);
  });
}

}  // namespace RFPP_ABI
}  // namespace rfpp::cpu

#endif
