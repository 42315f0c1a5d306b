#ifndef RFPP_EXPR_JPEG_HPP
#define RFPP_EXPR_JPEG_HPP

#include <cstdint>
#include <string>

#include "rfpp/expr/leaves.hpp"

// What a baseline JPEG of 4:2:0 does to an image, without the entropy coding, which loses nothing. The
// arithmetic is that of libjpeg-turbo's default coder and decoder ("islow"), bit for bit: integers
// throughout, every right shift of a negative number arithmetic. An integer I is a scalar, or a SIMD register
// of them.

namespace rfpp {
inline namespace RFPP_ABI {
namespace jpeg_arithmetic {

/// The quantization tables of ITU-T T.81, annex K, row by row: luma, chroma.
inline constexpr std::uint8_t base_tables[2][64] = {
    {16, 11, 10, 16, 24,  40,  51,  61,  12, 12, 14, 19, 26,  58,  60,  55,  //
     14, 13, 16, 24, 40,  57,  69,  56,  14, 17, 22, 29, 51,  87,  80,  62,  //
     18, 22, 37, 56, 68,  109, 103, 77,  24, 35, 55, 64, 81,  104, 113, 92,  //
     49, 64, 78, 87, 103, 121, 120, 101, 72, 92, 95, 98, 112, 100, 103, 99},
    {17, 18, 24, 47, 99, 99, 99, 99, 18, 21, 26, 66, 99, 99, 99, 99,  //
     24, 26, 56, 99, 99, 99, 99, 99, 47, 66, 99, 99, 99, 99, 99, 99,  //
     99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99,  //
     99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99}};

/// A table scaled to a quality of 1 to 100, as the Independent JPEG Group does it.
struct QuantizationTable {
  std::int32_t step[64];

  QuantizationTable(int component, int quality) {
    const int scale = quality < 50 ? 5000 / quality : 200 - 2 * quality;
    for (int i = 0; i < 64; ++i) {
      const int scaled = (base_tables[component][i] * scale + 50) / 100;
      step[i] = scaled < 1 ? 1 : scaled > 255 ? 255 : scaled;
    }
  }
};

template <class I> RFPP_HD I clamp_to_byte(I v) {
  const I zero{}, top = zero + 255;
  v = v < zero ? zero : v;
  return v > top ? top : v;
}

template <class I> struct Color { I y, cb, cr; };
template <class I> RFPP_HD Color<I> to_luma_chroma(I r, I g, I b) {
  return {(19595 * r + 38470 * g + 7471 * b + 32768) >> 16,
          (-11059 * r - 21709 * g + 32768 * b + 8421375) >> 16,
          (32768 * r - 27439 * g - 5329 * b + 8421375) >> 16};
}
/// Writes red, green and blue to rgb[0..2].
template <class I> RFPP_HD void to_rgb(Color<I> color, I* rgb) {
  const I cb = color.cb - 128, cr = color.cr - 128;
  rgb[0] = clamp_to_byte(color.y + ((91881 * cr + 32768) >> 16));
  rgb[1] = clamp_to_byte(color.y + ((-22554 * cb - 46802 * cr + 32768) >> 16));
  rgb[2] = clamp_to_byte(color.y + ((116130 * cb + 32768) >> 16));
}

template <int Bits, class I> RFPP_HD I rounded_shift(I v) { return (v + (1 << (Bits - 1))) >> Bits; }

/// The odd part that the forward and the inverse transform have in common: of a, b, c, d it makes, in this
/// order, what they weigh with the cosines of 7, 5, 3 and 1 sixteenths of a half turn.
template <class I> RFPP_HD void rotate_odd(I& a, I& b, I& c, I& d) {
  const I z5 = (a + c + b + d) * 9633;
  const I z1 = (a + d) * -7373, z2 = (b + c) * -20995;
  const I z3 = (a + c) * -16069 + z5, z4 = (b + d) * -3196 + z5;
  a = a * 2446 + z1 + z3;
  b = b * 16819 + z2 + z4;
  c = c * 25172 + z2 + z3;
  d = d * 12299 + z1 + z4;
}

/// The discrete cosine transform of eight values (Loeffler, Ligtenberg & Moschytz 1989) in 13-bit fixed
/// point. The first pass, over rows, keeps two bits more; the second removes them, and leaves 8 times the
/// transform.
template <bool FirstPass, class I> RFPP_HD void forward_dct(I* v) {
  constexpr int shift = FirstPass ? 11 : 15;
  I a = v[3] - v[4], b = v[2] - v[5], c = v[1] - v[6], d = v[0] - v[7];
  const I s0 = v[0] + v[7], s1 = v[1] + v[6], s2 = v[2] + v[5], s3 = v[3] + v[4];
  const I even = s0 + s3, odd = s1 + s2, e = s0 - s3, f = s1 - s2;
  v[0] = FirstPass ? (even + odd) * 4 : rounded_shift<2>(even + odd);
  v[4] = FirstPass ? (even - odd) * 4 : rounded_shift<2>(even - odd);
  const I z = (e + f) * 4433;
  v[2] = rounded_shift<shift>(z + e * 6270);
  v[6] = rounded_shift<shift>(z - f * 15137);
  rotate_odd(a, b, c, d);
  v[7] = rounded_shift<shift>(a);
  v[5] = rounded_shift<shift>(b);
  v[3] = rounded_shift<shift>(c);
  v[1] = rounded_shift<shift>(d);
}

/// Its inverse: first over columns, then over rows.
template <bool FirstPass, class I> RFPP_HD void inverse_dct(I* v) {
  constexpr int shift = FirstPass ? 11 : 18;
  const I z = (v[2] + v[6]) * 4433, e = z - v[6] * 15137, f = z + v[2] * 6270;
  const I sum = (v[0] + v[4]) * 8192, difference = (v[0] - v[4]) * 8192;
  const I s0 = sum + f, s3 = sum - f, s1 = difference + e, s2 = difference - e;
  I a = v[7], b = v[5], c = v[3], d = v[1];
  rotate_odd(a, b, c, d);
  v[0] = rounded_shift<shift>(s0 + d);
  v[7] = rounded_shift<shift>(s0 - d);
  v[1] = rounded_shift<shift>(s1 + c);
  v[6] = rounded_shift<shift>(s1 - c);
  v[2] = rounded_shift<shift>(s2 + b);
  v[5] = rounded_shift<shift>(s2 - b);
  v[3] = rounded_shift<shift>(s3 + a);
  v[4] = rounded_shift<shift>(s3 - a);
}

/// A coefficient (8 times the transform) brought to the nearest multiple of its step. Division through float
/// is exact here: the quotient stays a 16th of a step away from where rounding would matter.
template <class V, class I> RFPP_HD I quantize(I coefficient, I step) {
  const I magnitude = coefficient < 0 ? -coefficient : coefficient;
  V quotient, divisor;
  if constexpr (LaneTraits<I>::count == 1) {
    quotient = static_cast<V>(magnitude + 4 * step), divisor = static_cast<V>(8 * step);
  } else {
    quotient = __builtin_convertvector(magnitude + 4 * step, V);
    divisor = __builtin_convertvector(8 * step, V);
  }
  quotient = (quotient + splat<V>(0.5f)) / divisor;
  I level;
  if constexpr (LaneTraits<I>::count == 1)
    level = static_cast<I>(quotient);
  else
    level = __builtin_convertvector(quotient, I);
  return (coefficient < 0 ? -level : level) * step;
}

}  // namespace jpeg_arithmetic

/// x {n,h,w,3}, RGB in [0, 1], rounded to 8 bits, as a JPEG of 4:2:0 at `quality` 1 to 100 shows it.
template <class X> struct JpegCore {
  using value = typename X::value;
  X x;
  int quality;

  Extents extents() const { return x.extents(); }
};
template <class X, class F> void core_leaves(const JpegCore<X>& c, F&& f) { leaves(c.x, f, false); }

template <Expression X> auto jpeg(const X& x, int quality) {
  const Extents e = x.extents();
  if (e.c != 3) throw Error("jpeg: expected 3 channels, found " + to_string(e));
  if (quality < 1 || quality > 100)
    throw Error("jpeg: expected a quality of 1 to 100, found " + std::to_string(quality));
  return tag<channels_of<X>>(anchor(JpegCore<operand_t<X>>{operand(x), quality}));
}

}  // namespace RFPP_ABI
}  // namespace rfpp

#endif
