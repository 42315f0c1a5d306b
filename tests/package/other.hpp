#ifndef RFPP_TESTS_PACKAGE_OTHER_HPP
#define RFPP_TESTS_PACKAGE_OTHER_HPP

#include <cstddef>

/// Bytes of workspace that the network needs for one image, from the other translation unit.
std::size_t workspace_bytes();

#endif
