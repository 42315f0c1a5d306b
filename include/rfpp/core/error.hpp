#ifndef RFPP_CORE_ERROR_HPP
#define RFPP_CORE_ERROR_HPP

#include <stdexcept>

namespace rfpp::inline v0 {

/// Every failure that this library reports. The message is one line that names the file or operation, what
/// was expected and what was found.
struct Error : std::runtime_error {
  using std::runtime_error::runtime_error;
};

}  // namespace rfpp::inline v0

#endif
