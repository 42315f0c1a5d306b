#ifndef RFPP_CUDA_TRANSFER_HPP
#define RFPP_CUDA_TRANSFER_HPP

#include <string>

#include "rfpp/core/fields.hpp"

namespace rfpp::inline v0 {

/// Moves every parameter of a model from host memory into an executor's. What was packed for the processor is
/// dropped, so raw weights must be there.
template <class Ex> void upload_parameters(Ex& ex, const Parameters& model) {
  replace_each(model, [&](const std::string&, auto parameter) {
    if constexpr (is_filter<decltype(parameter)>)
      parameter.assign(ex.upload(parameter.raw()));
    else
      parameter = ex.upload(parameter);
    return parameter;
  });
}

}  // namespace rfpp::inline v0

#endif
