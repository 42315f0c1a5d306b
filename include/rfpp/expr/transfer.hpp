#ifndef RFPP_EXPR_TRANSFER_HPP
#define RFPP_EXPR_TRANSFER_HPP

#include <string>

#include "rfpp/core/fields.hpp"

namespace rfpp {
inline namespace RFPP_ABI {

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

/// A copy of a model whose parameters are in host memory; where that is the executor's too, they are the
/// model's own.
template <class Ex, class Model> Model downloaded(Ex& ex, Model model) {
  replace_each(model, [&](const std::string&, auto parameter) {
    if constexpr (is_filter<decltype(parameter)>)
      parameter.assign(ex.download(parameter.raw()));
    else
      parameter = ex.download(parameter);
    return parameter;
  });
  return model;
}

}  // namespace RFPP_ABI
}  // namespace rfpp

#endif
