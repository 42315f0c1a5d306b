#ifndef RFPP_TESTS_CPU_ALLOCATION_COUNTER_HPP
#define RFPP_TESTS_CPU_ALLOCATION_COUNTER_HPP

namespace rfpp::test {

/// How many times this program has asked for memory so far, on any thread.
long allocation_count();

}  // namespace rfpp::test

#endif
