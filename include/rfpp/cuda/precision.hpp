#ifndef RFPP_CUDA_PRECISION_HPP
#define RFPP_CUDA_PRECISION_HPP

#include "rfpp/core/filter.hpp"

namespace rfpp {
inline namespace RFPP_ABI {

/// The packings of MixedPrecisionCuda, from 16 to 31: as the raw weight, in numbers of that kind, channels
/// padded to 16 bytes.
struct CudaPacking {
  static constexpr Packing::Kind split_float16{16}, split_tf32{17}, tf32{18}, bfloat16{19}, float16{20};
};

/// What the products of a network's convolutions are rounded to on a GPU: those before the search for
/// codebook entries, and those after it. One wrong index changes a patch of the face, so the first part is
/// exact by default.
struct CudaPrecision {
  Packing::Kind encoder = CudaPacking::split_float16, decoder = CudaPacking::float16;
};

}  // namespace RFPP_ABI
}  // namespace rfpp

#endif
