#ifndef RFPP_CPU_PACKING_HPP
#define RFPP_CPU_PACKING_HPP

#include "rfpp/core/filter.hpp"

namespace rfpp {
inline namespace RFPP_ABI {

/// The packings of Cpu, from 1 to 15.
/// `taps`: [in][kernel * kernel * out] in panels.
/// `winograd_f<m>`: a 3x3 filter transformed for output tiles of m x m, panels of [in][columns] for each
/// product. `upsample_f<m>`: the same for a 3x3 convolution of an image upsampled to twice its size, input
/// tiles of m x m.
/// `transposed`: a 3x3 filter's taps that even and odd rows and columns of a transposed convolution with stride
/// 2 read, panels for each of the four.
struct CpuPacking {
  static constexpr Packing::Kind panels = Packing::Kind::panels, taps{2}, winograd_f2{3}, winograd_f4{4},
                                 winograd_f6{5}, upsample_f2{6}, upsample_f3{7}, transposed{8};
};

}  // namespace RFPP_ABI
}  // namespace rfpp

#endif
