#ifndef RFPP_NN_PAD_HPP
#define RFPP_NN_PAD_HPP

#include <string>

#include "rfpp/expr/remap.hpp"

namespace rfpp {
inline namespace RFPP_ABI {

/// One row and column more on each side: those next to the outermost, mirrored.
struct ReflectPad {
  static constexpr bool keeps_channels = true;
  int h, w;  // of the operand
  Extents extents(Extents e) const { return {e.n, e.h + 2, e.w + 2, e.c}; }
  RFPP_HD bool map(Pixel& q, int&) const {
    q.h = inside(q.h - 1, h);
    q.w = inside(q.w - 1, w);
    return true;
  }
  RFPP_HD int fan() const { return 9; }
  RFPP_HD bool preimage(int k, Pixel& q, int&) const {
    return reader(k / 3, q.h, h) && reader(k % 3, q.w, w);
  }

 private:
  RFPP_HD static int inside(int i, int extent) { return i < 0 ? -i : i < extent ? i : 2 * extent - 2 - i; }
  /// Reader k of place i of an axis: its own, and those beyond either end.
  RFPP_HD static bool reader(int k, int& i, int extent) {
    const int place = i;
    i = k == 0 ? place + 1 : k == 1 ? 0 : extent + 1;
    return k == 0 || place == (k == 1 ? 1 : extent - 2);
  }
};

/// {n,h,w,c} to {n,h+2,w+2,c}: row -1 is row 1, row h is row h - 2, columns alike. Throws Error for sides
/// under 2.
template <Expression X> auto reflect_padded(const X& x) {
  const Extents e = x.extents();
  if (e.h < 2 || e.w < 2) throw Error("reflect_padded: expected sides of at least 2, found " + to_string(e));
  return tag<channels_of<X>>(Remap<ReflectPad, operand_t<X>>{{e.h, e.w}, operand(x)});
}

}  // namespace RFPP_ABI
}  // namespace rfpp

#endif
