#ifndef RFPP_TESTS_ERROR_OF_HPP
#define RFPP_TESTS_ERROR_OF_HPP

#include <string>

#include "rfpp/core/error.hpp"

namespace rfpp::test {

/// The message of the rfpp::Error that f throws; "" if it throws none.
template <class F> std::string error_of(F&& f) {
  try {
    f();
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

}  // namespace rfpp::test

#endif
