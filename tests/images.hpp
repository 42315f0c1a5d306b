#ifndef RFPP_TESTS_IMAGES_HPP
#define RFPP_TESTS_IMAGES_HPP

#include <algorithm>
#include <cstddef>
#include <cstdlib>

#include "catch.hpp"
#include "rfpp/io/image.hpp"

namespace rfpp::test {

/// Between samples at the same place, in levels of 8 bits.
inline int largest_difference(const io::Image& a, const io::Image& b) {
  REQUIRE(a.samples.size() == b.samples.size());
  int largest = 0;
  for (std::size_t i = 0; i < a.samples.size(); ++i)
    largest = std::max(largest, std::abs(int{a.samples[i]} - int{b.samples[i]}));
  return largest;
}

}  // namespace rfpp::test

#endif
