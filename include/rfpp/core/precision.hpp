#ifndef RFPP_CORE_PRECISION_HPP
#define RFPP_CORE_PRECISION_HPP

#include <string>
#include <string_view>

#include "rfpp/core/error.hpp"

namespace rfpp {
inline namespace v0 {

/// How closely convolutions follow the direct sum. Relative L2 error of a layer against double, at most (held
/// by tests/cpu/winograd.cpp): F2 4e-7, folded upsampling 8e-7, F4 1.5e-6, F6 4e-6.
enum class Precision {
  reference,  ///< direct and F2
  exact,      ///< also folded upsampling, F4 from 128x128 on, and where no codebook index depends on it any
              ///< more, F4 from 64x64 and F6 from 128x128 on: the indices stay the published ones
  fast,       ///< so everywhere
};
/// The precision called "reference", "exact" or "fast". Throws Error over other names.
inline Precision precision_named(std::string_view name) {
  if (name == "reference") return Precision::reference;
  if (name == "exact") return Precision::exact;
  if (name == "fast") return Precision::fast;
  throw Error("precision: expected reference, exact or fast, found '" + std::string(name) + "'");
}

}  // namespace v0
}  // namespace rfpp

#endif
