#ifndef RFPP_CORE_ERROR_HPP
#define RFPP_CORE_ERROR_HPP

#include <stdexcept>

#include "rfpp/core/config.hpp"

namespace rfpp {
inline namespace v0 {

/// Every failure that this library reports. The message is one line that names the file or operation, what
/// was expected and what was found.
struct Error : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// Thrown out of an evaluation whose progress callback asked to stop.
struct Cancelled : Error {
  Cancelled() : Error("cancelled") {}
};

}  // namespace v0
}  // namespace rfpp

#endif
