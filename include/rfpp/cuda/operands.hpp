#ifndef RFPP_CUDA_OPERANDS_HPP
#define RFPP_CUDA_OPERANDS_HPP

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "rfpp/cuda/kernels.hpp"
#include "rfpp/cuda/precision.hpp"

// The operands of products (products.hpp): what their numbers are rounded to, and where their lines lie.

namespace rfpp::cuda {
inline namespace RFPP_ABI {

/// A float rounded to the 10 bits of mantissa that TF32 has.
RFPP_HD inline float round_to_tf32(float v) {
#if defined(__CUDA_ARCH__)
  const std::uint32_t bits = __float_as_uint(v);
  return (bits & 0x7f800000u) == 0x7f800000u ? v : __uint_as_float((bits + 0x1000u) & 0xffffe000u);
#else
  std::uint32_t bits = 0;
  std::memcpy(&bits, &v, sizeof bits);
  if ((bits & 0x7f800000u) == 0x7f800000u) return v;
  bits = (bits + 0x1000u) & 0xffffe000u;
  std::memcpy(&v, &bits, sizeof v);
  return v;
#endif
}

/// Products of TF32 numbers.
struct Tf32 {
  static constexpr Packing::Kind kind = CudaPacking::tf32;
  using Element = float;
  static constexpr int parts = 1;  // numbers for an element
  RFPP_HD static void split(float v, float* to) { to[0] = round_to_tf32(v); }
};
/// A float as the sum of two TF32 numbers, of which three products are summed: as good as float.
struct SplitTf32 {
  static constexpr Packing::Kind kind = CudaPacking::split_tf32;
  using Element = float;
  static constexpr int parts = 2;
  static constexpr float second = 1;  // what the second part is to be multiplied by
  RFPP_HD static void split(float v, float* to) {
    to[0] = round_to_tf32(v);
    to[1] = round_to_tf32(v - to[0]);
  }
};

/// The same with two float16 numbers, the second one times 2048, where it has as many bits to lose as the
/// first (Ootomo & Yokota 2022, "Recovering single precision accuracy from Tensor Cores while surpassing the
/// FP32 theoretical peak performance", section 4): twice as fast. Values beyond 65504 become NaN.
template <class Half> struct SplitHalf {
  static constexpr Packing::Kind kind = CudaPacking::split_float16;
  using Element = Half;
  static constexpr int parts = 2;
  static constexpr float second = 1.0f / 2048;
  RFPP_HD static void split(float v, Half* to) {
    to[0] = static_cast<Half>(v);
    to[1] = static_cast<Half>((v - static_cast<float>(to[0])) * 2048);
  }
};
/// Products of float16 numbers. Values beyond 65504 become infinity.
template <class Half> struct Float16 {
  static constexpr Packing::Kind kind = CudaPacking::float16;
  using Element = Half;
  static constexpr int parts = 1;
  RFPP_HD static void split(float v, Half* to) { to[0] = static_cast<Half>(v); }
};
template <class Brain> struct Bfloat16 {
  static constexpr Packing::Kind kind = CudaPacking::bfloat16;
  using Element = Brain;
  static constexpr int parts = 1;
  RFPP_HD static void split(float v, Brain* to) { to[0] = static_cast<Brain>(v); }
};

/// Elements that are copied at once, 16 bytes; rounded operands have whole numbers of them.
template <class Numbers>
inline constexpr int chunk = 16 / static_cast<int>(sizeof(typename Numbers::Element));
/// Elements of depth in a step, 64 bytes.
template <class Numbers> inline constexpr int step_depth = 4 * chunk<Numbers>;
template <class Numbers> RFPP_HD constexpr int padded(int channels) {
  return (channels + chunk<Numbers> - 1) / chunk<Numbers> * chunk<Numbers>;
}

/// Rounds chunk i of x, zero beyond its channels: the parts {n,h,w,padded c} one after the other.
template <class Numbers, class X> struct RoundKernel {
  using Element = typename Numbers::Element;
  struct alignas(16) Chunk {
    Element at[chunk<Numbers>];
  };
  X x;
  Extents extents;
  Element* to;
  Places places{chunks()};
  bool by_fours = extents.c % 4 == 0 && reads_fours(x);

  RFPP_HD Extents chunks() const {
    return {extents.n, extents.h, extents.w, padded<Numbers>(extents.c) / chunk<Numbers>};
  }
  RFPP_HD void operator()(std::size_t i) const {
    int first = 0;
    const auto cursor = x.at(places(i, first));
    Chunk parts[Numbers::parts];
    for (int c = 0; c < chunk<Numbers>; c += 4) {
      const auto four = read_within(cursor, first * chunk<Numbers> + c);
      for (int k = 0; k < 4; ++k) {
        Element split[Numbers::parts];
        Numbers::split(four.at[k], split);
        for (int part = 0; part < Numbers::parts; ++part) parts[part].at[c + k] = split[part];
      }
    }
    for (int part = 0; part < Numbers::parts; ++part)
      reinterpret_cast<Chunk*>(to)[static_cast<std::size_t>(part) * chunks().size() + i] = parts[part];
  }

 private:
  RFPP_HD Four<float> read_within(const auto& cursor, int c) const {
    if (by_fours) return c < extents.c ? read_four(cursor, c) : Four<float>{};
    Four<float> four{};
    for (int k = 0; k < 4; ++k)
      if (c + k < extents.c) four.at[k] = cursor[c + k];
    return four;
  }
};
/// Matrices {n,1,rows,columns} read as {n,1,columns,rows}.
template <class X> struct TransposedPlan {
  X x;

  struct Cursor {
    X x;
    Pixel q;
    RFPP_HD float operator[](int c) const { return x.at({q.n, 0, c})[q.w]; }
  };
  RFPP_HD Cursor at(Pixel q) const { return {x, q}; }
};

/// A filter {out,kernel,kernel,in} turned by half a turn, its channels swapped: what the gradient of a
/// convolution's input is convolved with.
struct FlippedFilterPlan {
  const float* filter;
  Extents flipped;  // {in,kernel,kernel,out}

  struct Cursor {
    const float* at;
    std::ptrdiff_t step;
    RFPP_HD float operator[](int c) const { return at[c * step]; }
  };
  RFPP_HD Cursor at(Pixel q) const {
    const int taps = flipped.h * flipped.w, tap = taps - 1 - (q.h * flipped.w + q.w);
    return {filter + tap * flipped.n + q.n, std::ptrdiff_t{taps} * flipped.n};
  }
};

// An operand has `lines`, each with a depth, and gives them 16 bytes at a time: place(product, line) is found
// once for all of the depth, find(place, k) says where the line's elements from k on lie. The result has size()
// of the lines, element(line) says which one, or a negative number for none.

/// 16 bytes of an operand; zeros where they are not `there`: then nobody may read from `data`.
template <class Numbers> struct ChunkPlace {
  const typename Numbers::Element* data;
  bool there;
};

/// Patches of rounded images, a line for every pixel of a convolution's result. A matrix is an image of
/// height 1, whose patches are single pixels; product n of a batch has those of image n. `Spread`: with zeros
/// between the pixels.
template <class Numbers, bool Spread = false> struct Patches {
  static constexpr bool across = false;
  const typename Numbers::Element* data;
  Extents in;  // channels padded
  Extents out;
  ConvolutionGeometry geometry;
  int lines;       // of one product
  int spread = 1;  // from one pixel of the image to the next one
  int pixel_chunks = in.c / chunk<Numbers>;
  Division by_chunks{pixel_chunks}, by_columns{geometry.kernel};

  struct Place {
    const typename Numbers::Element* at;  // the first tap's pixel; where pixels are spread, the image
    int h, w;                             // of the first tap
  };
  RFPP_HD int depth() const { return geometry.kernel * geometry.kernel * in.c; }
  RFPP_HD int size() const { return lines; }
  RFPP_HD int element(int line) const { return line < lines ? line : -1; }
  RFPP_HD Place place(int product, int line) const {
    if (line >= lines) return {data, -geometry.kernel, 0};  // no tap is there
    int none = 0;
    const Pixel q = place_of(
        static_cast<std::size_t>(product) * static_cast<std::size_t>(lines) + static_cast<std::size_t>(line),
        {out.n, out.h, out.w, 1}, none);
    const int h = q.h * geometry.stride - geometry.pad_before,
              w = q.w * geometry.stride - geometry.pad_before;
    const int pixel = q.n * in.h * in.w + (Spread ? 0 : h * in.w + w);
    return {data + std::ptrdiff_t{pixel * pixel_chunks} * chunk<Numbers>, h, w};
  }
  RFPP_HD ChunkPlace<Numbers> find(Place p, int k) const {
    std::uint32_t in_pixel = 0, column = 0;
    const std::uint32_t row =
        by_columns(by_chunks(static_cast<std::uint32_t>(k) / chunk<Numbers>, in_pixel), column);
    int dh = static_cast<int>(row), dw = static_cast<int>(column), h = p.h + dh, w = p.w + dw;
    if constexpr (Spread) {
      if (h < 0 || w < 0 || h % spread != 0 || w % spread != 0) return {data, false};
      dh = h /= spread, dw = w /= spread;
    }
    const int further = (dh * in.w + dw) * pixel_chunks + static_cast<int>(in_pixel);
    return {p.at + std::ptrdiff_t{further} * chunk<Numbers>,
            k < depth() && is_below(h, in.h) && is_below(w, in.w)};
  }
  RFPP_HD std::size_t part_size() const { return in.size(); }

 private:
  RFPP_HD static bool is_below(int i, int extent) {
    return static_cast<unsigned>(i) < static_cast<unsigned>(extent);  // and not negative
  }
};
/// Rounded matrices {products,lines,depth}.
template <class Numbers> struct Lines {
  static constexpr bool across = false;
  const typename Numbers::Element* data;
  int products, lines, padded_depth;

  using Place = int;  // the first chunk of the line, negative beyond the last one
  RFPP_HD int depth() const { return padded_depth; }
  RFPP_HD int size() const { return lines; }
  RFPP_HD int element(int line) const { return line < lines ? line : -1; }
  RFPP_HD Place place(int product, int line) const {
    return line < lines ? (product * lines + line) * (padded_depth / chunk<Numbers>) : -1;
  }
  RFPP_HD ChunkPlace<Numbers> find(Place p, int k) const {
    const int at = p + static_cast<int>(static_cast<std::uint32_t>(k) / chunk<Numbers>);
    return {data + std::ptrdiff_t{at} * chunk<Numbers>, p >= 0 && k < padded_depth};
  }
  RFPP_HD std::size_t part_size() const {
    return static_cast<std::size_t>(products) * static_cast<std::size_t>(lines) *
           static_cast<std::size_t>(padded_depth);
  }
};
/// Patches with lines and depth exchanged: a line for every tap and channel, as deep as there are pixels. The
/// 16 bytes are of neighboring lines.
template <class Numbers> struct PatchesAcross {
  static constexpr bool across = true;
  Patches<Numbers> patches;
  int channels;  // not padded
  const typename Numbers::Element* data = patches.data;
  int lines = patches.depth();

  using Place = int;
  RFPP_HD int depth() const { return patches.lines; }
  RFPP_HD int size() const { return patches.geometry.kernel * patches.geometry.kernel * channels; }
  RFPP_HD int element(int line) const {
    const int tap = line / patches.in.c, c = line - tap * patches.in.c;
    return line < lines && c < channels ? tap * channels + c : -1;
  }
  RFPP_HD Place place(int, int line) const { return line; }
  RFPP_HD ChunkPlace<Numbers> find(Place line, int k) const {
    return patches.find(patches.place(0, k), line);
  }
  RFPP_HD std::size_t part_size() const { return patches.part_size(); }
};

}  // namespace RFPP_ABI
}  // namespace rfpp::cuda

#endif
