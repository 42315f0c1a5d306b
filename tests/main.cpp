#if __has_include(<catch2/catch_all.hpp>)
#include <catch2/catch_all.hpp>

int main(int argc, char** argv) { return Catch::Session().run(argc, argv); }
#else
#define CATCH_CONFIG_MAIN
#include <catch2/catch.hpp>
#endif

// libdav1d, which reads AVIF, loses 40 bytes over a damaged file.
extern "C" const char* __lsan_default_suppressions() { return "leak:libdav1d"; }
