#ifndef RFPP_TESTS_CATCH_HPP
#define RFPP_TESTS_CATCH_HPP

// Debian 12 ships Catch2 2, newer distributions ship 3.
#if __has_include(<catch2/catch_all.hpp>)
#include <catch2/catch_all.hpp>
using Catch::Approx;
#else
#include <catch2/catch.hpp>
#endif

#endif
