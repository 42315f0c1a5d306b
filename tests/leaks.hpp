#ifndef RFPP_TESTS_LEAKS_HPP
#define RFPP_TESTS_LEAKS_HPP

// libdav1d, which reads AVIF, loses 40 bytes over a damaged file.
extern "C" const char* __lsan_default_suppressions() { return "leak:libdav1d"; }

#endif
