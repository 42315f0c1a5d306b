#ifndef RFPP_CUDA_PRECISION_HPP
#define RFPP_CUDA_PRECISION_HPP

#include <string>
#include <type_traits>

#include "rfpp/core/fields.hpp"
#include "rfpp/model/network.hpp"

namespace rfpp::inline v0 {

/// What the products of a network's convolutions are rounded to on a GPU: those before the search for
/// codebook entries, and those after it. One wrong index changes a patch of the face, so the first part is
/// exact by default.
struct CudaPrecision {
  Packing::Kind encoder = Packing::Kind::split_tf32, decoder = Packing::Kind::float16;
};

/// Says by every filter's packing what its products are rounded to.
template <class N> void set_precision(Network<N>& model, CudaPrecision precision) {
  Parameters(model).for_each([&](const std::string& name, auto& parameter) {
    const bool encodes = name.starts_with("encoder.") || name.starts_with("quant_conv.");
    if constexpr (is_filter<std::remove_cvref_t<decltype(parameter)>>)
      parameter.set_packed({encodes ? precision.encoder : precision.decoder, 0}, parameter.raw());
  });
}

}  // namespace rfpp::inline v0

#endif
