#ifndef RFPP_CUDA_PRECISION_HPP
#define RFPP_CUDA_PRECISION_HPP

#include "rfpp/core/filter.hpp"

namespace rfpp {
inline namespace RFPP_ABI {

/// What the products of a network's convolutions are rounded to on a GPU: those before the search for
/// codebook entries, and those after it. One wrong index changes a patch of the face, so the first part is
/// exact by default.
struct CudaPrecision {
  Packing::Kind encoder = Packing::Kind::split_float16, decoder = Packing::Kind::float16;
};

}  // namespace RFPP_ABI
}  // namespace rfpp

#endif
